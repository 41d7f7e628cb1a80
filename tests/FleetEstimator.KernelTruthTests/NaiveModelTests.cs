using FleetEstimator.KernelTruthTests.Naive;
using FleetEstimator.Traces.KernelTruth;
using Xunit;

namespace FleetEstimator.KernelTruthTests;

/// <summary>The naive model against what real kernels did: whoever judges the fast core must have been judged first.</summary>
public class NaiveModelTests
{
    private static readonly string[] Asynchronous = ["named-ssd", "anon-ssd", "anon-ssd-pc0"];

    public static TheoryData<string> ExactFamilies() =>
    [
        "named-zram", "anon-zram", "advice-zram", "fork-zram", "fork-zram-pc0", "named-ssd", "anon-ssd", "anon-ssd-pc0", "zswap-ssd", "thp-zram", "mthp64-zram",
    ];

    [Theory]
    [MemberData(nameof(ExactFamilies))]
    public void StepsMatch_AsKernelsDidThem(string family)
    {
        var differences = new Dictionary<string, List<string>>();
        var scenarios = TruthFolder.Family(family);
        foreach (var scenario in scenarios)
        {
            foreach (var (kernel, record) in scenario.Kernels)
            {
                if (FirstDifference(scenario, ((KernelSteps)record).Steps, NaiveReplay.Run(scenario, kernel)) is { } difference)
                    (differences.TryGetValue(kernel, out var list) ? list : differences[kernel] = []).Add(difference);
            }
        }

        // The per-CPU batch after asynchronous write-back, which the model leaves out, shows in a scenario or none of a family and kernel.
        var allowed = Asynchronous.Contains(family) ? 1 : 0;
        Assert.NotEmpty(scenarios);
        Assert.All(differences, kernel => Assert.True(kernel.Value.Count <= allowed, $"{kernel.Key}:\n{string.Join('\n', kernel.Value)}"));
    }

    private static string? FirstDifference(Scenario scenario, IReadOnlyList<KernelStep> expected, IReadOnlyList<KernelStep> actual)
    {
        for (var step = 0; step < expected.Count; step++)
        {
            var (want, got) = (expected[step], actual[step]);
            var where = $"{scenario}, operation {step + 1} \"{scenario.Operations[step]}\"";
            foreach (var counter in KernelStep.CounterNames)
            {
                if (want[counter] != got[counter])
                    return $"{where}: {counter} {want[counter]}, naive {got[counter]}";
            }

            if ((want.Errno, want.Frames) != (got.Errno, got.Frames))
                return $"{where}: errno and frames {(want.Errno, want.Frames)}, naive {(got.Errno, got.Frames)}";
            foreach (var region in want.Pages.Keys.Union(got.Pages.Keys))
            {
                if (want.Pages.GetValueOrDefault(region) != got.Pages.GetValueOrDefault(region))
                    return $"{where}: {region} {want.Pages.GetValueOrDefault(region)}, naive {got.Pages.GetValueOrDefault(region)}";
            }
        }

        return null;
    }
}
