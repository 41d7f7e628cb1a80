using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.KernelTruthTests;

internal static class TruthFolder
{
    public static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "kernel-truth");

    public static IReadOnlyList<Scenario> Family(string family) => Scenario.Load(System.IO.Path.Combine(Path, $"{family}.jsonl"));
}
