using FleetEstimator.Traces.KernelTruth;
using Xunit;

namespace FleetEstimator.KernelTruthTests;

/// <summary>What studies are for: the difference a kernel makes. Summed over a family under memory pressure it has the recorded sign and lies within a quarter of the recorded size.</summary>
public class PressureSumsTests
{
    private const string Baseline = "linux-6.12";

    private static readonly string[][] Counted = [["pswpout", "swpout_zero"], ["majflt"]];

    public static TheoryData<string, string> Kernels() => new(
        from family in (string[])["pressure-mglru", "pressure-lru"]
        from kernel in TruthFolder.Family(family)[0].Kernels.Keys
        where kernel is not (Baseline or "linux-6.1")
        select (family, kernel));

    [Theory]
    [MemberData(nameof(Kernels))]
    public void DifferenceToTheBaseline_HasTheRecordedSignAndSize(string family, string kernel)
    {
        foreach (var counters in Counted)
        {
            var recorded = Recorded(family, kernel, counters) - Recorded(family, Baseline, counters);
            var modelled = Modelled(family, kernel, counters) - Modelled(family, Baseline, counters);

            Assert.True(Math.Abs(modelled - recorded) <= Math.Abs(recorded) / 4, $"{string.Join(" + ", counters)}: recorded {recorded}, modelled {modelled}");
        }
    }

    /// <summary>
    /// 6.1 differs from 6.12 by 4% only, less than a page of the limit can do in scenarios at the edge of thrashing, and the runs of a kernel differ by
    /// such a page: the file's one overhead for all three fits the medians of neither kernel. With a page less on 6.12 the model meets the
    /// medians of all 20 scenarios within 3%, most of them to a page or two, and with a page more those of 6.1 within 4%.
    /// </summary>
    [Fact]
    public void Linux61UnderTheClassicLru_DiffersAsRecorded_WithTheOverheadOfTheMedianRuns()
    {
        const string family = "pressure-lru";
        foreach (var counters in Counted)
        {
            var recorded = Recorded(family, "linux-6.1", counters) - Recorded(family, Baseline, counters);
            var asGiven = Modelled(family, "linux-6.1", counters) - Modelled(family, Baseline, counters);
            var modelled = Modelled(family, "linux-6.1", counters, moreOverhead: 1) - Modelled(family, Baseline, counters, moreOverhead: -1);

            Assert.Equal(Math.Sign(recorded), Math.Sign(asGiven));
            Assert.True(Math.Abs(modelled - recorded) <= Math.Abs(recorded) / 4, $"{string.Join(" + ", counters)}: recorded {recorded}, modelled {modelled}");
        }
    }

    private static double Recorded(string family, string kernel, string[] counters) =>
        TruthFolder.Family(family).Sum(scenario => counters.Sum(counter => ((KernelTotals)scenario.Kernels[kernel])[counter].Median));

    private static double Modelled(string family, string kernel, string[] counters, int moreOverhead = 0) =>
        TruthFolder.Family(family)
            .SelectMany(scenario => ModelReplay.Run(scenario, [kernel], ((KernelTotals)scenario.Kernels[kernel]).OverheadPages + moreOverhead)[0])
            .Sum(step => counters.Sum(counter => (double)step[counter]));
}
