using FleetEstimator.Estimation;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;

namespace FleetEstimator.Grains.Backtests;

/// <summary>Replays a recording as one node and notes what the model counted at the times at which the node's kernel was asked.</summary>
/// <param name="node">The node.</param>
/// <param name="times">The times, in microseconds since the start of the recording, ascending. Rows of that very time have happened: a scan shows what was before it.</param>
/// <param name="isPerturbed">Whether the recorder paged everything out after each of its scans.</param>
internal sealed class BacktestReplay(RecordedNode node, IReadOnlyList<long> times, bool isPerturbed)
{
    /// <summary>Replays.</summary>
    /// <param name="workload">The recording, or a sample of it.</param>
    /// <param name="mode">What decides which pages leave after the first of the times; up to it pages leave as recorded, since that is the state the recording begins with.</param>
    /// <param name="limits">Free: the memory limit up to each of the times, in pages of the whole node, 0 = none; null: as rows of the recording say.</param>
    public BacktestReadings Run(Workload workload, BacktestMode mode, IReadOnlyList<long>? limits)
    {
        var share = workload.Share;
        var lanes = new List<Simulator.Lane> { new(node.Mechanism) };
        if (workload.HasUnknownAccesses)
            lanes.Add(new(node.Mechanism, AccessesAreWrites: true));
        var settings = node.Settings.ScaledTo(share) with
        {
            ExpectedPages = workload.Pages,
            CompressedPageBytes = workload.CompressedPageBytes ?? node.Settings.CompressedPageBytes,
        };
        var simulator = new Simulator(lanes, settings);
        var readings = new BacktestReadings(lanes.Count);
        var contents = new RevealedContents(workload);
        var row = 0;
        for (var index = 0; index < times.Count; index++)
        {
            if (limits is not null && index > 0)
                simulator.Apply(new Operation(OperationKind.Limit, 0, 0, LimitOf(limits[index], share)));
            for (; row < workload.RowCount && workload.TimeAt(row) <= times[index]; row++)
            {
                if (mode == BacktestMode.Driven && isPerturbed && EndsScan(workload, row))
                    simulator.PageOutAll();
                simulator.AdvanceTo(workload.TimeAt(row));
                foreach (var recorded in contents.Of(row))
                {
                    if (Replayed(recorded, isAtStart: index == 0) is { } operation)
                        simulator.Apply(operation);
                }

                // A recorder that probes writes no swap-outs; what it could not see at first was in swap.
                if (isPerturbed && index == 0 && workload.OperationAt(row, 0) is { Kind: OperationKind.Observe, Content: PageContent.Unknown } unseen)
                    simulator.Apply(unseen with { Kind = OperationKind.ObservedSwapOut });
            }

            simulator.AdvanceTo(times[index]);
            readings.Add(simulator, share);
        }

        return readings;

        Operation? Replayed(Operation operation, bool isAtStart) => operation.Kind switch
        {
            OperationKind.ObservedSwapOut => mode == BacktestMode.Driven || isAtStart ? operation : null,
            OperationKind.Limit => mode == BacktestMode.Free && limits is null ? operation with { Pages = LimitOf(operation.Pages, share) } : null,
            OperationKind.Reclaim => operation with { Pages = (uint)share.PartOf(operation.Pages) },
            _ => operation,
        };
    }

    /// <summary>Whether a scan came before this row, the first of another, after which everything was paged out. The row that ends a recording follows a scan without.</summary>
    private static bool EndsScan(Workload workload, int row) =>
        row > 0 && workload.TimeAt(row) > workload.TimeAt(row - 1) && workload.OperationAt(row, 0).Kind != OperationKind.Settle;

    private static uint LimitOf(long pages, PageShare share) => pages == 0 ? 0 : (uint)Math.Clamp(share.PartOf(pages), 1, uint.MaxValue);
}

/// <summary>What the model counted, and held in memory, at each time; of the whole node.</summary>
internal sealed class BacktestReadings(int lanes)
{
    private readonly List<Counters[]> _counters = [];
    private readonly List<long> _framesHeld = [];

    public void Add(Simulator simulator, PageShare share)
    {
        _counters.Add([.. Enumerable.Range(0, lanes).Select(lane => simulator.Counters(lane).WholeOf(share))]);
        var state = simulator.State(0);
        _framesHeld.Add(share.WholeOf(state.MappedFrames + state.UnmappedCacheFrames));
    }

    /// <summary>Frames in memory at each time, swap cache included.</summary>
    public IReadOnlyList<long> FramesHeld => _framesHeld;

    /// <summary>What was counted of something between two of the times, with all unknown accesses as loads, and as stores where that was replayed too.</summary>
    public IEnumerable<long> Between(int from, int to, Func<Counters, long> of) => Enumerable.Range(0, lanes).Select(lane => of(_counters[to][lane]) - of(_counters[from][lane]));
}
