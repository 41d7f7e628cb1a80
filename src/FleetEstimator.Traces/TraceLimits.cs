namespace FleetEstimator.Traces;

/// <summary>What a reader of traces is ready to spend on one file. Every limit is checked before the memory is taken.</summary>
public sealed record TraceLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static TraceLimits Default { get; } = new();

    /// <summary>Largest file in bytes; a file is read whole. At most, and by default, the longest array there is: 2,147,483,591.</summary>
    public long FileBytesMax { get; init; } = Array.MaxLength;

    /// <summary>Most rows of a file, 36 bytes of memory each; by default 100 million, 3.6 GB.</summary>
    public int RowsMax { get; init; } = 100_000_000;

    /// <summary>Most bytes the eight columns of one record batch may hold after decompression; by default 256 MiB, 7.4 million rows.</summary>
    public long BatchBytesMax { get; init; } = 256L << 20;

    /// <summary>Most mappings alive at one time in all processes together, about 60 bytes of memory each; by default 4 million.</summary>
    public int MappingsMax { get; init; } = 4_000_000;
}
