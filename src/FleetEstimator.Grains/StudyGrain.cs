using System.Collections;
using FleetEstimator.Estimation;
using Microsoft.Extensions.Logging;

namespace FleetEstimator.Grains;

/// <summary>
/// Hands out nodes in a sliding window that is refilled as nodes end, so that one slow node delays none but itself. Calls to node grains
/// only start work; its end is reported by another call. A node that has not been heard of for a while is asked whether it still runs and
/// is otherwise started again: shards keep each result once, so doing a node twice is harmless.
/// </summary>
[KeepAlive]
internal sealed partial class StudyGrain(ILogger<StudyGrain> logger, TimeProvider time) : Grain, IStudyGrain
{
    private static readonly TimeSpan ReconcilePeriod = TimeSpan.FromSeconds(5);

    // How long a node may be silent before it is asked: far above the second or so that a node takes, far below a user's patience.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(15);

    private readonly Dictionary<long, DateTimeOffset> _running = [];
    private readonly SortedDictionary<long, string> _failed = [];
    private StudyPlan? _plan;
    private IGrainTimer? _reconciling;
    private BitArray _ended = new(0);
    private long _done;
    private long[] _wanted = [];
    private long[] _handedOut = [];
    private int _window;
    private bool _cancelled;

    public async Task Simulate(StudyPlan plan, NodeAllocation allocation)
    {
        if (_plan == null)
        {
            _plan = plan;
            _ended = new BitArray(checked((int)plan.NodeCount));
            _wanted = new long[plan.Study.Classes.Count];
            _handedOut = new long[plan.Study.Classes.Count];
        }

        for (var @class = 0; @class < _wanted.Length; @class++)
            _wanted[@class] = Math.Max(_wanted[@class], allocation.NodesOfClass[@class]);
        if (_done + _failed.Count == _wanted.Sum())
            return;
        _reconciling ??= this.RegisterGrainTimer(Reconcile, new GrainTimerCreationOptions(ReconcilePeriod, ReconcilePeriod) { Interleave = true });
        await Reconcile();
    }

    public Task<StudyPlan> Plan() => Task.FromResult(_plan ?? throw new InvalidOperationException($"Study {this.GetPrimaryKeyString()} has not been started."));

    public Task<StudyProgress> Progress()
    {
        var nodes = _wanted.Sum();
        return Task.FromResult(new StudyProgress(_plan != null, nodes, _done, _failed.Count, _running.Count, _cancelled));
    }

    public Task<NodeFailure[]> Failures() => Task.FromResult<NodeFailure[]>([.. _failed.Select(pair => new NodeFailure(pair.Key, pair.Value))]);

    public Task NodeEnded(long ordinal, string? failure)
    {
        // A node of a study that this activation was never told of: the one that was is gone, and whoever watches is told so by Progress.
        if (_plan == null)
            return Task.CompletedTask;
        _running.Remove(ordinal);
        if (!_ended[(int)ordinal])
        {
            _ended[(int)ordinal] = true;
            if (failure == null)
                _done++;
            else
                _failed.Add(ordinal, failure);
        }

        FillWindow();
        StopReconcilingWhenDone();
        return Task.CompletedTask;
    }

    public Task Cancel()
    {
        _cancelled = true;
        StopReconcilingWhenDone();
        return Task.CompletedTask;
    }

    /// <summary>Nothing is left to ask for: asking on would only trouble a silo that is about to stop.</summary>
    private void StopReconcilingWhenDone()
    {
        if (_done + _failed.Count == _wanted.Sum() || (_cancelled && _running.Count == 0))
        {
            _reconciling?.Dispose();
            _reconciling = null;
        }
    }

    private void FillWindow()
    {
        for (var @class = 0; @class < _wanted.Length; @class++)
        {
            var first = _plan!.FirstOrdinal(@class);
            while (!_cancelled && _running.Count < _window && _handedOut[@class] < _wanted[@class])
                HandOut(first + _handedOut[@class]++);
        }
    }

    private void HandOut(long ordinal)
    {
        _running[ordinal] = time.GetUtcNow();
        _ = StartNode(ordinal);
    }

    private async Task StartNode(long ordinal)
    {
        try
        {
            await NodeGrain(ordinal).Start();
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            // Whether it started is unknown. Reconcile will ask.
            LogStartUncertain(ordinal, exception.Message);
        }
    }

    private async Task Reconcile()
    {
        var silos = await GrainFactory.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);

        // Enough for every core to find the next node waiting when it ends one; silos of a cluster are alike.
        _window = 3 * Environment.ProcessorCount * Math.Max(1, silos.Count);
        FillWindow();

        var now = time.GetUtcNow();
        foreach (var ordinal in _running.Where(pair => now - pair.Value > SilenceMax).Select(pair => pair.Key).ToList())
        {
            if (!await StillRuns(ordinal) && _running.ContainsKey(ordinal))
            {
                LogStartedAgain(ordinal);
                HandOut(ordinal);
            }
            else if (_running.ContainsKey(ordinal))
            {
                _running[ordinal] = now;
            }
        }
    }

    private async Task<bool> StillRuns(long ordinal)
    {
        try
        {
            return await NodeGrain(ordinal).IsRunning();
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            return false;
        }
    }

    private INodeGrain NodeGrain(long ordinal) => GrainFactory.GetGrain<INodeGrain>(NodeKey.Of(this.GetPrimaryKeyString(), ordinal));
}
