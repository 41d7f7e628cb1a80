using Microsoft.Extensions.Logging;

namespace FleetEstimator.Grains;

/// <summary>
/// Keeps a silo's simulation threads busy: asks the coordinators of all studies for slices, has node grains simulate their nodes, gives the rows to the shards and tells the
/// coordinators. One a silo. What it cannot reach it tries again; what it cannot finish, another silo does.
/// </summary>
internal sealed partial class SiloWorker : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly IGrainFactory _grains;
    private readonly StudyPlans _plans;
    private readonly WorkSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<SiloWorker> _logger;
    private readonly string _silo;
    private readonly int _threads;
    private readonly FairQueue<(HeldSlice Slice, long Ordinal)> _nodes = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<string, Task> _attended = [];
    private Task _working = Task.CompletedTask;
    private volatile int _activeStudies = 1;

    public SiloWorker(
        IGrainFactory grains, ILocalSiloDetails silo, StudyPlans plans, SimulationThreads threads, WorkSettings settings, TimeProvider time, ILogger<SiloWorker> logger)
    {
        (_grains, _plans, _settings, _time, _logger) = (grains, plans, settings, time, logger);
        (_silo, _threads) = (silo.SiloAddress.ToString(), threads.Count);
    }

    /// <summary>Nodes that are asked for at the same time: enough for every thread to find the next one waiting.</summary>
    private int NodesAtATime => 4 * _threads;

    /// <summary>Slices under way at the same time, for all studies together. Two a thread, so that a slice whose last node takes long keeps no thread waiting.</summary>
    private int SlicesAtATime => (2 * _threads) + 2;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(SiloWorker), ServiceLifecycleStage.Active, Start, Stop);

    public void Dispose()
    {
        _nodes.Dispose();
        _stopping.Dispose();
    }

    private Task Start(CancellationToken cancellation)
    {
        // Away from whoever starts the silo.
        _working = Task.Run(() => Task.WhenAll(Enumerable.Range(0, NodesAtATime).Select(_ => SimulateNodes()).Prepend(AttendStudies())), CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task Stop(CancellationToken cancellation)
    {
        await _stopping.CancelAsync();
        try
        {
            await _working.WaitAsync(_settings.Farewell, _time, cancellation);
        }
        catch (TimeoutException)
        {
            LogFarewellTooLong(_settings.Farewell);
        }
    }

    /// <summary>Attends to every study that needs work, until the silo stops.</summary>
    private async Task AttendStudies()
    {
        var version = 0L;
        try
        {
            while (true)
            {
                var active = await Until(() => _grains.GetGrain<IStudyIndexGrain>(0).Active(version), LogIndexUnreachable);
                version = active.Version;
                foreach (var ended in _attended.Where(study => study.Value.IsCompleted).Select(study => study.Key).ToList())
                    _attended.Remove(ended);
                foreach (var id in active.Ids.Where(id => !_attended.ContainsKey(id)))
                    _attended.Add(id, Attend(id));
                _activeStudies = Math.Max(1, active.Ids.Count);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(_attended.Values);
        }
    }

    /// <summary>Works for one study as long as it has work.</summary>
    private async Task Attend(string id)
    {
        var study = new AttendedStudy(id, _settings, _time);
        try
        {
            if (!await IsOfThisBuild(id))
                return;
            while (await Exchange(study))
                await study.Changed(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The silo stops. What is simulated is kept, and the rest goes to others at once.
            await Task.WhenAll(study.DropAll().Select(Keep));
            await SayGoodbye(study);
        }

        _nodes.Leave(id);
        _plans.Forget(id);
    }

    private async Task<bool> IsOfThisBuild(string id)
    {
        try
        {
            if ((await Until(() => _plans.Get(id, 0), failure => LogCoordinatorUnreachable(id, failure))).Plan.IsOfThisBuild)
                return true;
            LogOtherBuild(id);
        }
        catch (StudyNotFoundException)
        {
            // Removed just now.
        }

        return false;
    }

    /// <summary>Tells the coordinator what is done and takes on more. False when the study needs nothing more.</summary>
    private async Task<bool> Exchange(AttendedStudy study)
    {
        var share = (SlicesAtATime + _activeStudies - 1) / _activeStudies;
        WorkGrant grant;
        try
        {
            var coordinator = _grains.GetGrain<IStudyGrain>(study.Id);
            grant = await Until(() => coordinator.Work(study.Request(_silo, share)), failure => LogCoordinatorUnreachable(study.Id, failure));
        }
        catch (StudyNotFoundException)
        {
            grant = WorkGrant.Over;
        }

        study.Reported();
        if (!grant.IsActive)
        {
            await Task.WhenAll(study.DropAll().Select(Keep));
            return false;
        }

        foreach (var lost in study.Drop(grant.Lost))
            _ = Keep(lost);
        foreach (var lease in grant.Leases)
            _ = Begin(study, study.Hold(lease));
        return true;
    }

    /// <summary>Has the nodes of a slice simulated that are not in their shard yet.</summary>
    private async Task Begin(AttendedStudy study, HeldSlice slice)
    {
        try
        {
            var plan = await Until(() => _plans.Get(slice.Study, slice.Lease.Slice.Part), failure => LogCoordinatorUnreachable(slice.Study, failure));
            var ordinals = plan.Plan.Ordinals(slice.Lease.Slice);
            var missing = await Until(() => _grains.GetGrain<IShardGrain>(slice.Shard).Missing(ordinals, slice.Lease.Attempt), failure => LogShardUnreachable(slice.Shard, failure));
            slice.Begin(missing);
            slice.WhenSimulated = () => _ = Finish(study, slice);
            if (slice.IsSimulated)
                slice.WhenSimulated();
            else
                _nodes.Add(slice.Study, [.. missing.Ordinals.Select(ordinal => (slice, ordinal))]);
        }
        catch (Exception exception) when (exception is OperationCanceledException or StudyNotFoundException)
        {
            // The silo stops, or the study was removed; the exchange with the coordinator says which.
        }
    }

    /// <summary>One of the loops that take a node at a time, of whichever study is due, and have it simulated.</summary>
    private async Task SimulateNodes()
    {
        try
        {
            while (true)
            {
                var (slice, ordinal) = await _nodes.Take(_stopping.Token);
                if (slice.IsDropped || await Simulate(slice, ordinal) is not { } answer)
                    continue;
                _nodes.Charge(slice.Study, answer.SimulationMicroseconds);
                if (slice.Add(answer))
                    slice.WhenSimulated!();
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    /// <summary>The row of a node; null if the slice was dropped before there was one.</summary>
    private async Task<NodeAnswer?> Simulate(HeldSlice slice, long ordinal)
    {
        var node = _grains.GetGrain<INodeGrain>(NodeKey.Of(slice.Study, slice.Lease.Slice.Part, ordinal));
        try
        {
            while (!slice.IsDropped)
            {
                if (await Until(() => slice.IsDropped ? Task.FromResult<NodeAnswer?>(null) : node.Simulate(_settings.NodePatience), failure => LogNodeUnreachable(ordinal, failure)) is { } answer)
                    return answer;
            }
        }
        catch (StudyNotFoundException)
        {
            // Removed; the exchange with the coordinator will say so.
        }

        return null;
    }

    /// <summary>Gives the rows of a slice to its shard and has the coordinator told.</summary>
    private async Task Finish(AttendedStudy study, HeldSlice slice)
    {
        study.Signal();
        var rows = slice.TakeRows();
        try
        {
            if (rows.Length > 0)
            {
                await Until(
                    async () =>
                    {
                        await _grains.GetGrain<IShardGrain>(slice.Shard).Merge(rows, slice.Lease.Attempt);
                        return true;
                    },
                    failure => LogShardUnreachable(slice.Shard, failure));
            }

            study.End(slice);
        }
        catch (OperationCanceledException)
        {
            await TryMerge(slice, rows);
        }
    }

    /// <summary>Keeps what was simulated of a slice that was dropped, so that whoever gets it next need not do it again.</summary>
    private Task Keep(HeldSlice slice) => TryMerge(slice, slice.TakeRows());

    private async Task TryMerge(HeldSlice slice, byte[][] rows)
    {
        if (rows.Length == 0)
            return;
        try
        {
            await _grains.GetGrain<IShardGrain>(slice.Shard).Merge(rows, slice.Lease.Attempt);
        }
        catch (Exception exception) when (Retry.MayPass(exception))
        {
            LogRowsNotKept(rows.Length, slice.Shard, exception);
        }
    }

    private async Task SayGoodbye(AttendedStudy study)
    {
        try
        {
            await _grains.GetGrain<IStudyGrain>(study.Id).Work(study.Request(_silo, share: 0));
        }
        catch (Exception exception) when (Retry.MayPass(exception) || exception is StudyNotFoundException)
        {
            LogCoordinatorUnreachable(study.Id, exception);
        }
    }

    private Task<T> Until<T>(Func<Task<T>> call, Action<Exception> failed) => Retry.UntilDone(call, _settings, _time, failed, _stopping.Token);

    [LoggerMessage(1, LogLevel.Warning, "The index of studies cannot be reached; trying again.")]
    private partial void LogIndexUnreachable(Exception exception);

    [LoggerMessage(2, LogLevel.Warning, "Study {Study}: its coordinator cannot be reached; trying again.")]
    private partial void LogCoordinatorUnreachable(string study, Exception exception);

    [LoggerMessage(3, LogLevel.Warning, "Node {Ordinal} cannot be reached; trying again.")]
    private partial void LogNodeUnreachable(long ordinal, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "Shard {Shard} cannot be reached; trying again.")]
    private partial void LogShardUnreachable(string shard, Exception exception);

    [LoggerMessage(5, LogLevel.Warning, "{Rows} rows could not be given to shard {Shard}; their nodes will be simulated again.")]
    private partial void LogRowsNotKept(int rows, string shard, Exception exception);

    [LoggerMessage(7, LogLevel.Warning, "Study {Study} was planned by another build of the program, and this silo does not work on it. Submit it again, or have silos of that build.")]
    private partial void LogOtherBuild(string study);

    [LoggerMessage(6, LogLevel.Warning, "The silo stops although not all is handed over after {Farewell}; others will do the rest.")]
    private partial void LogFarewellTooLong(TimeSpan farewell);
}
