using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Grains.Simulation;

/// <summary>A replay of a node: a mechanism by its place in the study, and how accesses of unknown kind are taken.</summary>
internal readonly record struct NodeLane(int Mechanism, AccessAssumption Accesses);

/// <summary>One node, ready to be replayed under any memory limit; everything else, the phases of its copies included, is the same each time.</summary>
/// <remarks>
/// A copy that starts at phase φ began φ before time 0, so that at time 0 every copy is under way and the limit has shaped what is
/// resident; a copy that reaches its end exits and starts again. The clock starts with the copy that began first.
/// </remarks>
internal sealed class NodeReplay
{
    // As a study may ask for at most.
    private const int InstancesMax = 10_000;

    // How often it is asked whether a replay can end early: often for a row to cost more than the question.
    private const int RowsBetweenQuestions = 256;

    private readonly StudyDefinition _study;
    private readonly NodeClass _class;
    private readonly long _node;
    private readonly Workload _workload;
    private readonly long[] _phases;
    private readonly long _duration;

    /// <summary>Node <paramref name="node"/> of class <paramref name="classIndex"/>.</summary>
    public NodeReplay(StudyDefinition study, int classIndex, long node, Workload workload)
    {
        (_study, _class, _node, _workload) = (study, study.Classes[classIndex], node, workload);
        var settings = SettingsOf(study, _class, workload).ScaledTo(workload.Share);
        _phases = Phases(study, _class, node, InstancesOf(_class, workload), workload);
        _duration = NodeSimulation.Duration(study, workload.DurationMicroseconds);
        LimitFrames = LimitOf(_class, workload, _phases, _duration);
        Lanes = LanesOf(study, workload);
        Settings = settings with
        {
            ExpectedPages = (int)Math.Min(Array.MaxLength, (long)workload.Pages * Instances),
            Groups = HasGroups ? Instances : 1,
        };
    }

    /// <summary>Its settings, scaled as the recording is.</summary>
    public NodeSettings Settings { get; }

    /// <summary>The share of the node's pages that is replayed.</summary>
    public PageShare Share => _workload.Share;

    /// <summary>Copies of the recording.</summary>
    public int Instances => _phases.Length;

    /// <summary>The memory limit that its class gives it, in frames, scaled as the recording is; 0 = none.</summary>
    public long LimitFrames { get; }

    /// <summary>One replay per mechanism and access assumption, mechanisms in the study's order, all reads before all writes.</summary>
    public IReadOnlyList<NodeLane> Lanes { get; }

    /// <summary>The mechanism of a lane.</summary>
    public Mechanism MechanismOf(NodeLane lane) =>
        Mechanism.Find(_study.Mechanisms[lane.Mechanism]) ?? throw new InvalidOperationException($"The study names an unknown mechanism, {_study.Mechanisms[lane.Mechanism]}.");

    /// <summary>Replays the node.</summary>
    /// <param name="lanes">Some of <see cref="Lanes"/>.</param>
    /// <param name="limits">The memory limit under each of them in frames, scaled as the recording is; 0 = none.</param>
    /// <param name="endsEarly">Asked now and then in the measured period; true: nothing more is wanted of the replay.</param>
    /// <returns>What the lanes came to, in their order; measured from the end of warm-up on.</returns>
    public Simulator Run(IReadOnlyList<NodeLane> lanes, IReadOnlyList<long> limits, Predicate<Simulator>? endsEarly = null)
    {
        var simulator = new Simulator([.. lanes.Select(lane => new Simulator.Lane(MechanismOf(lane), _workload.AccessesAreStores || lane.Accesses == AccessAssumption.AllWrites))], Settings);
        for (var lane = 0; lane < lanes.Count; lane++)
            simulator.SetLimit(lane, limits[lane]);
        Assign(simulator);
        Replay(simulator, endsEarly);
        return simulator;
    }

    private void Replay(Simulator simulator, Predicate<Simulator>? endsEarly)
    {
        var origin = _phases.Max();
        var next = new PriorityQueue<Copy, (long Time, int Instance)>();
        for (var instance = 0; instance < _phases.Length; instance++)
        {
            var copy = new Copy(_workload, instance, origin - _phases[instance]);
            if (copy.HasNext)
                next.Enqueue(copy, (copy.NextTime, instance));
        }

        var (measureFrom, end) = (origin + _study.WarmUp.Of(_duration), origin + _duration);
        var measuring = false;
        for (var rows = 1L; next.TryPeek(out var copy, out var due) && due.Time < end; rows++)
        {
            if (!measuring && due.Time >= measureFrom)
                BeginMeasuring();

            simulator.AdvanceTo(due.Time);
            copy.ApplyNext(simulator);
            if (copy.HasNext)
                next.DequeueEnqueue(copy, (copy.NextTime, due.Instance));
            else
                next.Dequeue();
            if (measuring && rows % RowsBetweenQuestions == 0 && endsEarly?.Invoke(simulator) == true)
                return;
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
    private bool HasGroups => !_class.GroupLimit.IsNone || _class.Proactive is not null;

    private void Assign(Simulator simulator)
    {
        var limit = GroupLimitFrames(_class, _workload);
        for (var instance = 0; instance < Instances; instance++)
        {
            var group = HasGroups ? instance : 0;
            simulator.SetGroupLimit(group, limit);

            // Spread evenly, so that over a class the share is met whatever the number of copies on a node.
            var copy = (decimal)_node * Instances + instance;
            var forbidden = Math.Floor((copy + 1) * (decimal)_class.ZeroPageForbidden) > Math.Floor(copy * (decimal)_class.ZeroPageForbidden);
            for (var process = 0u; process < _workload.ProcessCount && (group > 0 || forbidden); process++)
                simulator.Assign((uint)instance * _workload.ProcessCount + process, group, forbidden);
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

    private static int InstancesOf(NodeClass @class, Workload workload)
    {
        if (@class.Instances is { } fixedNumber)
            return fixedNumber;
        var one = workload.Share.WholeOf(Math.Max(1, workload.PeakResidentFrames)) * workload.PageBytes;
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

    /// <summary>The memory limit of each copy in frames, scaled as the recording is; 0 = none.</summary>
    public static long GroupLimitFrames(NodeClass @class, Workload workload) =>
        @class.GroupLimit.IsNone ? 0 : FramesOf(@class.GroupLimit, workload.PeakResidentFrames, workload);

    private static long LimitOf(NodeClass @class, Workload workload, long[] phases, long duration) =>
        @class.Limit.IsNone ? 0 : FramesOf(@class.Limit, @class.Limit.OfPeak is null ? 0 : UnlimitedPeakFrames(workload, phases, duration), workload);

    private static long FramesOf(MemoryLimit limit, long peakFrames, Workload workload) =>
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

    private static List<NodeLane> LanesOf(StudyDefinition study, Workload workload)
    {
        var mechanisms = Enumerable.Range(0, study.Mechanisms.Count).ToList();
        var lanes = mechanisms.ConvertAll(mechanism => new NodeLane(mechanism, AccessAssumption.AllReads));
        if (workload.HasUnknownAccesses)
            lanes.AddRange(mechanisms.Select(mechanism => new NodeLane(mechanism, AccessAssumption.AllWrites)));
        return lanes;
    }

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
