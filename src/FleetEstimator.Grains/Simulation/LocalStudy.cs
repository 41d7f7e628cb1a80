using System.Collections.Concurrent;
using FleetEstimator.Estimation;

namespace FleetEstimator.Grains.Simulation;

/// <summary>Runs a study in a plain loop, without silos: what the distributed run must equal, and what its overhead is measured against.</summary>
public sealed class LocalStudy
{
    private readonly StudyPlan _plan;
    private readonly WorkloadCache _workloads;
    private readonly IProgress<StudyProgress> _progress;
    private readonly CancellationToken _cancellation;

    // For each part the rows by ordinal, as bytes: they take a tenth of the room.
    private readonly ConcurrentDictionary<long, byte[]>[] _rows;

    private LocalStudy(StudyPlan plan, WorkloadCache workloads, IProgress<StudyProgress> progress, CancellationToken cancellation)
    {
        (_plan, _workloads, _progress, _cancellation) = (plan, workloads, progress, cancellation);
        _rows = [.. Enumerable.Range(0, plan.PartCount).Select(_ => new ConcurrentDictionary<long, byte[]>())];
    }

    /// <summary>Simulates on all cores, on the calling thread and the thread pool; all rows are kept in memory.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<StudyOutcome> Run(StudyPlan plan, WorkloadCache workloads, IProgress<StudyProgress> progress, CancellationToken cancellation)
    {
        var study = new LocalStudy(plan, workloads, progress, cancellation);
        var allocation = await StudyRun.Run(plan, study.Simulate, study.Read);
        return await StudyOutcome.Read(plan, allocation, study.Read);
    }

    private Task Simulate(int part, NodeAllocation allocation, NodeAllocation? simulated)
    {
        var (study, rows) = (new LoadedStudy(_plan.Part(part), _workloads), _rows[part]);
        var failed = (long)rows.Count(row => NodeRowCodec.Peek(row.Value).HasFailed);
        var done = rows.Count - failed;
        var before = _rows.Sum(part => (long)part.Count) - rows.Count;
        Parallel.ForEach(
            _plan.Ordinals(allocation).Where(ordinal => !rows.ContainsKey(ordinal)).ToList(),
            new ParallelOptions { CancellationToken = _cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount },
            ordinal =>
            {
                var row = study.SimulateRow(ordinal, _ => { });
                rows[ordinal] = NodeRowCodec.Encode(row);
                Interlocked.Increment(ref row.Failure is null ? ref done : ref failed);
                _progress.Report(new StudyProgress(allocation.Nodes, Interlocked.Read(ref done), Interlocked.Read(ref failed), Running: 0)
                {
                    Stage = _plan.StageOf(part),
                    Simulated = before + rows.Count,
                });
            });
        return Task.CompletedTask;
    }

    private IAsyncEnumerable<NodeRow> Read(int part, NodeAllocation allocation) =>
        _plan.Ordinals(allocation).Where(_rows[part].ContainsKey).Select(ordinal => NodeRowCodec.Decode(_rows[part][ordinal])).ToAsyncEnumerable();
}
