using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Grains.Simulation;

/// <summary>
/// One node of a fleet: copies of a recording side by side under one memory limit, replayed under every mechanism of the study in one
/// pass. A pure function of the study, the recording and the node's number.
/// </summary>
/// <remarks>
/// A copy that starts at phase φ began φ before time 0, so that at time 0 every copy is under way and the limit has shaped what is
/// resident; a copy that reaches its end exits and starts again. The clock starts with the copy that began first.
/// </remarks>
public static class NodeSimulation
{
    // A recording without duration (a snapshot) is watched for a second.
    private const long SnapshotMicroseconds = 1_000_000;

    // Reclaim takes 32 frames at a time (SWAP_CLUSTER_MAX): at most a tenth of what a limit leaves, else batches decide what is resident, not the workload.
    private const int LeastScaledFrames = 320;

    // As a study may ask for at most.
    private const int InstancesMax = 10_000;

    /// <summary>Simulates node <paramref name="node"/> of class <paramref name="classIndex"/>.</summary>
    /// <exception cref="Traces.TraceException">The recording holds too small a share of its node's pages for the memory limit.</exception>
    public static NodeResult Run(StudyDefinition study, int classIndex, long node, int recording, Workload workload)
    {
        var result = Simulate(study, classIndex, node, recording, workload);
        if (!workload.Share.IsWhole)
            RequireEnough(study.Classes[classIndex], workload, result);
        return result;
    }

    private static void RequireEnough(NodeClass @class, Workload workload, NodeResult node)
    {
        var bounds = new List<(string What, long Pages)>();
        if (!@class.Limit.IsNone)
            bounds.Add(("a memory limit", node.LimitBytes / workload.PageBytes));
        if (!@class.GroupLimit.IsNone)
            bounds.Add(("a group limit", workload.Share.WholeOf(LimitFrames(@class.GroupLimit, workload.PeakResidentFrames, workload))));
        if (@class.Watermarks)
            bounds.Add(("memory for what is modelled", (@class.MemoryBytes - @class.UnmodelledBytes) / workload.PageBytes));
        foreach (var (what, pages) in bounds)
        {
            if (workload.Share.PartOf(pages) is var scaled && scaled < LeastScaledFrames)
            {
                throw workload.Unusable(
                    "sampling_fraction",
                    $"{workload.Share.Value:0.####} of the node's pages were recorded, so {what} of {pages} pages is replayed as one of {scaled}; below {LeastScaledFrames} the batches in which "
                        + "reclaim works decide what stays in memory",
                    "Record a larger share of the pages, raise the limit, or leave this recording out of the study");
            }
        }
    }

    /// <summary>The same node replayed with one half of a sampled recording's blocks and with the other, for each split: what <see cref="NodeResult.Halves"/> holds.</summary>
    public static IReadOnlyList<NodeResult> RunHalves(StudyDefinition study, int classIndex, long node, int recording, Workload workload) =>
        [.. Enumerable.Range(0, 2 * PageBlocks.Splits).Select(index => Simulate(study, classIndex, node, recording, workload.Half(index / 2, index % 2)))];

    private static NodeResult Simulate(StudyDefinition study, int classIndex, long node, int recording, Workload workload)
    {
        var @class = study.Classes[classIndex];
        var settings = SettingsOf(study, @class, workload).ScaledTo(workload.Share);
        var instances = Instances(@class, workload, settings.PageBytes);
        var phases = Phases(study, @class, node, instances, workload);
        var duration = Duration(study, workload.DurationMicroseconds);
        var limitFrames = LimitFrames(@class, workload, phases, duration);

        var lanes = Lanes(study, workload);
        settings = settings with
        {
            ExpectedPages = (int)Math.Min(Array.MaxLength, (long)workload.Pages * instances),
            Groups = HasGroups(@class) ? instances : 1,
        };
        var simulator = new Simulator([.. lanes.Select(lane => new Simulator.Lane(MechanismOf(study, lane.Mechanism), lane.Accesses == AccessAssumption.AllWrites))], settings);
        if (limitFrames > 0)
            simulator.Apply(new Operation(OperationKind.Limit, 0, 0, (uint)Math.Min(limitFrames, uint.MaxValue)));
        Assign(simulator, @class, node, instances, workload);
        Replay(simulator, workload, phases, duration, study.WarmUp.Of(duration));

        var measured = simulator.Usage(0).Microseconds;
        return new NodeResult(classIndex, node, recording, instances, measured, workload.Share.WholeOf(limitFrames) * settings.PageBytes,
            [.. lanes.Select((lane, index) => ResultOf(lane.Mechanism, lane.Accesses, simulator.Lanes[index].Mechanism, simulator.Usage(index), settings, study.Costs, workload.Share))])
        {
            PageSizeBytes = settings.PageBytes,
            SamplingFraction = workload.Share.Value,
        };
    }

    /// <summary>Simulated period of a node in microseconds, given how long its recording is.</summary>
    public static long Duration(StudyDefinition study, long recordingMicroseconds) =>
        study.DurationMicroseconds ?? (recordingMicroseconds > 0 ? recordingMicroseconds : SnapshotMicroseconds);

    private static void Replay(Simulator simulator, Workload workload, long[] phases, long duration, long warmUp)
    {
        var origin = phases.Max();
        var next = new PriorityQueue<Copy, (long Time, int Instance)>();
        for (var instance = 0; instance < phases.Length; instance++)
        {
            var copy = new Copy(workload, instance, origin - phases[instance]);
            if (copy.HasNext)
                next.Enqueue(copy, (copy.NextTime, instance));
        }

        var (measureFrom, end) = (origin + warmUp, origin + duration);
        var measuring = false;
        while (next.TryPeek(out var copy, out var due) && due.Time < end)
        {
            if (!measuring && due.Time >= measureFrom)
                BeginMeasuring();

            simulator.AdvanceTo(due.Time);
            copy.ApplyNext(simulator);
            if (copy.HasNext)
                next.DequeueEnqueue(copy, (copy.NextTime, due.Instance));
            else
                next.Dequeue();
        }

        if (!measuring)
            BeginMeasuring();
        simulator.AdvanceTo(end);

        void BeginMeasuring()
        {
            simulator.AdvanceTo(measureFrom);
            simulator.BeginMeasuring();
            measuring = true;
        }
    }

    /// <summary>Whether each copy is a memory group of its own: where the study says what is asked of a group.</summary>
    private static bool HasGroups(NodeClass @class) => !@class.GroupLimit.IsNone || @class.Proactive is not null;

    private static void Assign(Simulator simulator, NodeClass @class, long node, int instances, Workload workload)
    {
        var limit = @class.GroupLimit.IsNone ? 0 : LimitFrames(@class.GroupLimit, workload.PeakResidentFrames, workload);
        for (var instance = 0; instance < instances; instance++)
        {
            var group = HasGroups(@class) ? instance : 0;
            simulator.SetGroupLimit(group, limit);

            // Spread evenly, so that over a class the share is met whatever the number of copies on a node.
            var copy = (decimal)node * instances + instance;
            var forbidden = Math.Floor((copy + 1) * (decimal)@class.ZeroPageForbidden) > Math.Floor(copy * (decimal)@class.ZeroPageForbidden);
            for (var process = 0u; process < workload.ProcessCount && (group > 0 || forbidden); process++)
                simulator.Assign((uint)instance * workload.ProcessCount + process, group, forbidden);
        }
    }

    private static NodeSettings SettingsOf(StudyDefinition study, NodeClass @class, Workload workload) => new()
    {
        Lru = @class.Lru,
        Zswap = @class.Swap.Zswap,
        HugePages2M = @class.HugePages.Size2M,
        HugePages64K = @class.HugePages.Size64K,
        MaxPtesNone = @class.HugePages.MaxPtesNone,
        Ksm = @class.Ksm,

        // alloc_swap_folio: on a synchronous device, as long as zswap was never switched on.
        LargeSwapIn = @class.Swap.Device == SwapDevice.Zram && !@class.Swap.Zswap && @class.HugePages.Size64K != HugePages.Never,
        MemoryPages = @class.Watermarks ? @class.MemoryBytes / workload.PageBytes : 0,
        UnmodelledPages = @class.UnmodelledBytes / workload.PageBytes,
        Proactive = @class.Proactive is { } proactive ? proactive with { Costs = study.Costs } : null,
        PageBytes = workload.PageBytes,
        SwapDevice = @class.Swap.Device,
        SwapPages = @class.Swap.SizeBytes / workload.PageBytes,
        PageCluster = @class.Swap.PageCluster,
        FlushWindowMicroseconds = workload.HasExactTimes ? new NodeSettings().FlushWindowMicroseconds : 0,
        CompressedPageBytes = workload.CompressedPageBytes ?? (int)Math.Ceiling(workload.PageBytes / @class.Swap.CompressionRatio),
    };

    private static int Instances(NodeClass @class, Workload workload, int pageBytes)
    {
        if (@class.Instances is { } fixedNumber)
            return fixedNumber;
        var one = workload.Share.WholeOf(Math.Max(1, workload.PeakResidentFrames)) * pageBytes;
        return (int)Math.Clamp((@class.MemoryBytes - @class.UnmodelledBytes) / one, 1, InstancesMax);
    }

    private static long[] Phases(StudyDefinition study, NodeClass @class, long node, int instances, Workload workload)
    {
        var phases = new long[instances];
        if (@class.Start == StartOffset.Beginning || workload.DurationMicroseconds == 0)
            return phases;
        var random = new SeededRandom(study.Seed, @class.Name, node);
        for (var instance = 0; instance < instances; instance++)
            phases[instance] = random.Below(workload.DurationMicroseconds);
        return phases;
    }

    /// <summary>The node's memory limit in frames, scaled as the recording is; 0 = none.</summary>
    private static long LimitFrames(NodeClass @class, Workload workload, long[] phases, long duration) =>
        @class.Limit.IsNone ? 0 : LimitFrames(@class.Limit, @class.Limit.OfPeak is null ? 0 : UnlimitedPeakFrames(workload, phases, duration), workload);

    private static long LimitFrames(MemoryLimit limit, long peakFrames, Workload workload) =>
        Math.Max(1, workload.Share.PartOf(limit.BytesFor(workload.Share.WholeOf(peakFrames) * workload.PageBytes) / workload.PageBytes));

    /// <summary>Greatest sum over the copies' resident frames between time 0 and <paramref name="duration"/>.</summary>
    private static long UnlimitedPeakFrames(Workload workload, long[] phases, long duration)
    {
        var changes = new PriorityQueue<(int Instance, int Point, long Start), (long Time, int Instance)>();
        var now = new long[phases.Length];
        var points = workload.ResidentFrames;
        for (var instance = 0; instance < phases.Length; instance++)
            changes.Enqueue((instance, 0, -phases[instance]), (points[0].TimeMicroseconds - phases[instance], instance));
        var (sum, peak) = (0L, 0L);
        while (changes.TryDequeue(out var change, out var due) && due.Time < duration)
        {
            // The sum counts once all changes up to time 0 are in.
            if (due.Time > 0)
                peak = Math.Max(peak, sum);
            var (instance, point, start) = change;
            sum += points[point].Frames - now[instance];
            now[instance] = points[point].Frames;
            if (++point == points.Count)
            {
                if (workload.DurationMicroseconds == 0)
                    continue;
                (point, start) = (0, start + workload.DurationMicroseconds);
            }

            changes.Enqueue((instance, point, start), (start + points[point].TimeMicroseconds, instance));
        }

        return Math.Max(peak, sum);
    }

    private static List<(int Mechanism, AccessAssumption Accesses)> Lanes(StudyDefinition study, Workload workload)
    {
        var mechanisms = Enumerable.Range(0, study.Mechanisms.Count).ToList();
        var lanes = mechanisms.ConvertAll(mechanism => (mechanism, AccessAssumption.AllReads));
        if (workload.HasUnknownAccesses)
            lanes.AddRange(mechanisms.Select(mechanism => (mechanism, AccessAssumption.AllWrites)));
        return lanes;
    }

    private static Mechanism MechanismOf(StudyDefinition study, int index) =>
        Mechanism.Find(study.Mechanisms[index]) ?? throw new InvalidOperationException($"The study names an unknown mechanism, {study.Mechanisms[index]}.");

    private static LaneResult ResultOf(
        int index, AccessAssumption accesses, Mechanism mechanism, UsageOverTime usage, NodeSettings settings, CostTable costs, PageShare share) => new()
        {
            Mechanism = index,
            Accesses = accesses,
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

    /// <summary>One copy of the recording, at its next row.</summary>
    private sealed class Copy(Workload workload, int instance, long start)
    {
        private readonly uint _firstProcess = (uint)instance * workload.ProcessCount;
        private long _start = start;
        private int _row;

        public bool HasNext => _row < workload.RowCount || (workload.DurationMicroseconds > 0 && workload.RowCount > 0);

        // The end of a recording is one more event: its processes exit and it begins again.
        public long NextTime => _start + (_row < workload.RowCount ? workload.TimeAt(_row) : workload.DurationMicroseconds);

        public void ApplyNext(Simulator simulator)
        {
            if (_row < workload.RowCount)
            {
                var operation = workload.OperationAt(_row++, _firstProcess);

                // The study says what the node's limit is; a limit recorded inside one copy is not the node's.
                if (operation.Kind == OperationKind.Reclaim)
                    operation = operation with { Pages = (uint)workload.Share.PartOf(operation.Pages) };
                if (operation.Kind != OperationKind.Limit)
                    simulator.Apply(operation);
                return;
            }

            for (var process = 0u; process < workload.ProcessCount; process++)
                simulator.Apply(new Operation(OperationKind.Exit, _firstProcess + process, 0, 1));
            (_start, _row) = (_start + workload.DurationMicroseconds, 0);
        }
    }
}
