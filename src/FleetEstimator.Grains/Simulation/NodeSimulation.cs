using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Grains.Simulation;

/// <summary>
/// One node of a fleet: copies of a recording side by side under one memory limit, replayed under every mechanism of the study in one
/// pass. A pure function of the study, the recording and the node's number.
/// </summary>
public static class NodeSimulation
{
    // A recording without duration (a snapshot) is watched for a second.
    private const long SnapshotMicroseconds = 1_000_000;

    // Reclaim takes 32 frames at a time (SWAP_CLUSTER_MAX): at most a tenth of what a limit leaves, else batches decide what is resident, not the workload.
    private const int LeastScaledFrames = 320;

    /// <summary>Simulates node <paramref name="node"/> of class <paramref name="classIndex"/>.</summary>
    /// <exception cref="Traces.TraceException">The recording holds too small a share of its node's pages for the memory limit.</exception>
    public static NodeResult Run(StudyDefinition study, int classIndex, long node, int recording, Workload workload)
    {
        var result = Simulate(study, classIndex, node, recording, workload);
        if (!workload.Share.IsWhole)
            RequireEnough(study, workload, result);
        return result;
    }

    /// <summary>The same node replayed with one half of a sampled recording's blocks and with the other, for each split: what <see cref="NodeResult.Halves"/> holds.</summary>
    public static IReadOnlyList<NodeResult> RunHalves(StudyDefinition study, int classIndex, long node, int recording, Workload workload) =>
        [.. Enumerable.Range(0, 2 * PageBlocks.Splits).Select(index => Simulate(study, classIndex, node, recording, workload.Half(index / 2, index % 2)))];

    /// <summary>Simulated period of a node in microseconds, given how long its recording is.</summary>
    public static long Duration(StudyDefinition study, long recordingMicroseconds) =>
        study.DurationMicroseconds ?? (recordingMicroseconds > 0 ? recordingMicroseconds : SnapshotMicroseconds);

    private static NodeResult Simulate(StudyDefinition study, int classIndex, long node, int recording, Workload workload)
    {
        var replay = new NodeReplay(study, classIndex, node, workload);
        var (lanes, settings) = (replay.Lanes, replay.Settings);
        var simulator = replay.Run(lanes, [.. lanes.Select(_ => replay.LimitFrames)]);
        var results = lanes.Select((lane, index) => ResultOf(lane, replay.MechanismOf(lane), simulator.Usage(index), settings, study.Costs, workload.Share));
        if (study.RightSize is { } bound)
            results = results.Zip(RightSizing.Find(study, bound, replay, simulator), (lane, found) => lane with { SmallestLimitBytes = found.LimitBytes, ExceedsBoundUnlimited = found.IsBeyondBound });
        return new NodeResult(
            classIndex, node, recording, replay.Instances, simulator.Usage(0).Microseconds, workload.Share.WholeOf(replay.LimitFrames) * settings.PageBytes, [.. results])
        {
            PageSizeBytes = settings.PageBytes,
            SamplingFraction = workload.Share.Value,
        };
    }

    private static void RequireEnough(StudyDefinition study, Workload workload, NodeResult node)
    {
        var @class = study.Classes[node.Class];
        var bounds = new List<(string What, long Pages)>();
        if (!@class.Limit.IsNone)
            bounds.Add(("a memory limit", node.LimitBytes / workload.PageBytes));
        if (!@class.GroupLimit.IsNone)
            bounds.Add(("a group limit", workload.Share.WholeOf(NodeReplay.GroupLimitFrames(@class, workload))));
        if (@class.Watermarks)
            bounds.Add(("memory for what is modelled", (@class.MemoryBytes - @class.UnmodelledBytes) / workload.PageBytes));
        if (study.RightSize is not null)
            bounds.Add(("a smallest limit", node.Lanes.Min(lane => lane.SmallestLimitBytes) / workload.PageBytes));
        foreach (var (what, pages) in bounds)
        {
            if (workload.Share.PartOf(pages) is var scaled && scaled < LeastScaledFrames)
            {
                throw workload.Unusable(
                    "sampling_fraction",
                    $"{workload.Share.Value:0.####} of the node's pages were recorded, so {what} of {pages} pages is replayed as one of {scaled}; below {LeastScaledFrames} the batches in which "
                        + "reclaim works decide what stays in memory",
                    "Record a larger share of the pages, raise the limit (or lower right_size's bound), or leave this recording out of the study");
            }
        }
    }

    private static LaneResult ResultOf(NodeLane lane, Mechanism mechanism, UsageOverTime usage, NodeSettings settings, CostTable costs, PageShare share) => new()
    {
        Mechanism = lane.Mechanism,
        Accesses = lane.Accesses,
        RssMeanBytes = share.WholeOf(usage.RssMeanBytes),
        RssPeakBytes = share.WholeOf(usage.RssPeakBytes),
        MemoryMeanBytes = share.WholeOf(usage.MemoryMeanBytes),
        MemoryPeakBytes = share.WholeOf(usage.MemoryPeakBytes),
        ZeroFilledResidentMeanBytes = share.WholeOf(usage.ZeroFilledMeanBytes),
        SwapSlotsMeanPages = share.WholeOf(usage.SlotsMeanPages),
        SwapHiddenMeanPages = share.WholeOf(usage.HiddenMeanPages),
        Counters = usage.Counters.WholeOf(share),
        CpuNanoseconds = share.WholeOf(costs.CpuNanoseconds(mechanism, settings, usage.Counters)),
        FaultNanoseconds = share.WholeOf(costs.FaultNanoseconds(settings, usage.Counters)),
    };
}
