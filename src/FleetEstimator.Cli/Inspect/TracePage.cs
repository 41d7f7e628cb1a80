using System.Globalization;
using FleetEstimator.Reports;
using FleetEstimator.Reports.Charts;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary>Says what a trace shows: facts, notes, charts.</summary>
internal static class TracePage
{
    public static ChartPage Of(Trace trace, TraceInspection inspection)
    {
        var details = inspection.Details!;
        return new()
        {
            Title = Path.GetFileName(trace.FilePath),
            Kind = "page-content trace",
            Facts = [.. Facts(trace, inspection, details)],
            Notes = details.LimitPages > 0
                ?
                [
                    .. Notes(trace.Header, details),
                    $"Replayed as linux-6.12 on zram under a memory limit of {Bytes(details.LimitPages, details)}: what is resident and what is swapped is the model's answer, not what was recorded.",
                ]
                : [.. Notes(trace.Header, details)],
            Charts = [.. TraceCharts.Of(inspection)],
            Tables =
            [
                ("Operations", new(["operation", "rows", "pages"], [.. inspection.Operations.Select(operation =>
                    (IReadOnlyList<string>)[operation.Key, Count(operation.Value.Rows), Count(operation.Value.Pages)])])),
                ("Header", new(["key", "value"], [.. inspection.Metadata.Select(pair => (IReadOnlyList<string>)[pair.Key, pair.Value])])),
            ],
        };
    }

    internal static string Bytes(long pages, TraceDetails details) => Measures.Text((double)pages * details.PageBytes, Measure.Bytes);

    internal static string Share(double? share, string none) => share is { } value ? Measures.Text(value, Measure.Share) : none;

    internal static string Count(long number) => FigureFormat.Count(number);

    private static string Count(ulong number) => number.ToString("#,##0", CultureInfo.InvariantCulture);

    private static IEnumerable<(string, string)> Facts(Trace trace, TraceInspection inspection, TraceDetails details)
    {
        var header = trace.Header;
        yield return ("Duration", Measures.Text(inspection.DurationMicroseconds, Measure.Time));
        yield return ("Rows", Count(inspection.Rows));
        yield return ("Processes", Count(inspection.Processes));
        yield return ("Resident, peak", Bytes(details.ResidentPeakPages, details));
        yield return ("Resident, mean over time", Bytes(details.ResidentMeanPages, details));
        yield return ("Accessed at all", Bytes(details.AccessedPages, details));
        var knowsContent = header.Capability == Capability.ContentKnown;
        yield return ("Zero-filled, of resident pages over time", ZeroShare(inspection.ZeroShare.ResidentPages, "nothing was resident"));
        yield return (Denominated("Zero-filled, of pages swapped out", details.SwappedOutPages), ZeroShare(inspection.ZeroShare.SwappedOutPages, "no page was swapped out"));
        yield return (Denominated("Zero-filled, of pages swapped in", details.SwappedInPages), ZeroShare(inspection.ZeroShare.SwappedInPages, "no page was swapped in"));
        yield return ("Accesses from", header.IntervalMicroseconds > 0
            ? $"{header.AccessSource}, every {Measures.Text(header.IntervalMicroseconds, Measure.Time)}"
            : $"{header.AccessSource}, exact times");
        yield return header.Labels.TryGetValue(GeneratedTrace.Label, out var origin)
            ? ("Generated", origin)
            : ("Recorded", $"{header.Node}, {header.RecordedAt:yyyy-MM-dd HH:mm}, Linux {header.KernelRelease}");
        yield return ("SHA-256", trace.Digest[..12] + "…");

        string ZeroShare(double? share, string none) => Share(share, knowsContent ? none : "not known");
    }

    private static string Denominated(string name, long pages) => pages > 0 ? $"{name} ({Count(pages)})" : name;

    /// <summary>What must be known of a trace to read its figures right.</summary>
    internal static IEnumerable<string> Notes(TraceHeader header, TraceDetails details)
    {
        if (header.Labels.ContainsKey(GeneratedTrace.Label))
            yield return "Synthetic: this trace was generated from a workload model. Nothing in it was recorded.";
        if (details.SamplingFraction < 1)
        {
            yield return $"Sampled: {Measures.Text(details.SamplingFraction, Measure.Share)} of the node's memory was recorded, in aligned blocks. Sizes and page counts below are of "
                + $"sampled memory; the whole node has about {1 / details.SamplingFraction:0.#} times as much. Shares and times need no scaling.";
        }

        if (CapabilityNote(header.Capability) is { } note)
            yield return note;
    }

    private static string? CapabilityNote(Capability capability) => capability switch
    {
        Capability.ContentKnown => null,
        Capability.MappingOnly => "Mapping-only: the source knew which pages were mapped, not what they held. There is no zero-filled share to show.",
        Capability.AccessOnly => "Access-only: the source knew which pages were accessed, neither what they held nor all that was resident. There is no zero-filled share to show.",
        _ => "Counter-only: the source had counters and no pages.",
    };
}
