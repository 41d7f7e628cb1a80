using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator inspect</c>: what a trace, or a counters file, shows.</summary>
internal static class InspectCommand
{
    private const string CountersSuffix = ".jsonl";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static Command Create()
    {
        var file = new Argument<string>("TRACE") { Description = "A page-content trace, or a counters file (X.counters.jsonl)." };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var full = new Option<bool>("--full") { Description = "With --json: add everything the charts show, under the key details." };
        var html = new Option<string?>("--html") { Description = "Write the charts with their figures as a page of its own that works offline.", HelpName = "FILE" };
        var svg = new Option<string?>("--svg") { Description = "Write the charts as a picture.", HelpName = "FILE" };
        var limit = ReplayLimit.Option("--limit", "Replay under this memory limit too, such as 512MiB or 70% of the peak: what would be swapped, and how it would come back.");
        var command = new Command(
            "inspect",
            "Show what a trace holds: operations, zero-filled shares, working set, content over time, where accesses go, what comes back from swap; or the rates in a counters file.")
        {
            file, json, full, html, svg, limit,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(full) && !result.GetValue(json))
                result.AddError("--full adds to --json: give both.");
        });
        command.SetAction(parsed =>
        {
            var output = new PageOutput(parsed.GetValue(html), parsed.GetValue(svg), parsed.GetValue(json), parsed.InvocationConfiguration);
            try
            {
                var path = parsed.GetValue(file)!;
                if (path.EndsWith(CountersSuffix, StringComparison.Ordinal))
                    return Counters(CounterFile.Load(path), output);
                var trace = Trace.Load(path);
                var inspection = TraceInspection.Of(trace, parsed.GetValue(limit)?.PagesFor(trace) ?? 0);
                return output.Write(
                    () => TracePage.Of(trace, inspection),
                    () => JsonSerializer.Serialize(parsed.GetValue(full) ? inspection : inspection with { Details = null }, Indented));
            }
            catch (TraceException exception)
            {
                parsed.InvocationConfiguration.Error.WriteLine(exception.Message);
                return ExitCode.BadInput;
            }
        });
        return command;
    }

    private static int Counters(CounterFile file, PageOutput output)
    {
        var rates = CounterRates.Of(file);
        return output.Write(() => CountersPage.Of(file, rates), () => JsonSerializer.Serialize(rates, Indented));
    }
}
