using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;

namespace FleetEstimator.Cli;

/// <summary>The summary of an import on the terminal: enough to see at a glance whether a file was read right.</summary>
internal static class ImportText
{
    internal static string Of(ImportSummary summary)
    {
        var text = new StringWriter { NewLine = "\n" };
        text.WriteLine($"{summary.Output}: {summary.Format}, {summary.Capability}, node {summary.Node}");
        if (summary.Capability == Capabilities.NameOf(Capability.CounterOnly))
            Counters(text, summary);
        else
            Trace(text, summary);
        foreach (var (what, count) in summary.LeftOut)
            text.WriteLine($"left out: {count:N0} {what}");
        foreach (var note in summary.Notes)
            text.WriteLine($"note: {note}");
        return text.ToString().TrimEnd('\n');
    }

    private static void Trace(StringWriter text, ImportSummary summary)
    {
        text.WriteLine($"{summary.Rows:N0} rows, {summary.Processes:N0} {(summary.Processes == 1 ? "process" : "processes")}, {Duration(summary)}, pages of {summary.PageSize} bytes");
        text.WriteLine($"{summary.DistinctPages:N0} different pages used ({MiB(summary.DistinctPages, summary)}) of {MiB(summary.MappedPages, summary)} mapped");
        if (summary.ReadShare is { } read)
            text.WriteLine($"of pages accessed: {read:P1} read, {summary.WriteShare:P1} written, {1 - read - summary.WriteShare:P1} not known which");
        text.WriteLine($"{"operation",-18} {"rows",14} {"pages",18}");
        foreach (var (name, totals) in summary.Operations)
            text.WriteLine($"{name,-18} {totals.Rows,14:N0} {totals.Pages,18:N0}");
    }

    private static void Counters(StringWriter text, ImportSummary summary)
    {
        text.WriteLine($"{summary.Rows:N0} samples, {Duration(summary)}");
        foreach (var (name, growth) in summary.Growth.Where(counter => IsOfInterest(counter.Key)))
            text.WriteLine($"{name,-22} {growth,18:+#,0;-#,0}");
        var others = summary.Growth.Count(counter => !IsOfInterest(counter.Key));
        if (others > 0)
            text.WriteLine($"and {others} other counters that changed");
    }

    private static bool IsOfInterest(string counter) =>
        counter.Contains("swp", StringComparison.Ordinal) || counter is "pgfault" or "pgmajfault" || counter.Contains("zero_page", StringComparison.Ordinal);

    private static string MiB(long pages, ImportSummary summary) => $"{pages * (double)summary.PageSize / 1048576:N1} MiB";

    private static string Duration(ImportSummary summary) =>
        summary.DurationMicroseconds == 0 ? "a snapshot" : $"{summary.DurationMicroseconds / 1e6:N6} s";
}
