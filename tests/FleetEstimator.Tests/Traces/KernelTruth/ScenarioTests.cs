using FleetEstimator.Traces.KernelTruth;
using Xunit;

namespace FleetEstimator.Tests.Traces.KernelTruth;

public sealed class ScenarioTests
{
    private const string Small =
        """
        {"scenario":"s","family":"f","guest":{"swap":"ssd","cluster":3,"zswap":"never","mthp64":"always","mglru":1},
         "ops":["mmap 0 1 0 4","write 0 1 0 2 same 7","fork 0 2","exit 2","limit 12","munmap 0 1"],
         "kernels":{"linux-6.12":[{"pages":{"0.1":"4."}},{"minflt":2,"frames":2,"pages":{"0.1":"2P2."},"errno":22}],
                    "linux-6.1":{"totals":{"minflt":[1,2,3],"frames_mean":[1.5,2,2.5]},"overhead":400}}}
        """;

    [Fact]
    public void ReadsEveryRecordedFamily()
    {
        Assert.Equal(250, KernelTruthFiles.All.Count);
        Assert.All(KernelTruthFiles.All, scenario => Assert.NotEmpty(scenario.Kernels));
    }

    [Fact]
    public void ReadsSettingsOperationsAndResults()
    {
        var scenario = Scenario.Parse(Small, "f.jsonl", 1);
        Assert.Equal(
            new Guest
            {
                Swap = SwapDevice.Ssd,
                PageCluster = 3,
                Zswap = ZswapSetting.NeverWritten,
                HugePages64K = HugePageSetting.Always,
                MultiGenerationalLru = true,
            },
            scenario.Guest);
        Assert.Equal(
            new ScenarioOperation
            {
                Text = "write 0 1 0 2 same 7", Verb = ScenarioVerb.Write, Region = 1, Pages = 2, Fill = PageFill.Same, Argument = 7,
            },
            scenario.Operations[1]);
        Assert.Equal(2ul, scenario.Operations[2].Argument);
        Assert.Equal(2, scenario.Operations[3].Worker);
        Assert.Equal(12ul, scenario.Operations[4].Argument);
        var step = Assert.IsType<KernelSteps>(scenario.Kernels["linux-6.12"]).Steps[1];
        Assert.Equal((2, 0, 2, 22), (step["minflt"], step["majflt"], step.Frames, step.Errno));
        Assert.Equal("PP..", step.Pages[new(0, 1)].Expand());
        var totals = Assert.IsType<KernelTotals>(scenario.Kernels["linux-6.1"]);
        Assert.Equal((new TotalRange(1.5, 2, 2.5), default, 400), (totals["frames_mean"], totals["swpin_zero"], totals.OverheadPages));
    }

    [Theory]
    [InlineData("mmap 0 1 0 4", "mmap 0 1 0 0", "operation 1, \"mmap 0 1 0 0\"", "length is 0")]
    [InlineData("mmap 0 1 0 4", "mmap 0 1 262143 4", "operation 1", "beyond the 262144 pages")]
    [InlineData("mmap 0 1 0 4", "mmap 0 1 0", "operation 1", "not 3 arguments")]
    [InlineData("exit 2", "leave 2", "operation 4, \"leave 2\"", "no verb \"leave\"")]
    [InlineData("exit 2", "exit -2", "operation 4", "worker \"-2\"")]
    [InlineData("same 7", "same", "operation 2", "lacks the word")]
    [InlineData("same 7", "grey 7", "operation 2", "none of zero, random, same, half")]
    [InlineData("\"ssd\"", "\"tape\"", "guest.swap", "none of zram, ssd")]
    [InlineData("\"cluster\":3,", "", "cluster", "missing")]
    [InlineData("\"frames\":2", "\"frams\":2", "linux-6.12, step 2, \"write 0 1 0 2 same 7\"", "\"frams\" is none of")]
    [InlineData("2P2.", "2P2", "linux-6.12, step 2", "run-length code")]
    [InlineData("2P2.", "2P2X", "linux-6.12, step 2", "run-length code")]
    [InlineData("2P2.", "2P99999999999.", "linux-6.12, step 2", "run-length code")]
    [InlineData("[1,2,3]", "[1,2]", "linux-6.1, minflt", "[least, median, greatest]")]
    [InlineData("{\"scenario\"", "{\"scenario", null, "not JSON")]
    public void SaysWhatIsWrongAndWhere(string good, string bad, string? where, string what)
    {
        var exception = Assert.Throws<ScenarioException>(() => Scenario.Parse(Small.Replace(good, bad, StringComparison.Ordinal), "f.jsonl", 9));
        Assert.StartsWith("f.jsonl, line 9", exception.Message);
        Assert.StartsWith(where ?? "", exception.Operation ?? "");
        Assert.Contains(what, exception.Problem, StringComparison.Ordinal);
        Assert.NotEmpty(exception.Remedy);
    }

    [Fact]
    public void NamesTheFile_WhenItIsMissing() =>
        Assert.Equal("no/such.jsonl", Assert.Throws<ScenarioException>(() => Scenario.Load("no/such.jsonl")).FilePath);

    [Fact]
    public void CodesPageStatesInTheLongestRuns()
    {
        Assert.Equal("2.3P1c", PageStates.Encode("..PPPc").Code);
        Assert.True(PageStates.TryParse("1.1.3P1c", 6, out var states));
        Assert.Equal(PageStates.Encode("..PPPc"), states);
        Assert.Throws<ArgumentException>(() => PageStates.Encode("..x"));
    }
}
