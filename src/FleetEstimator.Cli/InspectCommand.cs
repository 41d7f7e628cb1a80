using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator inspect</c>: what a trace holds.</summary>
internal static class InspectCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static Command Create()
    {
        var file = new Argument<string>("TRACE") { Description = "A page-content trace." };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command("inspect", "Show what a trace holds: operations, processes, zero-filled shares, metadata.") { file, json };
        command.SetAction(parsed =>
        {
            try
            {
                var trace = Trace.Load(parsed.GetValue(file)!);
                var inspection = TraceInspection.Of(trace) with { ZeroShare = ZeroShareOf(trace) };
                Console.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(inspection, Indented) : ToText(trace, inspection));
                return ExitCode.Done;
            }
            catch (TraceException exception)
            {
                Console.Error.WriteLine(exception.Message);
                return ExitCode.BadInput;
            }
        });
        return command;
    }

    /// <summary>
    /// Replays the trace as linux-6.12 with the recorded machine's own memory and swap (as zram): what was resident over time, and what its own page-out,
    /// reclaim and limits swapped. All null where an operation is not covered by the model.
    /// </summary>
    private static ZeroShares ZeroShareOf(Trace trace)
    {
        foreach (var kind in trace.Kinds)
        {
            if (!Simulator.Covers(kind))
                return new ZeroShares();
        }

        var pageBytes = trace.Header.PageSize;
        var simulator = new Simulator([new Simulator.Lane(Mechanism.Linux612)],
            new NodeSettings { PageBytes = pageBytes, SwapDevice = SwapDevice.Zram, SwapPages = trace.Header.SwapBytes / pageBytes });
        for (var row = 0; row < trace.RowCount; row++)
        {
            simulator.AdvanceTo((long)trace.Times[row]);
            simulator.Apply(trace[row]);
        }

        var usage = simulator.Usage(0);
        var counters = simulator.Counters(0);
        return new ZeroShares
        {
            ResidentPages = Share(usage.ZeroFilledMeanBytes, usage.RssMeanBytes),
            SwappedOutPages = Share(counters.ZeroFilledSwapOuts, counters.SwapOuts + counters.ZeroSwapOuts),
            SwappedInPages = Share(counters.ZeroFilledSwapIns, counters.SwapIns + counters.ZeroSwapIns),
        };
    }

    private static double? Share(long part, long whole) => whole == 0 ? null : (double)part / whole;

    private static string ToText(Trace trace, TraceInspection inspection)
    {
        var text = new StringWriter { NewLine = "\n" };
        text.WriteLine($"{trace.FilePath}: {inspection.Rows:N0} rows, {inspection.Processes:N0} processes, {inspection.DurationMicroseconds / 1e6:N1} s");
        text.WriteLine($"sha256 {trace.Digest}");
        text.WriteLine();
        text.WriteLine($"{"operation",-18} {"rows",12} {"pages",16}");
        foreach (var (name, totals) in inspection.Operations)
            text.WriteLine($"{name,-18} {totals.Rows,12:N0} {totals.Pages,16:N0}");
        text.WriteLine();
        text.WriteLine("zero-filled share (replayed as linux-6.12 under the trace's own limits and page-outs)");
        text.WriteLine($"  of resident pages, over time   {Percent(inspection.ZeroShare.ResidentPages)}");
        text.WriteLine($"  of pages swapped out           {Percent(inspection.ZeroShare.SwappedOutPages)}");
        text.WriteLine($"  of pages swapped in            {Percent(inspection.ZeroShare.SwappedInPages)}");
        text.WriteLine();
        foreach (var (name, value) in inspection.Metadata)
            text.WriteLine($"{name,-34} {value}");
        return text.ToString().TrimEnd('\n');
    }

    private static string Percent(double? share) => share is { } value ? $"{100 * value:0.0}%" : "none were";
}
