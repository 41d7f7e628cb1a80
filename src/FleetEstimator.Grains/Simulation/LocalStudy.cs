using FleetEstimator.Estimation;

namespace FleetEstimator.Grains.Simulation;

/// <summary>Runs a study in a plain loop, without silos: what the distributed run must equal, and what its overhead is measured against.</summary>
public static class LocalStudy
{
    /// <summary>Simulates every node, on all cores, in order of ordinal; all results are kept in memory.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static StudyOutcome Run(LoadedStudy study, IProgress<StudyProgress> progress, CancellationToken cancellation)
    {
        var results = new NodeResult?[study.Plan.NodeCount];
        var failed = new SortedDictionary<long, string>();
        IReadOnlyList<NodeFailure> failures = [];
        var done = 0L;
        Parallel.For(0L, results.Length, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, ordinal =>
        {
            try
            {
                results[ordinal] = study.Simulate(ordinal);
                Interlocked.Increment(ref done);
            }
#pragma warning disable CA1031 // Told as the reason for which this node has no result.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                lock (failed)
                {
                    failed.Add(ordinal, NodeFailure.ReasonOf(exception));
                    failures = [.. failed.Select(pair => new NodeFailure(pair.Key, pair.Value))];
                }
            }

            progress.Report(Progress());
        });
        return new StudyOutcome(results.OfType<NodeResult>(), Progress().Failed);

        StudyProgress Progress() => new(Started: true, results.Length, Interlocked.Read(ref done), Volatile.Read(ref failures), Running: 0, Cancelled: false);
    }
}
