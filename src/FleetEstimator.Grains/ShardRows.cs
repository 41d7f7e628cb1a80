using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>The rows of a study as its shards keep them, in order of ordinal; a few shards in memory at a time.</summary>
internal sealed class ShardRows(IGrainFactory grains, StudyPlan plan, WorkSettings settings, TimeProvider time)
{
    /// <summary>Reads the rows of an allocation.</summary>
    public async IAsyncEnumerable<NodeRow> Read(int part, NodeAllocation allocation)
    {
        // The nodes of a class alternate between recordings, and so between the shards of one round of them.
        foreach (var round in plan.Shards(part, allocation).GroupBy(shard => (shard.Class, shard.First)))
        {
            var shards = await Task.WhenAll(round.Select(Wanted));
            var next = new int[shards.Length];
            foreach (var (shard, _) in shards.SelectMany((rows, shard) => rows.Select(row => (shard, NodeRowCodec.Peek(row).Ordinal))).OrderBy(row => row.Ordinal))
                yield return NodeRowCodec.Decode(shards[shard][next[shard]++]);
        }
    }

    /// <summary>The rows of a shard that are in the allocation: more of it may have been simulated.</summary>
    private async Task<List<byte[]>> Wanted(NodeSlice shard)
    {
        var wanted = plan.Ordinals(shard).ToHashSet();
        var rows = await Retry.ForAWhile(() => grains.GetGrain<IShardGrain>(ShardKey.Of(plan.Id, shard)).Rows(), settings, time);
        return [.. rows.Where(row => wanted.Contains(NodeRowCodec.Peek(row).Ordinal))];
    }
}
