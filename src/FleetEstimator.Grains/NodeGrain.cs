using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Placement;

namespace FleetEstimator.Grains;

/// <summary>
/// Simulates one node on the silo's simulation threads and answers with its row. It lives where it is asked first: at the silo that holds the lease. Once it has answered it goes;
/// asked again, since the answer was lost, it simulates again.
/// </summary>
[PreferLocalPlacement]
[Reentrant]
internal sealed partial class NodeGrain(ILogger<NodeGrain> logger, StudyPlans plans, SimulationThreads threads, TimeProvider time) : Grain, INodeGrain
{
    private Task<NodeAnswer>? _simulation;

    public async Task<NodeAnswer?> Simulate(TimeSpan patience)
    {
        var simulation = _simulation ??= Run();
        try
        {
            var answer = await simulation.WaitAsync(patience, time);
            DeactivateOnIdle();
            return answer;
        }
        catch (TimeoutException) when (!simulation.IsCompleted)
        {
            return null;
        }
        catch
        {
            // The plan could not be had. The next call tries again.
            _simulation = null;
            throw;
        }
    }

    private async Task<NodeAnswer> Run()
    {
        var (study, part, ordinal) = NodeKey.Parse(this.GetPrimaryKeyString());
        var loaded = await plans.Get(study, part);
        return await threads.Run(() => Simulate(loaded, ordinal));
    }

    private NodeAnswer Simulate(LoadedStudy study, long ordinal)
    {
        var started = time.GetTimestamp();
        var row = study.SimulateRow(ordinal, failure => LogSimulationFailed(failure, ordinal));
        return new(NodeRowCodec.Encode(row), (long)time.GetElapsedTime(started).TotalMicroseconds);
    }

    [LoggerMessage(1, LogLevel.Error, "Node {Ordinal} cannot be simulated.")]
    private partial void LogSimulationFailed(Exception exception, long ordinal);
}
