using FleetEstimator.Paging;

namespace FleetEstimator.Traces.KernelTruth;

/// <summary>Runs scenarios through the paging model and tells what it did in the terms in which kernel truth tells what a kernel did.</summary>
public static class ModelReplay
{
    // Every guest's swap area holds 512 MiB, its header included.
    private const long GuestSwapPages = (512L << 20) / 4096 - 1;

    /// <summary>Why the model cannot run scenarios as <paramref name="kernel"/>, or null if it can.</summary>
    public static string? Unsupported(string kernel) => Mechanism.Find(kernel) is null ? $"kernel {kernel}" : null;

    /// <summary>A node set up as a guest was, once for each kernel.</summary>
    /// <param name="guest">Its settings.</param>
    /// <param name="kernels">Names of mechanisms.</param>
    public static Simulator Boot(Guest guest, IReadOnlyList<string> kernels)
    {
        ArgumentNullException.ThrowIfNull(guest);
        var settings = new NodeSettings { SwapDevice = guest.Swap == SwapDevice.Ssd ? Paging.SwapDevice.Ssd : Paging.SwapDevice.Zram, SwapPages = GuestSwapPages, PageCluster = guest.PageCluster, Zswap = guest.Zswap == ZswapSetting.On, HugePages2M = (HugePages)guest.TransparentHugePages, HugePages64K = (HugePages)guest.HugePages64K, LargeSwapIn = guest.Zswap == ZswapSetting.NeverWritten, Lru = guest.MultiGenerationalLru == false ? LruKind.Classic : LruKind.MultiGenerational };
        return new Simulator([.. kernels.Select(kernel => new Simulator.Lane(Mechanism.Find(kernel)!))], settings);
    }

    /// <summary>Replays a scenario as several kernels in one pass on a guest of its own. For each kernel, in the order given: one step per operation.</summary>
    /// <param name="scenario">What to do; every kernel is supported (<see cref="Unsupported"/>).</param>
    /// <param name="kernels">Names of mechanisms.</param>
    /// <param name="overheadPages">Pages charged to the memory limit beyond the scenario's own.</param>
    public static IReadOnlyList<IReadOnlyList<KernelStep>> Run(Scenario scenario, IReadOnlyList<string> kernels, int overheadPages = 0)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        return Run(Boot(scenario.Guest, kernels), scenario, overheadPages);
    }

    /// <summary>The same on a guest that may have run other scenarios before; all workers have ended when it is done.</summary>
    public static IReadOnlyList<IReadOnlyList<KernelStep>> Run(Simulator guest, Scenario scenario, int overheadPages = 0)
    {
        var steps = ScenarioCompiler.Compile(scenario);
        return Run(guest, steps.Select(step => step.Rows.Select(row => row.Operation)), steps.Select(step => step.Source), overheadPages);
    }

    /// <summary>The same for operations from elsewhere, such as a trace read back: one group of operations per scenario operation.</summary>
    public static IReadOnlyList<IReadOnlyList<KernelStep>> Run(
        Simulator guest, IEnumerable<IEnumerable<Operation>> groups, IEnumerable<ScenarioOperation> sources, int overheadPages = 0)
    {
        ArgumentNullException.ThrowIfNull(guest);
        var lanes = Enumerable.Range(0, guest.Lanes.Count).ToList();
        var before = lanes.Select(guest.Counters).ToArray();
        var results = lanes.Select(_ => new List<KernelStep>()).ToList();
        var regions = new Regions();
        foreach (var (group, source) in groups.Zip(sources))
        {
            // Between two operations of a scenario there was time enough for write-back to end, and all counters were read.
            guest.AdvanceTo(guest.TimeMicroseconds + 1);
            guest.ReadStatistics();
            var errno = 0;
            foreach (var operation in group)
                errno = guest.Apply(operation.Kind == OperationKind.Limit ? operation with { Pages = operation.Pages - (uint)overheadPages } : operation);
            regions.Follow(source);
            foreach (var lane in lanes)
            {
                var counters = guest.Counters(lane);
                results[lane].Add(StepOf(guest, lane, counters.Since(before[lane]), errno, regions));
                before[lane] = counters;
            }
        }

        guest.Audit();
        foreach (var worker in regions.All.Keys.Select(region => region.Worker).Distinct().Order().ToList())
            guest.Apply(new Operation(OperationKind.Exit, (uint)worker, 0, 1));
        return results;
    }

    private static KernelStep StepOf(Simulator simulator, int lane, Counters change, int errno, Regions regions) => new()
    {
        Errno = errno,
        Counters = new (string Name, long Value)[]
        {
            ("minflt", change.MinorFaults), ("majflt", change.MajorFaults),
            ("pswpin", change.SwapIns), ("pswpout", change.SwapOuts),
            ("swpin_zero", change.ZeroSwapIns), ("swpout_zero", change.ZeroSwapOuts),
            ("zswpin", change.ZswapIns), ("zswpout", change.ZswapOuts),
            ("thp_swpout", change.HugeSwapOuts), ("thp_swpout_fallback", change.HugeSwapOutFallbacks),
            ("swap_ra", change.ReadAheads), ("swap_ra_hit", change.ReadAheadHits),
        }.Where(counter => counter.Value != 0).ToDictionary(counter => counter.Name, counter => counter.Value),
        Frames = (int)simulator.State(lane).MappedFrames,
        Pages = regions.All.ToDictionary(
            region => region.Key,
            region => PageStates.Encode(simulator.PageTable(lane, (uint)region.Key.Worker, ScenarioCompiler.FirstPageOf(region.Key.Region), region.Value))),
    };

    /// <summary>The regions that exist, with their length in pages.</summary>
    private sealed class Regions
    {
        public Dictionary<RegionId, int> All { get; } = [];

        public void Follow(ScenarioOperation operation)
        {
            switch (operation.Verb)
            {
                case ScenarioVerb.Map:
                    All.Add(new(operation.Worker, operation.Region), operation.Pages);
                    break;
                case ScenarioVerb.Unmap:
                    All.Remove(new(operation.Worker, operation.Region));
                    break;
                case ScenarioVerb.Fork:
                    foreach (var (region, pages) in All.Where(pair => pair.Key.Worker == operation.Worker).ToList())
                        All.Add(new((int)operation.Argument, region.Region), pages);
                    break;
                case ScenarioVerb.Exit:
                    foreach (var region in All.Keys.Where(region => region.Worker == operation.Worker).ToList())
                        All.Remove(region);
                    break;
            }
        }
    }
}
