using FleetEstimator.Traces;
using FleetEstimator.Traces.KernelTruth;
using Xunit;

namespace FleetEstimator.KernelTruthTests;

public class FamiliesTests
{
    private static readonly IReadOnlyList<FamilyValidation> Families = Validation.Run(TruthFolder.Path);

    public static TheoryData<string, string> Supported() => new(
        Families.OfType<ExactValidation>().Where(family => family.Unsupported is null).Select(family => (family.Family, family.Kernel)));

    /// <summary>A family of each subject of the model.</summary>
    public static TheoryData<string> OfEverySubject() => ["named-zram", "anon-zram", "fork-zram", "advice-zram", "anon-ssd", "zswap-ssd", "thp-zram", "mthp64-zram", "mthp64-zram-swapin"];

    [Theory]
    [MemberData(nameof(Supported))]
    public void StepsMatch_AsFarAsTheyMust(string family, string kernel)
    {
        var result = Families.OfType<ExactValidation>().Single(candidate => candidate.Family == family && candidate.Kernel == kernel);
        Assert.True(result.Steps > 0);
        Assert.True(result.Passes, string.Join('\n', result.Differences));

        // The one accident the model leaves out, after asynchronous write-back, shows in a scenario or none of each family and kernel.
        Assert.InRange(result.Scenarios - result.ScenariosExact, 0, result.Required < 1 ? 1 : 0);
    }

    [Fact]
    public void ExactFamiliesAreSupported_OnEveryKernelThatRanThem()
    {
        foreach (var family in (string[])["named-zram", "anon-zram", "advice-zram", "fork-zram", "fork-zram-pc0", "named-ssd", "anon-ssd", "anon-ssd-pc0", "zswap-ssd", "thp-zram", "mthp64-zram", "mthp64-zram-swapin"])
            Assert.All(Families.Where(candidate => candidate.Family == family), candidate => Assert.Null(candidate.Unsupported));
        Assert.Equal(4, Families.Count(candidate => candidate.Family == "named-zram"));
        Assert.Equal(4, Families.Count(candidate => candidate.Family == "anon-zram"));
    }

    [Fact]
    public void TotalsUnderPressure_LieWithinBounds()
    {
        var supported = Families.OfType<PressureValidation>().Where(family => family.Unsupported is null).ToList();
        Assert.Equal(["pressure-lru", "pressure-mglru"], supported.Select(family => family.Family).Distinct());
        Assert.Equal(6, supported.Count);
        Assert.All(supported, family => Assert.True(family.Passes, string.Join('\n', family.Differences)));
    }

    [Theory]
    [InlineData("linux-6.12", 20_480)]
    [InlineData("linux-6.12+zero-pfn-swapin", 0)]
    public void RfcExample_RssGrowsByAllPagesReadBackOrByNone(string kernel, int kibibytes)
    {
        var example = TruthFolder.Family("named-zram").Single(scenario => scenario.Name == "named-rfc-example");
        var steps = ModelReplay.Run(example, [kernel])[0];
        Assert.Equal(kibibytes, (steps[^1].Frames - steps[^2].Frames) * 4);
    }

    [Theory]
    [MemberData(nameof(OfEverySubject))]
    public void AllKernelsInOnePass_GiveWhatEachGivesAlone(string family)
    {
        foreach (var scenario in TruthFolder.Family(family))
        {
            var kernels = scenario.Kernels.Keys.ToList();
            var together = ModelReplay.Run(scenario, kernels);
            for (var lane = 0; lane < kernels.Count; lane++)
                AssertSame(ModelReplay.Run(scenario, [kernels[lane]])[0], together[lane]);
        }
    }

    [Theory]
    [MemberData(nameof(OfEverySubject))]
    public void ScenarioWrittenAsTrace_GivesTheSameResult(string family)
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.arrow");
        try
        {
            foreach (var scenario in TruthFolder.Family(family))
            {
                File.Delete(path);
                ScenarioTrace.Write(scenario, path);
                var trace = Trace.Load(path);
                var kernels = scenario.Kernels.Keys.ToList();

                // One second of the trace is one operation of the scenario; an operation on nothing leaves no row.
                var rows = Enumerable.Range(0, trace.RowCount).ToLookup(row => trace.Times[row] / 1_000_000, row => trace[row]);
                var groups = Enumerable.Range(0, scenario.Operations.Count).Select(second => rows[(ulong)second]);
                var fromTrace = ModelReplay.Run(ModelReplay.Boot(scenario.Guest, kernels), groups, scenario.Operations);
                var fromScenario = ModelReplay.Run(scenario, kernels);
                for (var lane = 0; lane < kernels.Count; lane++)
                    AssertSame(fromScenario[lane], fromTrace[lane]);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void AssertSame(IReadOnlyList<KernelStep> expected, IReadOnlyList<KernelStep> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (want, got) in expected.Zip(actual))
        {
            Assert.Equal(want.Counters.OrderBy(pair => pair.Key, StringComparer.Ordinal), got.Counters.OrderBy(pair => pair.Key, StringComparer.Ordinal));
            Assert.Equal(want.Frames, got.Frames);
            Assert.Equal(want.Pages.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal), got.Pages.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal));
        }
    }
}
