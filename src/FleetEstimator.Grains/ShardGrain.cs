using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>Keeps results as a set keyed by node, so that a result delivered twice counts once.</summary>
internal sealed class ShardGrain : Grain, IShardGrain
{
    private readonly SortedDictionary<long, NodeResult> _results = [];

    public Task Merge(long ordinal, NodeResult result)
    {
        _results[ordinal] = result;
        return Task.CompletedTask;
    }

    public Task<NodeResult[]> Results() => Task.FromResult<NodeResult[]>([.. _results.Values]);
}
