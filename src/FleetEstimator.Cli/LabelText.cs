using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary>Labels on the command line, NAME=VALUE.</summary>
internal static class LabelText
{
    /// <summary>Reports what is no label.</summary>
    public static void Check(string[]? labels, Action<string> report)
    {
        foreach (var label in labels ?? [])
        {
            if (label.IndexOf('=', StringComparison.Ordinal) <= 0)
                report($"--label {label}: give NAME=VALUE.");
            else if (label.StartsWith(Capabilities.Label + "=", StringComparison.Ordinal))
                report($"--label {label}: what a trace's source could see is written in the trace and cannot be given.");
        }
    }

    /// <summary>Labels that <see cref="Check"/> accepted; of several with one name the last.</summary>
    public static Dictionary<string, string> Parse(string[]? labels)
    {
        var parsed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in labels ?? [])
        {
            var parts = label.Split('=', 2);
            parsed[parts[0]] = parts[1];
        }

        return parsed;
    }
}
