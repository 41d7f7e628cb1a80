using FleetEstimator.Traces.KernelTruth;
using Xunit;

namespace FleetEstimator.KernelTruthTests;

/// <summary>
/// What studies are for: the difference a kernel makes. Summed over a family under memory pressure it has the recorded sign and lies within a
/// quarter of the recorded size (of sums of medians), or inside the recorded range (ends of sums: sums of ends). The latter is for 6.1, whose
/// runs differ by a page of the kernel's own memory: enough for some scenarios to thrash or not, and much of so small a difference.
/// </summary>
public class PressureSumsTests
{
    private const string Baseline = "linux-6.12";

    public static TheoryData<string, string> Kernels() => new(
        from family in (string[])["pressure-mglru", "pressure-lru"]
        from kernel in TruthFolder.Family(family)[0].Kernels.Keys
        where kernel != Baseline
        select (family, kernel));

    [Theory]
    [MemberData(nameof(Kernels))]
    public void DifferenceToTheBaseline_HasTheRecordedSignAndSize(string family, string kernel)
    {
        foreach (var counters in (string[][])[["pswpout", "swpout_zero"], ["majflt"]])
        {
            var (with, without) = (Recorded(family, kernel, counters), Recorded(family, Baseline, counters));
            var recorded = with.Median - without.Median;
            var modelled = Modelled(family, kernel, counters) - Modelled(family, Baseline, counters);
            var inside = modelled >= with.Least - without.Greatest && modelled <= with.Greatest - without.Least;

            var what = $"{string.Join(" + ", counters)}: recorded {recorded}, modelled {modelled}";
            Assert.True(Math.Sign(recorded) == Math.Sign(modelled), what);
            Assert.True(Math.Abs(modelled - recorded) <= Math.Abs(recorded) / 4 || inside, what);
        }
    }

    private static TotalRange Recorded(string family, string kernel, string[] counters)
    {
        var totals = TruthFolder.Family(family)
            .SelectMany(scenario => counters.Select(counter => ((KernelTotals)scenario.Kernels[kernel])[counter]))
            .ToList();
        return new TotalRange(totals.Sum(total => total.Least), totals.Sum(total => total.Median), totals.Sum(total => total.Greatest));
    }

    private static double Modelled(string family, string kernel, string[] counters) =>
        TruthFolder.Family(family)
            .SelectMany(scenario => ModelReplay.Run(scenario, [kernel], ((KernelTotals)scenario.Kernels[kernel]).OverheadPages)[0])
            .Sum(step => counters.Sum(counter => (double)step[counter]));
}
