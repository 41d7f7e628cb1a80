using FleetEstimator.Estimation;
using Microsoft.Extensions.Logging;

namespace FleetEstimator.Grains;

/// <summary>
/// Coordinates one study: takes its nodes through <see cref="StudyRun"/> and leases them to silos. It stores the plan, and whether the study was cancelled or has ended; what is done it
/// learns from the shards, by way of the silos it leases slices to. So it can die at any moment: another goes through the same study once more, and finds most of it done.
/// </summary>
internal sealed partial class StudyGrain(
    [PersistentState("study", StudyStorage.Name)] IPersistentState<StudyState> stored,
    ILocalSiloDetails silo,
    WorkSettings settings,
    TimeProvider time,
    ILogger<StudyGrain> logger) : Grain, IStudyGrain, IDisposable
{
    private readonly SemaphoreSlim _storing = new(1);
    private CancellationTokenSource? _running;
    private SliceLeases? _leases;
    private StudyProgress _progress = new(0, 0, 0, 0);
    private TaskCompletionSource _changed = NewSignal();

    private string Id => this.GetPrimaryKeyString();

    private StudyPlan KnownPlan => stored.State.Plan ?? throw new StudyNotFoundException(Id);

    private StudyEntry Entry => new(Id, KnownPlan.Study.Name, stored.State.Submitted, stored.State.Phase, stored.State.Changes);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Begin();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _running?.Cancel();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _storing.Dispose();
        _running?.Dispose();
    }

    public async Task Submit(StudyPlan plan)
    {
        if (stored.State.Plan is null)
            await Store(state => (state.Plan, state.Submitted, state.Phase) = (plan, time.GetUtcNow(), StudyPhase.Running));
        else if (stored.State.Phase is StudyPhase.Cancelled or StudyPhase.Broken)
            await Store(state => (state.Phase, state.Problem) = (StudyPhase.Running, null));
        Begin();
        await TellIndex();
    }

    public Task<StudyPlan> Plan() => Task.FromResult(KnownPlan);

    public Task<StudyStatus> Status() => Task.FromResult(new StudyStatus(Entry, Progress(), stored.State.Problem, stored.State.Allocation, silo.Name));

    public async Task<WorkGrant> Work(WorkRequest request)
    {
        if (stored.State.Phase != StudyPhase.Running || stored.State.Plan is null)
        {
            await TellIndex();
            return WorkGrant.Over;
        }

        var grant = Exchange(request);
        if (request is { Wanted: > 0, Held.Count: 0 } && grant.Leases.Count == 0)
        {
            // A silo with nothing to do and nothing to say waits here until there is work, instead of asking again and again.
            await _changed.Task.WaitAsync(settings.Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        return grant;
    }

    public async Task Cancel()
    {
        _ = KnownPlan;
        if (stored.State.Phase == StudyPhase.Running)
        {
            await Store(state => state.Phase = StudyPhase.Cancelled);
            Pause();
        }

        await TellIndex();
    }

    public async Task Reopen()
    {
        _ = KnownPlan;
        if (stored.State.Phase != StudyPhase.Running)
        {
            await Store(state =>
            {
                state.Attempt += state.Phase == StudyPhase.Ended ? 1 : 0;
                (state.Phase, state.Problem, state.Allocation) = (StudyPhase.Running, null, null);
            });
            Begin();
        }

        await TellIndex();
    }

    public async Task Remove()
    {
        if (stored.State.Plan is not { } plan)
            return;
        if (stored.State.Phase == StudyPhase.Running)
            await Store(state => state.Phase = StudyPhase.Cancelled);
        Pause();
        await GrainFactory.GetGrain<IStudyIndexGrain>(0).Remove(Id);
        var allocation = NodeAllocation.All(plan.Study);
        for (var part = 0; part < plan.PartCount; part++)
        {
            foreach (var shards in plan.Shards(part, allocation).Chunk(ShardsAtATime))
                await Task.WhenAll(shards.Select(shard => GrainFactory.GetGrain<IShardGrain>(ShardKey.Of(Id, shard)).Remove()));
        }

        await stored.ClearStateAsync();
        DeactivateOnIdle();
    }

    // Removing asks every shard there could be; so many at a time.
    private const int ShardsAtATime = 64;

    /// <summary>Begins, or goes on, unless it is under way.</summary>
    private void Begin()
    {
        if (stored.State is not { Plan: { } plan, Phase: StudyPhase.Running } || _running is not null)
            return;
        (_running, _progress) = (new CancellationTokenSource(), new StudyProgress(0, 0, 0, 0));
        _ = Run(plan, _running.Token);
    }

    private void Pause()
    {
        _running?.Cancel();
        (_running, _leases, _progress) = (null, null, Progress() with { Running = 0 });
        Changed();
    }

    /// <summary>The course of the study from its first node on; what was done before goes fast.</summary>
    private async Task Run(StudyPlan plan, CancellationToken cancelled)
    {
        try
        {
            var rows = new ShardRows(GrainFactory, plan, settings, time);
            var allocation = await StudyRun.Run(plan, (part, nodes, known) => Simulate(plan, part, nodes, known, cancelled), rows.Read);
            cancelled.ThrowIfCancellationRequested();
            await Store(state => (state.Phase, state.Allocation) = (StudyPhase.Ended, allocation));
            Pause();
            await TellIndex();
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            // Paused, or this activation goes.
        }
        catch (StudyBrokenException exception)
        {
            LogInterrupted(exception, Id);
            await Store(state => (state.Phase, state.Problem) = (StudyPhase.Broken, exception.Message));
            Pause();
            await TellIndex();
        }
#pragma warning disable CA1031 // Nobody awaits this; shards, silos and storage throw whatever they throw.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // It passes. Whoever asks next finds a new activation, which begins anew.
            LogInterrupted(exception, Id);
            DeactivateOnIdle();
        }
    }

    private async Task Simulate(StudyPlan plan, int part, NodeAllocation allocation, NodeAllocation? simulated, CancellationToken cancelled)
    {
        var before = Progress();
        _progress = (simulated is null ? new StudyProgress(0, 0, 0, 0) : before) with { Nodes = allocation.Nodes, Stage = plan.StageOf(part), Simulated = before.Simulated };
        var leases = new SliceLeases(new SliceQueue(plan, part, allocation, simulated), settings, stored.State.Attempt, Random.Shared.NextInt64(long.MaxValue / 2));
        _leases = leases;
        for (Changed(); !leases.IsDone; cancelled.ThrowIfCancellationRequested())
            await _changed.Task.WaitAsync(cancelled);
    }

    private WorkGrant Exchange(WorkRequest request)
    {
        if (_leases is not { } leases)
            return WorkGrant.Nothing with { Lost = request.Held };
        var hadMore = leases.HasMore;
        var grant = leases.Exchange(request, time.GetUtcNow());
        if (leases.IsDone || (leases.HasMore && !hadMore))
            Changed();
        return grant;
    }

    private StudyProgress Progress() => _leases is not { } leases ? _progress : _progress with
    {
        Done = _progress.Done + leases.Done,
        Failed = _progress.Failed + leases.Failed,
        Running = leases.Running,
        Simulated = _progress.Simulated + leases.Simulated,
    };

    private void Changed()
    {
        _changed.TrySetResult();
        _changed = NewSignal();
    }

    private Task TellIndex() => stored.State.Plan is null ? Task.CompletedTask : GrainFactory.GetGrain<IStudyIndexGrain>(0).Put(Entry);

    /// <summary>Changes the state and stores it. Whether a change that failed was stored is not known: the next activation reads what is true.</summary>
    private async Task Store(Action<StudyState> change)
    {
        await _storing.WaitAsync();
        try
        {
            change(stored.State);
            stored.State.Changes++;
            await stored.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
        finally
        {
            _storing.Release();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(1, LogLevel.Warning, "Study {Study}: its course was interrupted.")]
    private partial void LogInterrupted(Exception exception, string study);
}

/// <summary>What a coordinator stores.</summary>
[GenerateSerializer, Alias("fleet-estimator.study-state")]
internal sealed class StudyState
{
    /// <summary>The study; null if none was submitted.</summary>
    [Id(0)]
    public StudyPlan? Plan { get; set; }

    /// <summary>When it was submitted first.</summary>
    [Id(1)]
    public DateTimeOffset Submitted { get; set; }

    /// <summary>What it is doing.</summary>
    [Id(2)]
    public StudyPhase Phase { get; set; }

    /// <summary>Why it cannot be ended.</summary>
    [Id(3)]
    public string? Problem { get; set; }

    /// <summary>Which nodes its report is about, once it has ended.</summary>
    [Id(4)]
    public NodeAllocation? Allocation { get; set; }

    /// <summary>Counts how often nodes that failed were to be tried again.</summary>
    [Id(5)]
    public int Attempt { get; set; }

    /// <summary>Counts the changes, so that old news is told from new.</summary>
    [Id(6)]
    public int Changes { get; set; }
}
