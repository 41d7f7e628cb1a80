using System.Collections.Concurrent;
using FleetEstimator.Estimation;

namespace FleetEstimator.Grains.Simulation;

/// <summary>Runs a study in a plain loop, without silos: what the distributed run must equal, and what its overhead is measured against.</summary>
public sealed class LocalStudy
{
    private readonly WorkloadCache _workloads;
    private readonly IProgress<StudyProgress> _progress;
    private readonly CancellationToken _cancellation;

    // Of one plan: rounds of the study itself go on from each other, a point of its sweep is simulated once.
    private ConcurrentDictionary<long, (NodeResult? Result, string? Failure)> _ended = [];
    private string? _planId;

    private LocalStudy(WorkloadCache workloads, IProgress<StudyProgress> progress, CancellationToken cancellation) =>
        (_workloads, _progress, _cancellation) = (workloads, progress, cancellation);

    /// <summary>Simulates on all cores, on the calling thread and the thread pool; all results are kept in memory.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Task<StudyOutcome> Run(StudyPlan plan, WorkloadCache workloads, IProgress<StudyProgress> progress, CancellationToken cancellation) =>
        StudyRun.Run(plan, new LocalStudy(workloads, progress, cancellation).Simulate);

    private Task<SimulatedNodes> Simulate(StudyPlan plan, NodeAllocation allocation, string? stage)
    {
        var study = new LoadedStudy(plan, _workloads);
        if (plan.Id != _planId)
            (_planId, _ended) = (plan.Id, []);
        var ended = _ended;
        var failed = (long)Failures(ended).Count();
        var done = ended.Count - failed;
        Parallel.ForEach(
            plan.Ordinals(allocation).Where(ordinal => !ended.ContainsKey(ordinal)).ToList(),
            new ParallelOptions { CancellationToken = _cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount },
            ordinal =>
            {
                ended[ordinal] = Simulate(study, ordinal);
                Interlocked.Increment(ref ended[ordinal].Failure is null ? ref done : ref failed);
                _progress.Report(new StudyProgress(Started: true, allocation.Nodes, Interlocked.Read(ref done), Interlocked.Read(ref failed), Running: 0, Cancelled: false) { Stage = stage });
            });
        return Task.FromResult(new SimulatedNodes(
            [.. ended.OrderBy(entry => entry.Key).Select(entry => entry.Value.Result).OfType<NodeResult>()],
            [.. Failures(ended).OrderBy(failure => failure.Ordinal)]));
    }

    private static (NodeResult? Result, string? Failure) Simulate(LoadedStudy study, long ordinal)
    {
        try
        {
            return (study.Simulate(ordinal), null);
        }
#pragma warning disable CA1031 // Told as the reason for which this node has no result.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return (null, NodeFailure.ReasonOf(exception));
        }
    }

    private static IEnumerable<NodeFailure> Failures(ConcurrentDictionary<long, (NodeResult? Result, string? Failure)> ended) =>
        ended.Where(entry => entry.Value.Failure is not null).Select(entry => new NodeFailure(entry.Key, entry.Value.Failure!));
}
