using Orleans.Placement;

namespace FleetEstimator.Grains;

/// <summary>
/// Keeps rows as a set keyed by node, so that a row delivered twice counts once. It answers when rows are stored, and goes when it is full or was read, since there are as many shards
/// as a study needs and each can be read from storage again.
/// </summary>
[PreferLocalPlacement]
internal sealed class ShardGrain([PersistentState("shard", StudyStorage.Name)] IPersistentState<ShardState> stored) : Grain, IShardGrain
{
    public Task<MissingNodes> Missing(long[] ordinals, int attempt)
    {
        var (missing, failed) = (new List<long>(), 0);
        foreach (var ordinal in ordinals)
        {
            if (!stored.State.Rows.TryGetValue(ordinal, out var row))
                missing.Add(ordinal);
            else if (!NodeRowCodec.Peek(row).HasFailed)
                continue;
            else if (stored.State.FailedIn.GetValueOrDefault(ordinal) < attempt)
                missing.Add(ordinal);
            else
                failed++;
        }

        return Task.FromResult(new MissingNodes([.. missing], failed));
    }

    public async Task Merge(byte[][] rows, int attempt)
    {
        foreach (var row in rows)
        {
            var (ordinal, hasFailed) = NodeRowCodec.Peek(row);
            stored.State.Rows[ordinal] = row;
            if (hasFailed)
                stored.State.FailedIn[ordinal] = attempt;
            else
                stored.State.FailedIn.Remove(ordinal);
        }

        await Change(stored.WriteStateAsync);
        if (stored.State.Rows.Count == NodeSlice.NodesPerShard)
            DeactivateOnIdle();
    }

    public Task<byte[][]> Rows()
    {
        DeactivateOnIdle();
        return Task.FromResult<byte[][]>([.. stored.State.Rows.Values]);
    }

    public async Task Remove()
    {
        DeactivateOnIdle();
        if (stored.RecordExists)
            await Change(stored.ClearStateAsync);
    }

    /// <summary>Whether a change that failed was stored is not known: the next activation reads what is true.</summary>
    private async Task Change(Func<Task> change)
    {
        try
        {
            await change();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }
}

/// <summary>What a shard stores.</summary>
[GenerateSerializer, Alias("fleet-estimator.shard-state")]
internal sealed class ShardState
{
    /// <summary>Rows by ordinal, as bytes.</summary>
    [Id(0)]
    public SortedDictionary<long, byte[]> Rows { get; set; } = [];

    /// <summary>Of nodes that failed, the attempt.</summary>
    [Id(1)]
    public Dictionary<long, int> FailedIn { get; set; } = [];
}
