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
    /// Replays the trace as linux-6.12 on zram: what was resident over time, and what the trace's own page-outs, reclaim, limits and observed swap-outs
    /// swapped.
    /// </summary>
    private static ZeroShares ZeroShareOf(Trace trace)
    {
        var pageBytes = trace.Header.PageSize;
        var simulator = new Simulator([new Simulator.Lane(Mechanism.Linux612)],
            new NodeSettings { PageBytes = pageBytes, SwapDevice = SwapDevice.Zram, SwapPages = UnlimitedPages });
        for (var row = 0; row < trace.RowCount; row++)
        {
            simulator.AdvanceTo((long)Math.Min(trace.Times[row], LastTime));
            var operation = trace[row];
            simulator.Apply(operation.Kind == OperationKind.ObservedSwapOut ? operation with { Kind = OperationKind.PageOut } : operation);
        }

        var usage = simulator.Usage(0);
        var counters = simulator.Counters(0);
        var now = simulator.State(0);
        return new ZeroShares
        {
            // A snapshot has no duration to weigh by.
            ResidentPages = usage.Microseconds > 0 ? Share(usage.ZeroFilledMeanBytes, usage.RssMeanBytes) : Share(now.ZeroFilledFrames, now.MappedFrames),
            SwappedOutPages = Share(counters.ZeroFilledSwapOuts, counters.SwapOuts + counters.ZeroSwapOuts),
            SwappedInPages = Share(counters.ZeroFilledSwapIns, counters.SwapIns + counters.ZeroSwapIns),
        };
    }

    // Times beyond (35,000 years) are nonsense, but no reason not to show the rest.
    private const ulong LastTime = 1UL << 60;

    // What the trace says was swapped out found room then.
    private const long UnlimitedPages = long.MaxValue / 4;

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

    private static string Percent(double? share) =>
        share is { } value ? $"{100 * value:0.0}%" : "none were";
}
