using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.Tests.Traces.KernelTruth;

/// <summary>The recorded kernel truth, as it stands in the repository.</summary>
internal static class KernelTruthFiles
{
    private static readonly Lazy<IReadOnlyList<Scenario>> Loaded =
        new(() => [.. Directory.EnumerateFiles(FindFolder(), "*.jsonl").Order(StringComparer.Ordinal).SelectMany(Scenario.Load)]);

    public static IReadOnlyList<Scenario> All => Loaded.Value;

    private static string FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "tests", "FleetEstimator.KernelTruthTests", "kernel-truth");
            if (Directory.Exists(candidate))
                return candidate;
        }

        throw new DirectoryNotFoundException("The tests run outside the repository: there is no kernel-truth folder above them.");
    }
}
