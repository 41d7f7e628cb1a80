using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Submissions;
using FleetEstimator.Reports;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli.Cluster;

/// <summary><c>run --cluster</c>: submits a study, watches it and fetches its result.</summary>
/// <param name="silos">URLs of the cluster's silos.</param>
/// <param name="file">The study.</param>
/// <param name="outputPath">Folder of the result; null = out/NAME-OF-STUDY.</param>
/// <param name="output">Where data goes.</param>
/// <param name="error">Where messages go.</param>
internal sealed class ClusterRun(IReadOnlyList<Uri> silos, StudyFile file, string? outputPath, TextWriter output, TextWriter error)
{
    /// <summary>Print report.json instead of the table.</summary>
    public bool AsJson { get; init; }

    /// <summary>Fail if a claim is not supported.</summary>
    public bool FailOnClaims { get; init; }

    private string? _id;

    /// <summary>Runs the study; what goes wrong in the cluster is told and becomes an exit code, as does an interrupt.</summary>
    /// <exception cref="StudyException">The study is wrong.</exception>
    /// <exception cref="TraceException">A recording is.</exception>
    public async Task<int> Run(CancellationToken interrupt)
    {
        try
        {
            return await SubmitAndWatch(interrupt);
        }
        catch (ClusterException exception)
        {
            error.WriteLine(exception.Message);
            return exception.ExitCode;
        }
        catch (ClusterUnreachableException exception)
        {
            error.WriteLine(_id is null ? exception.Message : $"{exception.Message} The study goes on in the cluster. {HowToWatch(_id)}");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            error.WriteLine(_id is null ? "interrupted: the study was not submitted." : $"interrupted: the study goes on in the cluster. {HowToWatch(_id)} To end it: fleet-estimator studies cancel {Short(_id)} --cluster {Urls}");
            return ExitCode.Interrupted;
        }
    }

    private async Task<int> SubmitAndWatch(CancellationToken interrupt)
    {
        var started = TimeProvider.System.GetUtcNow();
        var study = file.Read();
        var path = outputPath ?? Path.Combine("out", study.Name);
        var folder = new ResultFolder(path);
        try
        {
            folder.Check();
        }
        catch (IOException exception)
        {
            error.WriteLine(exception.Message);
            return ExitCode.WrongUsage;
        }

        var progress = new RunProgress();
        progress.Say($"reading {file.Path} and its recordings");
        var submission = StudySubmission.Make(file);
        using var client = new ClusterClient(silos, progress.Say);
        progress.Say($"submitting {study.Name} to the cluster at {Urls}");
        _id = (await client.Submit(submission, sent => progress.Say($"sending {sent.Path}"), interrupt)).Id;
        progress.Say($"study {Short(_id)}: simulating {(study.Simulation is null ? "" : "some of ")}{study.Nodes:N0} nodes of {study.Classes.Count} classes under {study.Mechanisms.Count} mechanisms in the cluster"
            + (study.Sweep.Count > 0 ? $", and again for each of {study.Sweep.Count} what-ifs" : ""));
        var ended = await StudyWatch.UntilEnded(client, _id, progress, interrupt);
        if (ended.Phase != StudyPhase.Ended)
            return StudyWatch.Tell(ended, Urls, error);

        var fetched = await FetchedResult.Fetch(client, _id, folder, new RunRecord
        {
            Started = started,
            Finished = TimeProvider.System.GetUtcNow(),
            Command = Environment.GetCommandLineArgs(),
            StudyPath = file.Path,
            RecordingPaths = [.. submission.Files.Where(sent => sent.Kind == SubmittedKind.Trace).Select(sent => sent.Path)],
            SimulatedNodes = progress.Last?.Simulated ?? 0,
            Environment = RunEnvironment.Current(),
        }, interrupt);
        progress.Clear();
        fetched.Print(path, AsJson, output);
        return RunCommand.ExitCodeOf(fetched.Result, FailOnClaims);
    }

    private string Urls => ClusterOption.ToText(silos);

    private string HowToWatch(string id) => $"To watch it: fleet-estimator studies watch {Short(id)} --cluster {Urls}";

    private static string Short(string id) => StudyText.Short(id);
}
