namespace FleetEstimator.Traces.Import;

/// <summary>What an importer is ready to spend on the files of one import. Every limit is checked before the memory is taken.</summary>
public sealed record ImportLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static ImportLimits Default { get; } = new();

    /// <summary>Most rows of the trace; what a reader takes by default, 100 million.</summary>
    public long RowsMax { get; init; } = TraceLimits.Default.RowsMax;

    /// <summary>Longest line of a text file in bytes; by default 64 KiB.</summary>
    public int LineBytesMax { get; init; } = 1 << 16;

    /// <summary>Most bytes of a file that is read whole (JSON), decompressed; by default 1 GiB.</summary>
    public long WholeBytesMax { get; init; } = 1L << 30;

    /// <summary>Most items (regions, objects) kept in memory at one time, up to 64 bytes each; by default 20 million.</summary>
    public int ItemsMax { get; init; } = 20_000_000;

    /// <summary>Most 2 MiB blocks of address space that are followed, about 100 bytes of memory each; by default 4 million, 8 TiB.</summary>
    public int BlocksMax { get; init; } = 4_000_000;

    /// <summary>Most processes; by default 100,000.</summary>
    public int ProcessesMax { get; init; } = 100_000;
}
