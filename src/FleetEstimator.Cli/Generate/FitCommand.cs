using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Estimation;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator fit</c>: takes a workload model from a trace and shows how well traces generated from it resemble it.</summary>
internal static class FitCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static Command Create()
    {
        var trace = new Argument<string>("TRACE") { Description = "A content-known trace with duration." };
        var output = new Option<string>("--out", "-o") { Description = "The model to write (YAML).", Required = true, HelpName = "FILE" };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the trace generated for comparison.", DefaultValueFactory = _ => 1, HelpName = "N" };
        var limit = ReplayLimit.Option("--limit", "Memory limit under which both are compared, too; default: 70% of the trace's peak.");
        var json = new Option<bool>("--json") { Description = "Print the comparison as JSON." };
        var command = new Command("fit", "Fit a workload model to a trace, and compare the trace with one generated from the model.") { trace, output, seed, limit, json };
        command.SetAction(parsed =>
        {
            var console = parsed.InvocationConfiguration;
            try
            {
                var original = Trace.Load(parsed.GetValue(trace)!);
                var text = ModelFile.TextOf(original);
                var fit = GoodnessOfFit.Of(original, WorkloadModelReader.Read(text, original.FilePath), parsed.GetValue(seed), parsed.GetValue(limit) ?? new ReplayLimit(null, 0.7));
                var path = parsed.GetValue(output)!;
                File.WriteAllText(path + ".partial", text);
                File.Move(path + ".partial", path, overwrite: true);
                console.Error.WriteLine($"wrote {path}");
                if (parsed.GetValue(json))
                    console.Output.WriteLine(JsonSerializer.Serialize(fit, Indented));
                else
                    fit.Write(console.Output, PageOutput.Width);
                return ExitCode.Done;
            }
            catch (TraceException exception)
            {
                console.Error.WriteLine(exception.Message);
                return ExitCode.BadInput;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or StudyException)
            {
                console.Error.WriteLine(exception.Message);
                return ExitCode.Failed;
            }
        });
        return command;
    }
}
