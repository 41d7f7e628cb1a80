using System.CommandLine;
using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Reports;
using FleetEstimator.Server;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator run</c>: runs a study and writes its report.</summary>
internal static class RunCommand
{
    internal static Command Create()
    {
        var study = new Argument<string>("STUDY.yaml") { Description = "The study: fleet, recordings, mechanisms, claims." };
        var output = new Option<string?>("--out", "-o") { Description = "Folder of the result; default: out/NAME-OF-STUDY.", HelpName = "DIR" };
        var seed = new Option<ulong?>("--seed") { Description = "Seed of everything random; default: the study's.", HelpName = "N" };
        var costs = new Option<string?>("--costs") { Description = "Cost file to use in place of the study's costs, as calibrate writes it.", HelpName = "FILE" };
        var local = new Option<bool>("--local") { Description = "Simulate in a plain loop, without a silo; the same result." };
        var json = new Option<bool>("--json") { Description = "Print report.json instead of the table." };
        var failOnClaims = new Option<bool>("--fail-on-claims") { Description = "Exit with 99 if a claim is refuted or undecided." };
        var command = new Command("run", "Run a fleet study over recordings and write a savings report.") { study, output, seed, costs, local, json, failOnClaims };
        command.SetAction(async (parsed, interrupt) =>
        {
            var options = new Options(
                parsed.GetValue(study)!, parsed.GetValue(output), parsed.GetValue(seed), parsed.GetValue(costs), parsed.GetValue(local), parsed.GetValue(json), parsed.GetValue(failOnClaims));
            try
            {
                return await Run(options, interrupt);
            }
            catch (StudyException exception)
            {
                return Fail(exception.Message, ExitCode.WrongUsage);
            }
            catch (TraceException exception)
            {
                return Fail(exception.Message, ExitCode.BadInput);
            }
            catch (Exception exception) when (exception is IOException or InvalidOperationException)
            {
                return Fail(exception.Message, ExitCode.Failed);
            }
            catch (OperationCanceledException)
            {
                return Fail("interrupted: nothing was written. Run the same command again to start over.", ExitCode.Interrupted);
            }
        });
        return command;
    }

    private static async Task<int> Run(Options options, CancellationToken interrupt)
    {
        var started = TimeProvider.System.GetUtcNow();
        var progress = new RunProgress();
        progress.Say($"reading {options.StudyPath} and its recordings");
        var study = ReadStudy(options);
        var output = options.Output ?? Path.Combine("out", study.Name);
        var folder = new ResultFolder(output);
        try
        {
            folder.Check();
        }
        catch (IOException exception)
        {
            return Fail(exception.Message, ExitCode.WrongUsage);
        }

        var plan = StudyPlan.Make(study, Path.GetDirectoryName(Path.GetFullPath(options.StudyPath))!);
        foreach (var part in study.Sweep.Select(plan.Of).Prepend(plan))
            RequireMeasuredPeriod(options, part);
        var workloads = new WorkloadCache();
        foreach (var recording in plan.Recordings)
            workloads.Get(recording);

        progress.Say("backtesting the recordings that have kernel counters beside them");
        var backtests = await StudyResults.Backtest(plan, interrupt);

        await using var silo = options.Local ? null : await EmbeddedSilo.Start(workloads, interrupt);
        progress.Say($"simulating {(study.Simulation is null ? "" : "some of ")}{plan.NodeCount:N0} nodes of {study.Classes.Count} classes from {plan.Recordings.Count} recordings under {study.Mechanisms.Count} mechanisms"
            + (study.Sweep.Count > 0 ? $", and again for each of {study.Sweep.Count} what-ifs" : ""));
        var outcome = silo == null
            ? await LocalStudy.Run(plan, workloads, progress, interrupt)
            : await new StudyClient(silo.Grains).Run(plan, progress, interrupt);
        progress.Clear();

        var result = StudyResults.Make(plan, outcome, workloads, backtests);
        await folder.WriteAsync(study, result, outcome.Nodes, RecordOf(options, plan, result, started), interrupt);
        Print(result, output, options.Json);
        return result.FailedNodes.Count > 0 || result.Sweep.Any(point => point.FailedNodes > 0) ? ExitCode.Partial
            : options.FailOnClaims && result.Claims.Any(claim => claim.Verdict != Verdict.Supported) ? ExitCode.ClaimsFailed
            : ExitCode.Done;
    }

    private static StudyDefinition ReadStudy(Options options)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(options.StudyPath))!;
        var study = StudyReader.Read(ReadText(options.StudyPath, "study"), options.StudyPath, file => File.ReadAllText(Path.Combine(folder, file)));
        RefuseSwept(options, study, "seed", "--seed", options.Seed is not null);
        RefuseSwept(options, study, "costs", "--costs", options.CostsPath is not null);
        return study.With(options.Seed, options.CostsPath is { } costs ? CostReader.Read(ReadText(costs, "cost"), costs) : null);
    }

    private static void RefuseSwept(Options options, StudyDefinition study, string parameter, string option, bool isGiven)
    {
        if (isGiven && study.Sweep.Any(point => point.Parameter == parameter || point.Parameter.StartsWith(parameter + ".", StringComparison.Ordinal)))
        {
            throw new StudyException([new StudyError(options.StudyPath, 1, 1, parameter,
                $"the study sweeps over {parameter}, and {option} gives one value for all of it", $"leave {option} out, or give {parameter} one value in the study")]);
        }
    }

    private static string ReadText(string path, string kind)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StudyException([new StudyError(path, 1, 1, "", $"the {kind} file cannot be read: {exception.Message}", $"give the path of a {kind} file")]);
        }
    }

    private static void RequireMeasuredPeriod(Options options, StudyPlan plan)
    {
        foreach (var recording in plan.Recordings)
        {
            var duration = NodeSimulation.Duration(plan.Study, recording.Files.Sum(file => (long)file.DurationMicroseconds));
            if (plan.Study.WarmUp.Of(duration) >= duration)
            {
                throw new StudyException([new StudyError(options.StudyPath, 1, 1, "warm_up",
                    $"warm-up takes {plan.Study.WarmUp}, but nodes that replay {recording.Node} are simulated for {Period.ToText(duration)} only",
                    "give a shorter warm_up, or a longer duration")]);
            }
        }
    }

    private static RunRecord RecordOf(Options options, StudyPlan plan, StudyResult result, DateTimeOffset started) => new()
    {
        Started = started,
        Finished = TimeProvider.System.GetUtcNow(),
        Command = Environment.GetCommandLineArgs(),
        StudyPath = options.StudyPath,
        RecordingPaths = [.. plan.Recordings.SelectMany(recording => recording.Files).Select(file => file.Path)],
        SimulatedNodes = result.SimulatedNodes,
        Environment = RunEnvironment.Current(),
    };

    private static void Print(StudyResult result, string folder, bool asJson)
    {
        if (asJson)
        {
            using var stdout = Console.OpenStandardOutput();
            ReportJson.Write(result, stdout);
            return;
        }

        ReportText.Write(result, Console.Out);
        Console.Out.WriteLine();
        Console.Out.WriteLine($"Report: {Path.Combine(folder, ResultFolder.HtmlName)}"
            + $" (beside it: {ResultFolder.JsonName}, {ResultFolder.NodesName}, {ResultFolder.RunName})");
    }

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine(message);
        return exitCode;
    }

    private sealed record Options(string StudyPath, string? Output, ulong? Seed, string? CostsPath, bool Local, bool Json, bool FailOnClaims);
}
