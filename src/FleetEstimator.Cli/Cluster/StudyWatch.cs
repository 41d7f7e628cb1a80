using FleetEstimator.Grains;
using FleetEstimator.Server.Api;

namespace FleetEstimator.Cli.Cluster;

/// <summary>Watches a study in a cluster.</summary>
internal static class StudyWatch
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(1);

    /// <summary>Reports how far a study is until it has ended, was cancelled or cannot go on.</summary>
    public static async Task<StudyView> UntilEnded(ClusterClient client, string id, IProgress<StudyProgress> progress, CancellationToken cancellation)
    {
        for (var pause = FirstPause; ; pause = pause * 1.5 < LastPause ? pause * 1.5 : LastPause)
        {
            var study = await client.Status(id, cancellation);
            progress.Report(study.Progress);
            if (study.Phase != StudyPhase.Running)
                return study;
            await Task.Delay(pause, cancellation);
        }
    }

    /// <summary>Tells why a study is not under way and has no report, or that it has ended; the exit code for it.</summary>
    public static int Tell(StudyView study, string urls, TextWriter error)
    {
        switch (study.Phase)
        {
            case StudyPhase.Cancelled:
                error.WriteLine($"Study {StudyText.Short(study.Id)} was cancelled. What is done is kept; fleet-estimator studies resume {StudyText.Short(study.Id)} --cluster {urls} goes on with it.");
                return ExitCode.Interrupted;
            case StudyPhase.Broken:
                error.WriteLine($"Study {StudyText.Short(study.Id)} cannot be ended: {study.Problem}");
                return ExitCode.Failed;
            default:
                return study.Failed > 0 ? ExitCode.Partial : ExitCode.Done;
        }
    }
}
