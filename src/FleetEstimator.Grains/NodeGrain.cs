using FleetEstimator.Traces;
using Microsoft.Extensions.Logging;
using Orleans.Placement;

namespace FleetEstimator.Grains;

/// <summary>Simulates one node on the silo's simulation threads, hands the result to its shard, tells the coordinator and goes.</summary>
[RandomPlacement]
internal sealed partial class NodeGrain(ILogger<NodeGrain> logger, StudyPlans plans, SimulationThreads threads) : Grain, INodeGrain
{
    private Task? _running;

    public Task Start()
    {
        if (_running is null or { IsCompleted: true })
            _running = Run();
        return Task.CompletedTask;
    }

    public Task<bool> IsRunning() => Task.FromResult(_running is { IsCompleted: false });

    private async Task Run()
    {
        var (study, ordinal) = NodeKey.Parse(this.GetPrimaryKeyString());
        try
        {
            var failure = await SimulateAndMerge(study, ordinal);
            await GrainFactory.GetGrain<IStudyGrain>(study).NodeEnded(ordinal, failure);
        }
        catch (Exception exception) when (exception is Orleans.Runtime.OrleansException or TimeoutException)
        {
            // The coordinator will find that this node does not run and start it again.
            LogReportFailed(ordinal, exception.Message);
        }

        DeactivateOnIdle();
    }

    /// <summary>Null, or why the node cannot be simulated.</summary>
    private async Task<string?> SimulateAndMerge(string study, long ordinal)
    {
        var loaded = await plans.Get(study);
        Estimation.NodeResult result;
        try
        {
            result = await threads.Run(() => loaded.Simulate(ordinal));
        }
        catch (TraceException exception)
        {
            return NodeFailure.ReasonOf(exception);
        }

        await GrainFactory.GetGrain<IShardGrain>(ShardKey.OfNode(study, ordinal)).Merge(ordinal, result);
        return null;
    }

    [LoggerMessage(1, LogLevel.Warning, "Node {Ordinal}: its result or its end could not be reported: {Reason}")]
    private partial void LogReportFailed(long ordinal, string reason);
}
