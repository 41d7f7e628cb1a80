using System.CommandLine;
using FleetEstimator.Estimation;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary>A memory limit on the command line: bytes, or a share of the unlimited peak.</summary>
/// <param name="Bytes">Bytes, or null.</param>
/// <param name="OfPeak">Share of the peak, in (0, 1], or null.</param>
internal sealed record ReplayLimit(long? Bytes, double? OfPeak)
{
    /// <summary>The limit for a trace in pages, at least 1. A share of the peak takes a replay to know it.</summary>
    public long PagesFor(Trace trace) =>
        Math.Max(1, Bytes is { } bytes ? bytes / trace.Header.PageSize : (long)(OfPeak!.Value * TraceInspection.Of(trace).Details!.ResidentPeakPages));

    /// <summary>An option that takes a limit and rejects everything else.</summary>
    public static Option<ReplayLimit?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE|SHARE",
        CustomParser = result =>
        {
            var text = result.Tokens[^1].Value;
            if (TryParse(text) is { } limit)
                return limit;
            result.AddError($"{name} {text}: give a size such as 512MiB, or a share of the peak such as 70%.");
            return null;
        },
    };

    /// <summary>The limit that a text says, or null.</summary>
    public static ReplayLimit? TryParse(string text)
    {
        if (text.EndsWith('%'))
            return Percentage.TryParse(text, out var share) && share is > 0 and <= 1 ? new(null, share) : null;
        return ByteSize.TryParse(text, out var bytes, out _) && bytes > 0 ? new(bytes, null) : null;
    }
}
