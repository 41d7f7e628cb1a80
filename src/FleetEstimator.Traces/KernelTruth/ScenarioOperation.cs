namespace FleetEstimator.Traces.KernelTruth;

/// <summary>The verb of a scenario's operation.</summary>
public enum ScenarioVerb
{
    /// <summary>mmap: a private anonymous read-write mapping, one VMA.</summary>
    Map,

    /// <summary>write: overwrites whole pages with a <see cref="PageFill"/>.</summary>
    Write,

    /// <summary>store: writes one byte at the start of each page.</summary>
    Store,

    /// <summary>read: reads the first byte of each page.</summary>
    Read,

    /// <summary>MADV_PAGEOUT.</summary>
    PageOut,

    /// <summary>MADV_COLD.</summary>
    Cold,

    /// <summary>MADV_FREE.</summary>
    Free,

    /// <summary>MADV_DONTNEED.</summary>
    DontNeed,

    /// <summary>MADV_HUGEPAGE.</summary>
    Huge,

    /// <summary>MADV_NOHUGEPAGE.</summary>
    NoHuge,

    /// <summary>mlock.</summary>
    Lock,

    /// <summary>munlock.</summary>
    Unlock,

    /// <summary>munmap of the whole region.</summary>
    Unmap,

    /// <summary>fork: <see cref="ScenarioOperation.Worker"/> forks <see cref="ScenarioOperation.Argument"/>.</summary>
    Fork,

    /// <summary>exit: the worker ends.</summary>
    Exit,

    /// <summary>reclaim: <see cref="ScenarioOperation.Argument"/> pages are written to memory.reclaim.</summary>
    Reclaim,

    /// <summary>limit: memory.max becomes <see cref="ScenarioOperation.Argument"/> pages.</summary>
    Limit,

    /// <summary>settle: waits until asynchronous write-back has ended.</summary>
    Settle,
}

/// <summary>What the verb write puts into every byte of a page.</summary>
public enum PageFill
{
    /// <summary>Not a write.</summary>
    None,

    /// <summary>Zeros.</summary>
    Zero,

    /// <summary>Incompressible bytes.</summary>
    Random,

    /// <summary>The 64-bit word <see cref="ScenarioOperation.Argument"/> repeated.</summary>
    Same,

    /// <summary>First half incompressible, second half zeros.</summary>
    Half,
}

/// <summary>One operation of a scenario.</summary>
public sealed record ScenarioOperation
{
    /// <summary>The operation as the scenario writes it, such as <c>store 0 0 60 1 0</c>.</summary>
    public required string Text { get; init; }

    /// <summary>What is done.</summary>
    public required ScenarioVerb Verb { get; init; }

    /// <summary>The worker that does it; 0 for reclaim and limit, which concern the whole guest.</summary>
    public int Worker { get; init; }

    /// <summary>The region it is done to; 0 where there is none.</summary>
    public int Region { get; init; }

    /// <summary>First page, counted from the region's start.</summary>
    public int Offset { get; init; }

    /// <summary>Pages; 0 where there is no run (munmap means the whole region).</summary>
    public int Pages { get; init; }

    /// <summary>What a write puts into the pages.</summary>
    public PageFill Fill { get; init; }

    /// <summary>
    /// The word of a <c>write … same</c>, the seed of random bytes, the byte of a store, the child of a fork, the pages of reclaim and limit;
    /// otherwise 0.
    /// </summary>
    public ulong Argument { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
