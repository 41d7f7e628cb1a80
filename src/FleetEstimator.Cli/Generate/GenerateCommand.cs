using System.CommandLine;
using System.Reflection;
using System.Text.Json;
using FleetEstimator.Estimation;
using FleetEstimator.Reports.Charts;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Synthesis;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator generate</c>: a synthetic trace from a workload model.</summary>
internal static class GenerateCommand
{
    private const ulong DefaultSeed = 1;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>This program, as traces name it.</summary>
    internal static string Program { get; } =
        $"fleet-estimator {typeof(GenerateCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion} generate";

    internal static Command Create()
    {
        var model = new Option<string?>("--model") { Description = "The workload model, as fit writes it.", HelpName = "FILE" };
        var like = new Option<string?>("--like") { Description = "Fit a model to this trace and generate from it: the same as fit and --model.", HelpName = "TRACE" };
        var seed = new Option<ulong>("--seed") { Description = "Seed of everything random: the same model and seed give the same bytes.", DefaultValueFactory = _ => DefaultSeed, HelpName = "N" };
        var output = new Option<string>("--out", "-o") { Description = "The trace to write.", Required = true, HelpName = "FILE" };
        var duration = DurationText.Option("--duration", "Length of the trace; default: the model's. Phases begin anew after the last.");
        var pages = new Option<long?>("--pages") { Description = "About the most pages at one time; default: the model's.", HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "Print what was written as JSON." };
        var command = new Command("generate", "Generate a synthetic trace from a workload model. The trace says that it is synthetic, and so does every study over it.")
        {
            model, like, seed, output, duration, pages, json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(model) is null == result.GetValue(like) is null)
                result.AddError("Give either --model FILE or --like TRACE.");
            if (result.GetValue(pages) is < 1)
                result.AddError("--pages: give a number of at least 1.");
        });
        command.SetAction(parsed =>
        {
            var console = parsed.InvocationConfiguration;
            try
            {
                var workload = parsed.GetValue(like) is { } trace ? ModelFile.FitTo(Trace.Load(trace)) : ModelFile.Read(parsed.GetValue(model)!);
                var steps = parsed.GetValue(duration) is { } length ? (int)Math.Clamp(Math.Round(length.TotalMicroseconds / workload.StepMicroseconds), 1, int.MaxValue) : workload.Steps;
                var scale = parsed.GetValue(pages) is { } most ? most / (double)Math.Max(1, workload.PeakPages) : 1;
                var rows = Write(workload, parsed.GetValue(seed), steps, scale, parsed.GetValue(output)!);
                if (parsed.GetValue(json))
                    console.Output.WriteLine(JsonSerializer.Serialize(new { path = parsed.GetValue(output), rows, steps, seed = parsed.GetValue(seed) }, Indented));
                else
                    console.Output.WriteLine($"{parsed.GetValue(output)}: {rows:N0} rows, {Measures.Text((double)steps * workload.StepMicroseconds, Measure.Time)}, synthetic (seed {parsed.GetValue(seed)})");
                return ExitCode.Done;
            }
            catch (TraceException exception)
            {
                console.Error.WriteLine(exception.Message);
                return ExitCode.BadInput;
            }
            catch (StudyException exception)
            {
                console.Error.WriteLine(exception.Message);
                return ExitCode.WrongUsage;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                console.Error.WriteLine(exception.Message);
                return ExitCode.Failed;
            }
        });
        return command;
    }

    /// <summary>Writes a generated trace. How many rows it has.</summary>
    internal static long Write(WorkloadModel model, ulong seed, int steps, double scale, string path)
    {
        using var writer = TraceWriter.Create(path, WorkloadGenerator.HeaderOf(model, seed, Program));
        foreach (var row in WorkloadGenerator.Rows(model, seed, steps, scale))
            writer.Append(row);
        writer.Complete();
        return writer.Rows;
    }
}

/// <summary>Workload models and their files.</summary>
internal static class ModelFile
{
    /// <summary>The model of a trace, rounded as in a file, so that it makes no difference whether there was one in between.</summary>
    public static WorkloadModel FitTo(Trace trace) => WorkloadModelReader.Read(TextOf(trace), trace.FilePath);

    /// <summary>The file of a model of a trace.</summary>
    public static string TextOf(Trace trace) => WorkloadModelText.Write(ModelFit.Of(trace), $"A workload model, fitted to a trace of SHA-256 {trace.Digest}.");

    /// <summary>Reads a model file.</summary>
    /// <exception cref="StudyException">It cannot be read, or is wrong.</exception>
    public static WorkloadModel Read(string path)
    {
        try
        {
            return WorkloadModelReader.Read(File.ReadAllText(path), path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StudyException([new StudyError(path, 1, 1, "", $"the model file cannot be read: {exception.Message}", "give the path of a model file")]);
        }
    }
}
