using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator diff</c>: two traces side by side.</summary>
internal static class DiffCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static Command Create()
    {
        var a = new Argument<string>("A") { Description = "A page-content trace." };
        var b = new Argument<string>("B") { Description = "The trace to compare it with." };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var html = new Option<string?>("--html") { Description = "Write the comparison as a page of its own that works offline.", HelpName = "FILE" };
        var svg = new Option<string?>("--svg") { Description = "Write the charts as a picture.", HelpName = "FILE" };
        var limit = ReplayLimit.Option("--limit", "Replay both under this memory limit too, such as 512MiB or 70% of the first one's peak.");
        var command = new Command("diff", "Compare two traces: row by row, headers, counts, zero-filled shares, content, working set, what comes back from swap.") { a, b, json, html, svg, limit };
        command.SetAction(parsed =>
        {
            try
            {
                var (first, second) = (Trace.Load(parsed.GetValue(a)!), Trace.Load(parsed.GetValue(b)!));
                var limitPages = parsed.GetValue(limit)?.PagesFor(first) ?? 0;
                // The same bytes, and at least a page.
                var limitPagesOfSecond = limitPages == 0 ? 0 : Math.Max(1, limitPages * first.Header.PageSize / second.Header.PageSize);
                var (ofFirst, ofSecond) = (TraceInspection.Of(first, limitPages), TraceInspection.Of(second, limitPagesOfSecond));
                var diff = TraceDiff.Of(first, ofFirst, second, ofSecond);
                return new PageOutput(parsed.GetValue(html), parsed.GetValue(svg), parsed.GetValue(json), parsed.InvocationConfiguration).Write(
                    () => DiffPage.Of(first, ofFirst, second, ofSecond, diff),
                    () => JsonSerializer.Serialize(diff, Indented));
            }
            catch (TraceException exception)
            {
                parsed.InvocationConfiguration.Error.WriteLine(exception.Message);
                return ExitCode.BadInput;
            }
        });
        return command;
    }
}
