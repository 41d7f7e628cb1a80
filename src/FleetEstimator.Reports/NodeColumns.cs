using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>A column that nodes.parquet has for every mechanism.</summary>
/// <param name="Name">Last part of its name, with the unit.</param>
/// <param name="Of">The figure of one lane.</param>
internal sealed record LaneColumn(string Name, Func<LaneResult, long> Of)
{
    private static readonly LaneColumn[] s_rightSize =
    [
        new("smallest_limit_bytes", lane => lane.SmallestLimitBytes),
        new("exceeds_bound_unlimited", lane => lane.ExceedsBoundUnlimited ? 1 : 0),
    ];

    /// <summary>
    /// Everything a lane holds, so that any estimate can be made again from the file. Faults and everything in <c>_pages</c> after the means are counts
    /// over the measured period.
    /// </summary>
    public static IReadOnlyList<LaneColumn> All { get; } =
    [
        new("rss_mean_bytes", lane => lane.RssMeanBytes),
        new("rss_peak_bytes", lane => lane.RssPeakBytes),
        new("memory_mean_bytes", lane => lane.MemoryMeanBytes),
        new("memory_peak_bytes", lane => lane.MemoryPeakBytes),
        new("zero_filled_resident_mean_bytes", lane => lane.ZeroFilledResidentMeanBytes),
        new("swap_slots_mean_pages", lane => lane.SwapSlotsMeanPages),
        new("swap_hidden_mean_pages", lane => lane.SwapHiddenMeanPages),
        new("cpu_ns", lane => lane.CpuNanoseconds),
        new("fault_ns", lane => lane.FaultNanoseconds),
        new("minor_faults", lane => lane.Counters.MinorFaults),
        new("major_faults", lane => lane.Counters.MajorFaults),
        new("new_frames", lane => lane.Counters.NewFrames),
        new("copy_on_writes", lane => lane.Counters.CopyOnWrites),
        new("copied_frames", lane => lane.Counters.CopiedFrames),
        new("reclaimed_entries", lane => lane.Counters.ReclaimedEntries),
        new("swap_in_pages", lane => lane.Counters.SwapIns),
        new("swap_out_pages", lane => lane.Counters.SwapOuts),
        new("zero_swap_in_pages", lane => lane.Counters.ZeroSwapIns),
        new("zero_swap_out_pages", lane => lane.Counters.ZeroSwapOuts),
        new("zswap_in_pages", lane => lane.Counters.ZswapIns),
        new("zswap_out_pages", lane => lane.Counters.ZswapOuts),
        new("read_ahead_pages", lane => lane.Counters.ReadAheads),
        new("swap_in_ahead_pages", lane => lane.Counters.SwapInsAhead),
        new("read_ahead_hit_pages", lane => lane.Counters.ReadAheadHits),
        new("huge_swap_outs", lane => lane.Counters.HugeSwapOuts),
        new("huge_swap_out_fallbacks", lane => lane.Counters.HugeSwapOutFallbacks),
        new("zero_page_mapped_at_swap_in_pages", lane => lane.Counters.ZeroPagesMappedAtSwapIn),
        new("zero_page_mapped_at_swap_out_pages", lane => lane.Counters.ZeroPagesMappedAtSwapOut),
        new("zero_filled_swap_out_pages", lane => lane.Counters.ZeroFilledSwapOuts),
        new("zero_filled_swap_in_pages", lane => lane.Counters.ZeroFilledSwapIns),
        new("out_of_memory_pages", lane => lane.Counters.OutOfMemoryPages),
        new("underused_splits", lane => lane.Counters.UnderusedSplits),
        new("zero_page_mapped_by_ksm_pages", lane => lane.Counters.ZeroPagesMappedByKsm),
        new("ksm_scanned_pages", lane => lane.Counters.KsmPagesScanned),
        new("unmap_at_risk_pages", lane => lane.Counters.UnmapsAtRisk),
        new("lost_stores", lane => lane.Counters.LostStores),
        .. s_rightSize,
    ];

    /// <summary>The columns of a study: all, but for those about smallest limits where they are not looked for.</summary>
    public static IEnumerable<LaneColumn> For(StudyDefinition study) => study.RightSize is null ? All.Except(s_rightSize) : All;
}

/// <summary>A replay that every row of nodes.parquet has columns for.</summary>
/// <param name="Index">Place in <see cref="NodeResult.Lanes"/>.</param>
/// <param name="Mechanism">Index of the mechanism in the study.</param>
/// <param name="MechanismName">Its name.</param>
/// <param name="Accesses">How accesses of unknown kind were replayed.</param>
internal sealed record Lane(int Index, int Mechanism, string MechanismName, AccessAssumption Accesses)
{
    private const string AllWritesSuffix = "_all_writes";

    /// <summary>The lanes of a study, in the order of <see cref="NodeResult.Lanes"/>: all reads before all writes.</summary>
    public static IReadOnlyList<Lane> Of(IReadOnlyList<string> mechanisms, bool unknownAccesses)
    {
        AccessAssumption[] assumptions = unknownAccesses ? [AccessAssumption.AllReads, AccessAssumption.AllWrites] : [AccessAssumption.AllReads];
        return
        [
            .. assumptions.SelectMany((accesses, half) => mechanisms.Select((name, mechanism) =>
                new Lane((half * mechanisms.Count) + mechanism, mechanism, name, accesses))),
        ];
    }

    /// <summary>Whether the nodes of a class that replay a recording have lanes for both assumptions.</summary>
    public static bool IsReplayedBothWays(NodeClass @class, RecordingSummary recording) => recording.HasUnknownAccesses && @class.Loads is null;

    /// <summary>The full name of one of its columns.</summary>
    public string ColumnName(LaneColumn column) => $"{MechanismName}/{column.Name}{(Accesses == AccessAssumption.AllWrites ? AllWritesSuffix : "")}";

    /// <summary>The node's replay in this lane, or null: a recording without unknown accesses has no all-writes lane.</summary>
    public LaneResult? Find(NodeResult node) => Index < node.Lanes.Count ? node.Lanes[Index] : null;

    /// <summary>Whether the node has its replay in this lane where it belongs.</summary>
    public bool IsFilledBy(NodeResult node) => Find(node) is { } lane && lane.Mechanism == Mechanism && lane.Accesses == Accesses;
}
