using FleetEstimator.Estimation;
using FleetEstimator.Traces;

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
        var done = 0L;
        Parallel.For(0L, results.Length, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, ordinal =>
        {
            try
            {
                results[ordinal] = study.Simulate(ordinal);
                Interlocked.Increment(ref done);
            }
            catch (TraceException exception)
            {
                lock (failed)
                    failed.Add(ordinal, NodeFailure.ReasonOf(exception));
            }

            progress.Report(Progress());
        });
        return new StudyOutcome(results.OfType<NodeResult>(), Progress().Failed);

        StudyProgress Progress()
        {
            lock (failed)
                return new StudyProgress(results.Length, Interlocked.Read(ref done), [.. failed.Select(pair => new NodeFailure(pair.Key, pair.Value))], 0, Cancelled: false);
        }
    }
}
