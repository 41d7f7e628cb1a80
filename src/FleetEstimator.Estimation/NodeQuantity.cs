namespace FleetEstimator.Estimation;

/// <summary>The whole numbers of one node under one mechanism that estimates are made of. They are summed exactly over nodes.</summary>
public enum NodeQuantity : byte
{
    /// <summary>RSS in bytes, mean over time.</summary>
    RssMeanBytes,

    /// <summary>RSS in bytes, peak.</summary>
    RssPeakBytes,

    /// <summary>RSS, swap cache and what zram or zswap holds in bytes, mean over time.</summary>
    MemoryMeanBytes,

    /// <summary>RSS, swap cache and what zram or zswap holds in bytes, peak.</summary>
    MemoryPeakBytes,

    /// <summary>Zero-filled part of RSS in bytes, mean over time.</summary>
    ZeroFilledResidentMeanBytes,

    /// <summary>Swap slots in use in pages, mean over time.</summary>
    SwapSlotsMeanPages,

    /// <summary>Pages taken out of users' swap accounting, mean over time.</summary>
    SwapHiddenMeanPages,

    /// <summary>Smallest memory limit in bytes found under which major faults stay within the study's bound; 0 in studies that do not look for it.</summary>
    SmallestLimitBytes,

    /// <summary>Nodes (1 or 0) whose major faults exceed the study's bound even without a limit.</summary>
    BeyondBoundNodes,

    /// <summary>Bytes written to the swap device. This and all that follow are counts over the measured period.</summary>
    SwapOutBytes,

    /// <summary>Bytes read from the swap device.</summary>
    SwapInBytes,

    /// <summary>Pages the zeromap or a mechanism handled at swap-out, without a write.</summary>
    ZeroHandledSwapOutPages,

    /// <summary>Pages the zeromap or a mechanism handled at swap-in, without a read.</summary>
    ZeroHandledSwapInPages,

    /// <summary>Major faults.</summary>
    MajorFaults,

    /// <summary>Minor faults.</summary>
    MinorFaults,

    /// <summary>CPU time spent on paging in nanoseconds.</summary>
    CpuNanoseconds,

    /// <summary>Time processes wait in page faults in nanoseconds.</summary>
    FaultNanoseconds,

    /// <summary>Pages swapped out whose content was zeros.</summary>
    ZeroFilledSwapOutPages,

    /// <summary>Pages swapped out: written, stored in zswap or handled as zeros.</summary>
    AllSwapOutPages,

    /// <summary>Pages swapped in whose content was zeros.</summary>
    ZeroFilledSwapInPages,

    /// <summary>Pages swapped in: read, loaded from zswap or handled as zeros.</summary>
    AllSwapInPages,

    /// <summary>Pages that a mechanism unmapped as zeros while a store could still reach them.</summary>
    UnmapsAtRisk,

    /// <summary>Those of them in which a store of the recording was lost.</summary>
    LostStores,

    /// <summary>Nodes (1 or 0) with pages that could not be brought under the memory limit.</summary>
    OutOfMemoryNodes,
}

/// <summary>Where each <see cref="NodeQuantity"/> comes from.</summary>
public static class NodeQuantities
{
    /// <summary>How many there are; they are numbered from 0.</summary>
    public const int Count = (int)NodeQuantity.OutOfMemoryNodes + 1;

    /// <summary>Whether the quantity is counted over the measured period, so that its mean is per second; otherwise it already is a mean or peak over time.</summary>
    public static bool IsCount(this NodeQuantity quantity) => quantity >= NodeQuantity.SwapOutBytes;

    /// <summary>The quantity of one node under one mechanism.</summary>
    public static long Of(this NodeQuantity quantity, NodeResult node, LaneResult lane)
    {
        var counters = lane.Counters;
        return quantity switch
        {
            NodeQuantity.RssMeanBytes => lane.RssMeanBytes,
            NodeQuantity.RssPeakBytes => lane.RssPeakBytes,
            NodeQuantity.MemoryMeanBytes => lane.MemoryMeanBytes,
            NodeQuantity.MemoryPeakBytes => lane.MemoryPeakBytes,
            NodeQuantity.ZeroFilledResidentMeanBytes => lane.ZeroFilledResidentMeanBytes,
            NodeQuantity.SwapSlotsMeanPages => lane.SwapSlotsMeanPages,
            NodeQuantity.SwapHiddenMeanPages => lane.SwapHiddenMeanPages,
            NodeQuantity.SmallestLimitBytes => lane.SmallestLimitBytes,
            NodeQuantity.BeyondBoundNodes => lane.ExceedsBoundUnlimited ? 1 : 0,
            NodeQuantity.SwapOutBytes => checked(counters.SwapOuts * node.PageSizeBytes),
            NodeQuantity.SwapInBytes => checked(counters.SwapIns * node.PageSizeBytes),
            NodeQuantity.ZeroHandledSwapOutPages => counters.ZeroSwapOuts + counters.ZeroPagesMappedAtSwapOut,
            NodeQuantity.ZeroHandledSwapInPages => counters.ZeroSwapIns + counters.ZeroPagesMappedAtSwapIn,
            NodeQuantity.MajorFaults => counters.MajorFaults,
            NodeQuantity.MinorFaults => counters.MinorFaults,
            NodeQuantity.CpuNanoseconds => lane.CpuNanoseconds,
            NodeQuantity.FaultNanoseconds => lane.FaultNanoseconds,
            NodeQuantity.ZeroFilledSwapOutPages => counters.ZeroFilledSwapOuts,
            NodeQuantity.AllSwapOutPages => counters.SwapOuts + counters.ZswapOuts + counters.ZeroSwapOuts + counters.ZeroPagesMappedAtSwapOut,
            NodeQuantity.ZeroFilledSwapInPages => counters.ZeroFilledSwapIns,
            NodeQuantity.AllSwapInPages => counters.SwapIns + counters.ZswapIns + counters.ZeroSwapIns + counters.ZeroPagesMappedAtSwapIn,
            NodeQuantity.UnmapsAtRisk => counters.UnmapsAtRisk,
            NodeQuantity.LostStores => counters.LostStores,
            NodeQuantity.OutOfMemoryNodes => counters.OutOfMemoryPages > 0 ? 1 : 0,
            _ => throw new ArgumentOutOfRangeException(nameof(quantity), quantity, "Not a quantity of a node."),
        };
    }
}
