using FleetEstimator.Paging;
using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.KernelTruthTests.Naive;

/// <summary>Runs scenarios of kernel truth through the naive model.</summary>
internal static class NaiveReplay
{
    private const long GuestSwapPages = (512L << 20) / 4096;

    public static NodeSettings SettingsOf(Guest guest) => new()
    {
        SwapDevice = guest.Swap == Traces.KernelTruth.SwapDevice.Ssd ? Paging.SwapDevice.Ssd : Paging.SwapDevice.Zram,
        SwapPages = GuestSwapPages,
        PageCluster = guest.PageCluster,
        Zswap = guest.Zswap == ZswapSetting.On,
        HugePages2M = (HugePages)guest.TransparentHugePages,
        HugePages64K = (HugePages)guest.HugePages64K,
    };

    /// <summary>One step per operation of the scenario.</summary>
    public static IReadOnlyList<KernelStep> Run(Scenario scenario, string kernel)
    {
        var naive = new NaiveKernel(Mechanism.Find(kernel)!, SettingsOf(scenario.Guest));
        var steps = new List<KernelStep>();
        var (regions, before, time) = (new Dictionary<RegionId, int>(), new Counters(), 0);
        foreach (var step in ScenarioCompiler.Compile(scenario))
        {
            naive.AdvanceTo(++time);
            var errno = 0;
            foreach (var row in step.Rows)
                errno = naive.Apply(row.Operation);
            Follow(regions, step.Source);
            steps.Add(StepOf(naive, naive.Counters.Since(before), errno, regions));
            before = naive.Counters;
        }

        return steps;
    }

    private static KernelStep StepOf(NaiveKernel naive, Counters change, int errno, Dictionary<RegionId, int> regions) => new()
    {
        Errno = errno,
        Counters = new Dictionary<string, long>
        {
            ["minflt"] = change.MinorFaults,
            ["majflt"] = change.MajorFaults,
            ["pswpin"] = change.SwapIns,
            ["pswpout"] = change.SwapOuts,
            ["swpin_zero"] = change.ZeroSwapIns,
            ["swpout_zero"] = change.ZeroSwapOuts,
            ["zswpin"] = change.ZswapIns,
            ["zswpout"] = change.ZswapOuts,
            ["swap_ra"] = change.ReadAheads,
            ["swap_ra_hit"] = change.ReadAheadHits,
            ["thp_swpout"] = change.HugeSwapOuts,
            ["thp_swpout_fallback"] = change.HugeSwapOutFallbacks,
        },
        Frames = (int)naive.State.MappedFrames,
        Pages = regions.ToDictionary(
            region => region.Key,
            region => PageStates.Encode(naive.PageTable((uint)region.Key.Worker, ScenarioCompiler.FirstPageOf(region.Key.Region), region.Value))),
    };

    private static void Follow(Dictionary<RegionId, int> regions, ScenarioOperation operation)
    {
        var ofWorker = regions.Where(region => region.Key.Worker == operation.Worker).ToList();
        switch (operation.Verb)
        {
            case ScenarioVerb.Map:
                regions.Add(new RegionId(operation.Worker, operation.Region), operation.Pages);
                break;
            case ScenarioVerb.Unmap:
                regions.Remove(new RegionId(operation.Worker, operation.Region));
                break;
            case ScenarioVerb.Fork:
                foreach (var (region, pages) in ofWorker)
                    regions.Add(new RegionId((int)operation.Argument, region.Region), pages);
                break;
            case ScenarioVerb.Exit:
                foreach (var (region, _) in ofWorker)
                    regions.Remove(region);
                break;
        }
    }
}
