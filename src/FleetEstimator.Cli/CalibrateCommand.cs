using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using FleetEstimator.Recorder.Calibration;
using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator calibrate</c>: measures what paging costs on this machine's kernel, or compares the model with it.</summary>
internal static class CalibrateCommand
{
    private const int PagesPerHugePage = 512;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static Command Create()
    {
        var device = new Option<CalibrationDevice>("--device")
        {
            Description = "What is measured besides memory: a zram device of its own (default), zswap before it, a disk by a file of its own, or the zram swapped to now.",
        };
        var pages = new Option<int?>("--pages") { Description = "Pages to time each step over, a multiple of 512; default 16384 (64 MiB).", HelpName = "N" };
        var passes = new Option<int?>("--passes") { Description = "Times each step is timed; default 12.", HelpName = "N" };
        var folder = new Option<string?>("--folder") { Description = "Folder on the disk that --device file measures; default: this one.", HelpName = "DIR" };
        var output = new Option<string?>("--out", "-o") { Description = "Write the cost table here, for run --costs; default: print it.", HelpName = "FILE" };
        var scenarios = new Option<string?>("--scenarios") { Description = "Instead: run the *.jsonl scenarios of this folder on this kernel and compare the paging model with what it did.", HelpName = "DIR" };
        var family = new Option<string?>("--family") { Description = "With --scenarios: this family only.", HelpName = "NAME" };
        var writeZswap = new Option<bool>("--write-zswap") { Description = "With --scenarios: also those that need zswap's parameter written; the kernel remembers that until it restarts." };
        var restore = new Option<bool>("--restore") { Description = "Only take back what a calibration that was killed left changed." };
        var state = new Option<string?>("--state") { Description = "Folder of the journal of changed settings and its lock; for tests.", HelpName = "DIR", Hidden = true };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command("calibrate", "Measure what paging costs on this machine's kernel, or prove the model on it (root; sets up swap of its own for a while and takes it away again).")
        {
            device, pages, passes, folder, output, scenarios, family, writeZswap, restore, state, json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(pages) is { } count && (count < PagesPerHugePage || count > 1 << 20 || count % PagesPerHugePage != 0))
                result.AddError($"--pages {count}: give a multiple of 512 from 512 to 1048576.");
            if (result.GetValue(passes) is < 1 or > 1000)
                result.AddError($"--passes {result.GetValue(passes)}: give 1 to 1000.");
            if (result.GetValue(scenarios) is null && (result.GetValue(family) is not null || result.GetValue(writeZswap)))
                result.AddError("--family and --write-zswap go with --scenarios.");
        });
        command.SetAction(parsed =>
        {
            var error = parsed.InvocationConfiguration.Error;
            using var cancellation = new CancellationTokenSource();
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            try
            {
                if (parsed.GetValue(restore))
                {
                    error.WriteLine(Restored(CostCalibration.Restore(parsed.GetValue(state))));
                    return ExitCode.Done;
                }

                if (parsed.GetValue(scenarios) is { } scenarioFolder)
                {
                    var comparison = new ComparisonOptions
                    {
                        ScenarioFolder = scenarioFolder,
                        Family = parsed.GetValue(family),
                        MayWriteZswap = parsed.GetValue(writeZswap),
                        WorkerCommand = ScenarioWorkerCommand.Line,
                        StateFolder = parsed.GetValue(state) ?? CalibrationOptions.DefaultStateFolder,
                    };
                    return KernelComparisonText.Run(comparison, parsed.GetValue(json), parsed.InvocationConfiguration.Output, error, cancellation.Token);
                }

                var options = new CalibrationOptions
                {
                    StateFolder = parsed.GetValue(state) ?? CalibrationOptions.DefaultStateFolder,
                    Device = parsed.GetValue(device),
                    Pages = parsed.GetValue(pages) ?? 16384,
                    Passes = parsed.GetValue(passes) ?? 12,
                    Folder = parsed.GetValue(folder) ?? ".",
                };
                if (options.Device == CalibrationDevice.Zswap)
                    error.WriteLine("zswap's parameter is put back afterwards, but the kernel remembers until it restarts that it was written, and no longer swaps large folios in whole.");
                return Measure(options, parsed.GetValue(output), parsed.GetValue(json), parsed.InvocationConfiguration.Output, error, cancellation.Token);
            }
            catch (CalibrationException exception)
            {
                error.WriteLine($"calibrate: {exception.Message}");
                return ExitCode.Failed;
            }
            catch (ScenarioException exception)
            {
                error.WriteLine(exception.Message);
                return ExitCode.BadInput;
            }
            catch (OperationCanceledException)
            {
                error.WriteLine("calibrate: interrupted; every setting is as before. Run the same command again to start over.");
                return ExitCode.Interrupted;
            }

            void Stop(PosixSignalContext context)
            {
                context.Cancel = true;
                cancellation.Cancel();
            }
        });
        return command;
    }

    private static int Measure(CalibrationOptions options, string? path, bool asJson, TextWriter output, TextWriter error, CancellationToken interrupt)
    {
        var result = CostCalibration.Run(options, progress: null, interrupt);
        if (result.Restored > 0)
            error.WriteLine(Restored(result.Restored));
        var yaml = CostReader.Write(result.Costs, Heading(result));
        if (path is not null)
        {
            try
            {
                File.WriteAllText(path, yaml);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"calibrate: {path} cannot be written: {exception.Message}");
                return ExitCode.Failed;
            }
        }

        if (asJson)
            output.WriteLine(ToJson(result).ToJsonString(Indented));
        else if (path is null)
            output.Write(yaml);
        else
            output.WriteLine($"{path}: {Cost.All.Count(cost => !cost.IsDefaultIn(result.Costs))} of {Cost.All.Count} costs measured; use it with run --costs {path}");
        return ExitCode.Done;
    }

    private static string Restored(int changes) => changes == 0 ? "Nothing was left to restore." : $"Restored {changes} changes that a calibration which was killed had left.";

    private static IEnumerable<string> Heading(CostCalibration result)
    {
        yield return $"Costs of paging, {DateTimeOffset.UtcNow:yyyy-MM-dd}. Nanoseconds; what is not named here has its default.";
        foreach (var line in result.Provenance)
            yield return line;
        yield return "Steps, ns a page: least (median, greatest) of the passes.";
        foreach (var (step, timing) in result.Timings.OrderBy(step => step.Key))
            yield return $"  {NameOf(step),-18} {timing.Least,9:F0} ({timing.Median:F0}, {timing.Greatest:F0})";
    }

    private static JsonObject ToJson(CostCalibration result) => new()
    {
        ["provenance"] = new JsonArray([.. result.Provenance.Select(line => (JsonNode)line)]),
        ["restored"] = result.Restored,
        ["costs"] = new JsonArray([.. Cost.All.Select(cost => (JsonNode)new JsonObject
        {
            ["cost"] = cost.Key,
            ["meaning"] = cost.Meaning,
            ["nanoseconds"] = cost.Of(result.Costs),
            ["source"] = cost.SourceIn(result.Costs),
            ["is_default"] = cost.IsDefaultIn(result.Costs),
        })]),
        ["steps"] = new JsonArray([.. result.Timings.OrderBy(step => step.Key).Select(step => (JsonNode)new JsonObject
        {
            ["step"] = NameOf(step.Key),
            ["least_ns"] = step.Value.Least,
            ["median_ns"] = step.Value.Median,
            ["greatest_ns"] = step.Value.Greatest,
        })]),
    };

    private static string NameOf(PageStep step) => JsonNamingPolicy.SnakeCaseLower.ConvertName(step.ToString());
}
