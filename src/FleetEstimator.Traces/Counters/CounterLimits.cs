namespace FleetEstimator.Traces;

/// <summary>What a reader of counters files is ready to spend on one file. Every limit is checked before the memory is taken.</summary>
public sealed record CounterLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static CounterLimits Default { get; } = new();

    /// <summary>Largest file in bytes that is taken from another machine; by default 1 GiB.</summary>
    public long FileBytesMax { get; init; } = 1L << 30;

    /// <summary>Longest line in bytes; by default 1 MiB. A sample of a machine has about 2 KiB, and 2 more for every cgroup.</summary>
    public int LineBytesMax { get; init; } = 1 << 20;

    /// <summary>Most values of all samples together, about 30 bytes of memory each; by default 16 million: days of a sample every 2 s.</summary>
    public int ValuesMax { get; init; } = 16_000_000;
}
