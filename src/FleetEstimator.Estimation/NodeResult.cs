using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>How accesses of which only the fact is known (operation <c>access</c>) were replayed.</summary>
public enum AccessAssumption : byte
{
    /// <summary>Every such access was a load: the most a mechanism that maps the zero page on reads can save.</summary>
    AllReads,

    /// <summary>Every such access was a store of unchanged content: the least it can save.</summary>
    AllWrites,
}

/// <summary>What one simulated node came to: the unit from which every estimate is made, and what travels between grains.</summary>
/// <param name="Class">Index of the class in the study.</param>
/// <param name="Node">Number of the node within its class, from 0.</param>
/// <param name="Recording">Index of the recording (trace metadata <c>node</c>) it replayed, in the study's list of recordings.</param>
/// <param name="Instances">Copies of the recording side by side.</param>
/// <param name="MeasuredMicroseconds">Length of the period the figures cover, after warm-up.</param>
/// <param name="LimitBytes">Memory limit, 0 = none.</param>
/// <param name="Lanes">One replay per mechanism and access assumption, mechanisms in the study's order, all reads before all writes.</param>
public sealed record NodeResult(
    int Class,
    long Node,
    int Recording,
    int Instances,
    long MeasuredMicroseconds,
    long LimitBytes,
    IReadOnlyList<LaneResult> Lanes)
{
    /// <summary>Bytes in a page of the recording: what one page of swap traffic counts for.</summary>
    public int PageSizeBytes { get; init; } = 4096;

    /// <summary>Share of the node's pages that the recording holds, in (0, 1]; all figures are of the whole node.</summary>
    public double SamplingFraction { get; init; } = 1;

    /// <summary>
    /// Of a sampled recording, on one of the nodes that replay it: the same node replayed with one half of the sampled pages and with the other, for several random
    /// splits (first half, second half, first half of the next split, …). The variance of page sampling is estimated from them. Otherwise empty.
    /// </summary>
    public IReadOnlyList<NodeResult> Halves { get; init; } = [];
}

/// <summary>One node under one mechanism. Means are over time, rounded down to whole units.</summary>
public sealed record LaneResult
{
    /// <summary>Index of the mechanism in the study.</summary>
    public required int Mechanism { get; init; }

    /// <summary>How unknown accesses were replayed; all reads where the recording has none.</summary>
    public required AccessAssumption Accesses { get; init; }

    /// <summary>Resident set size in bytes, mean over time.</summary>
    public long RssMeanBytes { get; init; }

    /// <summary>Resident set size in bytes, peak.</summary>
    public long RssPeakBytes { get; init; }

    /// <summary>RSS, swap cache and what zram holds, in bytes, mean over time.</summary>
    public long MemoryMeanBytes { get; init; }

    /// <summary>RSS, swap cache and what zram holds, in bytes, peak.</summary>
    public long MemoryPeakBytes { get; init; }

    /// <summary>Zero-filled part of RSS in bytes, mean over time.</summary>
    public long ZeroFilledResidentMeanBytes { get; init; }

    /// <summary>Swap slots in use, in pages, mean over time.</summary>
    public long SwapSlotsMeanPages { get; init; }

    /// <summary>Pages the mechanism took out of users' swap accounting, mean over time.</summary>
    public long SwapHiddenMeanPages { get; init; }

    /// <summary>
    /// A memory limit in bytes with which major faults stay within <see cref="StudyDefinition.RightSize"/> and no more pages are out of memory than without a limit, while with the next smaller
    /// one, by 1/128 of the most that is charged to the node without a limit (swap cache included), they do not; that most itself where no limit holds. 0 where the study does not look for it.
    /// </summary>
    public long SmallestLimitBytes { get; init; }

    /// <summary>Whether the node takes more major faults than the bound even without a limit.</summary>
    public bool ExceedsBoundUnlimited { get; init; }

    /// <summary>Events over the measured period.</summary>
    public Counters Counters { get; init; }

    /// <summary>CPU time spent on paging over the measured period, in nanoseconds, by the cost table.</summary>
    public long CpuNanoseconds { get; init; }

    /// <summary>Time processes wait in page faults over the measured period, in nanoseconds, by the cost table.</summary>
    public long FaultNanoseconds { get; init; }
}
