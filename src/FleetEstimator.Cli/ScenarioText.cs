using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.Cli;

/// <summary>How a scenario goes in the model: what each operation does to RSS and how many faults it takes, kernel by kernel.</summary>
internal static class ScenarioText
{
    private const int KibibytesPerPage = 4;

    /// <summary>A table of at most 100 columns for each kernel that ran the scenario and that the model covers.</summary>
    public static string Of(Scenario scenario)
    {
        var text = new StringWriter { NewLine = "\n" };
        text.WriteLine($"{scenario.Name}: RSS is that of all workers together");
        foreach (var kernel in scenario.Kernels.Keys.Order(StringComparer.Ordinal))
        {
            text.WriteLine();
            if (ModelReplay.Unsupported(kernel) is { } what)
                text.WriteLine($"{kernel}: not covered by the model yet ({what})");
            else
                WriteSteps(text, scenario, kernel, ModelReplay.Run(scenario, [kernel])[0]);
        }

        return text.ToString();
    }

    private static void WriteSteps(StringWriter text, Scenario scenario, string kernel, IReadOnlyList<KernelStep> steps)
    {
        text.WriteLine($"{kernel,-30} {"RSS, KiB",12} {"change",10} {"minor faults",13} {"major faults",13}");
        var before = 0;
        foreach (var (operation, step) in scenario.Operations.Zip(steps))
        {
            var rss = step.Frames * KibibytesPerPage;
            text.WriteLine($"  {operation.Text,-28} {rss,12:N0} {rss - before,10:+#,##0;-#,##0;+0} {step["minflt"],13:N0} {step["majflt"],13:N0}");
            before = rss;
        }
    }
}
