using System.CommandLine;
using FleetEstimator.Cli.Cluster;
using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Grains.Submissions;
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
        var data = new Option<string?>("--data") { Description = $"Folder in which results are kept until the report is written; default: {DataFolder.DefaultText}.", HelpName = "DIR" };
        var local = new Option<bool>("--local") { Description = "Simulate in a plain loop, without a silo; the same result." };
        var cluster = ClusterOption.Create("Simulate in this cluster instead of this process; the same result.");
        var json = new Option<bool>("--json") { Description = "Print report.json instead of the table." };
        var failOnClaims = new Option<bool>("--fail-on-claims") { Description = "Exit with 99 if a claim is refuted or undecided." };
        var command = new Command("run", "Run a fleet study over recordings and write a savings report.") { study, output, seed, costs, data, local, cluster, json, failOnClaims };
        command.Validators.Add(result =>
        {
            if (result.GetValue(local) && result.GetValue(cluster) is not null)
                result.AddError("--local simulates in this process, --cluster elsewhere: give one of them.");
        });
        command.SetAction(async (parsed, interrupt) =>
        {
            var options = new Options(
                parsed.GetValue(study)!, parsed.GetValue(output), parsed.GetValue(seed), parsed.GetValue(costs), parsed.GetValue(data), parsed.GetValue(local), parsed.GetValue(json), parsed.GetValue(failOnClaims));
            var progress = new RunProgress();
            try
            {
                if (!options.Local && ClusterOption.Of(parsed.GetValue(cluster)) is { } silos)
                {
                    var (console, file) = (parsed.InvocationConfiguration, StudyFile.Open(options.StudyPath, options.Seed, options.CostsPath));
                    return await new ClusterRun(silos, file, options.Output, console.Output, console.Error) { AsJson = options.Json, FailOnClaims = options.FailOnClaims }.Run(interrupt);
                }

                return await Run(options, progress, interrupt);
            }
            catch (FormatException exception)
            {
                return Fail(exception.Message, ExitCode.WrongUsage);
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
                return Fail(WhatIsKept(options, progress.Last), ExitCode.Interrupted);
            }
        });
        return command;
    }

    private static async Task<int> Run(Options options, RunProgress progress, CancellationToken interrupt)
    {
        var started = TimeProvider.System.GetUtcNow();
        progress.Say($"reading {options.StudyPath} and its recordings");
        var file = StudyFile.Open(options.StudyPath, options.Seed, options.CostsPath);
        var study = file.Read();
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

        var plan = file.Plan(study, RecordingSet.Find(file.Folder, StudyPlan.PatternsOf(study)));
        var workloads = new WorkloadCache();
        foreach (var recording in plan.Recordings)
            workloads.Get(recording);

        progress.Say("backtesting the recordings that have kernel counters beside them");
        var backtests = await StudyResults.Backtest(plan, workloads.Traces, interrupt);

        await using var silo = options.Local ? null : await EmbeddedSilo.Start(workloads, Path.Combine(options.DataFolder ?? DataFolder.Default, EmbeddedSilo.FileName(plan)), interrupt);
        progress.Say($"simulating {(study.Simulation is null ? "" : "some of ")}{plan.NodeCount:N0} nodes of {study.Classes.Count} classes from {plan.Recordings.Count} recordings under {study.Mechanisms.Count} mechanisms"
            + (study.Sweep.Count > 0 ? $", and again for each of {study.Sweep.Count} what-ifs" : ""));
        var outcome = silo == null
            ? await LocalStudy.Run(plan, workloads, progress, interrupt)
            : await new StudyClient(silo.Grains).Run(plan, progress, interrupt);
        progress.Clear();

        var result = StudyResults.Make(plan, outcome, workloads, backtests);
        await folder.WriteAsync(study, result, outcome.Nodes, RecordOf(options, plan, progress.Last?.Simulated ?? 0, started), interrupt);
        if (silo is not null)
            await silo.Finish();
        Print(result, output, options.Json);
        return ExitCodeOf(result, options.FailOnClaims);
    }

    /// <summary>What a study that has ended tells the program that started it.</summary>
    internal static int ExitCodeOf(StudyResult result, bool failOnClaims) =>
        result.FailedNodes.Count > 0 || result.Sweep.Any(point => point.FailedNodes > 0) ? ExitCode.Partial
            : failOnClaims && result.Claims.Any(claim => claim.Verdict != Verdict.Supported) ? ExitCode.ClaimsFailed
            : ExitCode.Done;

    private static string WhatIsKept(Options options, StudyProgress? progress) => options.Local || progress is null
        ? "interrupted: nothing was written. Run the same command again to start over."
        : $"interrupted after {progress.Done + progress.Failed:N0} of {progress.Nodes:N0} nodes{(progress.Stage is { } stage ? $" at {stage}" : "")}; no report was written. "
            + "The nodes are kept: run the same command again to go on from there.";

    private static RunRecord RecordOf(Options options, StudyPlan plan, long simulatedNodes, DateTimeOffset started) => new()
    {
        Started = started,
        Finished = TimeProvider.System.GetUtcNow(),
        Command = Environment.GetCommandLineArgs(),
        StudyPath = options.StudyPath,
        RecordingPaths = [.. plan.Recordings.SelectMany(recording => recording.Files).Select(file => file.Path)],
        SimulatedNodes = simulatedNodes,
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

        PrintTable(result, folder, Console.Out);
    }

    /// <summary>Prints a result for people, and where its files are.</summary>
    internal static void PrintTable(StudyResult result, string folder, TextWriter output)
    {
        ReportText.Write(result, output);
        output.WriteLine();
        var beside = new[] { ResultFolder.JsonName, ResultFolder.NodesName, ResultFolder.RunName }.Where(name => File.Exists(Path.Combine(folder, name)));
        output.WriteLine($"Report: {Path.Combine(folder, ResultFolder.HtmlName)} (beside it: {string.Join(", ", beside)})");
    }

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine(message);
        return exitCode;
    }

    private sealed record Options(string StudyPath, string? Output, ulong? Seed, string? CostsPath, string? DataFolder, bool Local, bool Json, bool FailOnClaims);
}
