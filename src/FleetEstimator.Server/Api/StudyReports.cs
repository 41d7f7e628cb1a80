using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;

namespace FleetEstimator.Server.Api;

/// <summary>A study that has ended, and what its reports are made from.</summary>
/// <param name="Plan">The study.</param>
/// <param name="Outcome">What its shards hold.</param>
/// <param name="Result">What they come to.</param>
internal sealed record StudyReport(StudyPlan Plan, StudyOutcome Outcome, StudyResult Result);

/// <summary>
/// Makes what reports are written from, on the silo that is asked: a pure function of a study's shards and recordings, so every silo writes the same bytes. The last few
/// are kept, and whoever asks for one that is being made waits for it.
/// </summary>
internal sealed class StudyReports(StudyClient studies, WorkloadCache workloads, SimulationThreads threads)
{
    /// <summary>Reports kept: sums and estimates, no nodes.</summary>
    private const int Most = 8;

    // A study that was gone on with, or removed and submitted again, has other results.
    private readonly record struct Key(string Id, DateTimeOffset Submitted, int Changes);

    // The least recently used first.
    private readonly List<(Key Key, Task<StudyReport> Making)> _reports = [];
    private readonly Lock _gate = new();

    /// <summary>The report of a study, made unless it is known.</summary>
    /// <param name="status">The study; it has ended.</param>
    /// <param name="cancellation">Ends the waiting; what is being made goes on for others.</param>
    public async Task<StudyReport> Get(StudyStatus status, CancellationToken cancellation)
    {
        var key = new Key(status.Entry.Id, status.Entry.Submitted, status.Entry.Changes);
        var making = Find(key);
        try
        {
            return await making.WaitAsync(cancellation);
        }
        catch when (making.IsFaulted || making.IsCanceled)
        {
            lock (_gate)
                _reports.RemoveAll(report => report.Making == making);
            throw;
        }
    }

    private Task<StudyReport> Find(Key key)
    {
        lock (_gate)
        {
            var known = _reports.FindIndex(report => report.Key == key);
            var report = known < 0 ? (key, Make(key.Id)) : _reports[known];
            _reports.RemoveAll(other => other.Key.Id == key.Id);
            _reports.Add(report);
            if (_reports.Count > Most)
                _reports.RemoveAt(0);
            return report.Item2;
        }
    }

    private Task<StudyReport> Make(string id) => Task.Run(async () =>
    {
        var plan = await studies.Plan(id);
        var outcome = await studies.Outcome(plan);

        // Not on the thread pool, on which the silo answers the others.
        var backtests = await StudyResults.Backtest(plan, workloads.Traces, threads);
        var result = await threads.Run(() => StudyResults.Make(plan, outcome, workloads, backtests));
        return new StudyReport(plan, outcome, result);
    });
}
