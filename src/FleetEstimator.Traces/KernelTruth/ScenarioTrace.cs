namespace FleetEstimator.Traces.KernelTruth;

/// <summary>A scenario as a trace file.</summary>
public static class ScenarioTrace
{
    // A scenario does not say how much memory its guest had; only a limit, which is a row, matters to it.
    private const long NominalMemoryBytes = 1L << 30;
    private const long SwapBytes = 512L << 20;

    /// <summary>Writes the operations of <paramref name="scenario"/>, a second apart. The same scenario gives the same rows and header every time.</summary>
    /// <exception cref="ScenarioException">The operations do not fit together.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(Scenario scenario, string path, TraceCompression compression = TraceCompression.Zstd)
    {
        var steps = ScenarioCompiler.Compile(scenario);
        using var writer = TraceWriter.Create(path, HeaderOf(scenario), compression);
        foreach (var row in steps.SelectMany(step => step.Rows))
            writer.Append(row);
        writer.Complete();
    }

    /// <summary>The header of the trace that <see cref="Write"/> writes: a node of its own for every scenario, the guest's settings as labels.</summary>
    public static TraceHeader HeaderOf(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        var guest = scenario.Guest;
        var labels = new Dictionary<string, string>
        {
            ["family"] = scenario.Family,
            ["scenario"] = scenario.Name,
            ["swap"] = guest.Swap.ToString().ToLowerInvariant(),
            ["page_cluster"] = guest.PageCluster.ToString(),
            ["zswap"] = guest.Zswap.ToString().ToLowerInvariant(),
            ["thp"] = guest.TransparentHugePages.ToString().ToLowerInvariant(),
            ["mthp64"] = guest.HugePages64K.ToString().ToLowerInvariant(),
        };
        if (guest.MultiGenerationalLru is { } isMultiGenerational)
            labels.Add("lru", isMultiGenerational ? "mglru" : "classic");
        return new()
        {
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = "kernel-truth scenario",
            KernelRelease = "none",
            Node = scenario.ToString(),
            MemoryBytes = NominalMemoryBytes,
            SwapBytes = SwapBytes,
            AccessSource = "exact",
            Codec = "nominal",
            Labels = labels,
        };
    }
}
