using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>Runs studies on silos: has coordinators simulate, watches, and fetches results shard by shard.</summary>
public sealed class StudyClient(IGrainFactory grains)
{
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs a study to its end.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: no more nodes are handed out.</exception>
    public Task<StudyOutcome> Run(StudyPlan plan, IProgress<StudyProgress> progress, CancellationToken cancellation) =>
        StudyRun.Run(plan, (part, allocation, stage) => Simulate(part, allocation, stage, progress, cancellation));

    private async Task<SimulatedNodes> Simulate(StudyPlan plan, NodeAllocation allocation, string? stage, IProgress<StudyProgress> progress, CancellationToken cancellation)
    {
        var study = grains.GetGrain<IStudyGrain>(plan.Id);
        await study.Simulate(plan, allocation);
        try
        {
            for (; ; )
            {
                var now = await study.Progress();
                if (!now.Started)
                    throw new InvalidOperationException("The study's coordinator was lost with its silo, and what it knew with it. Run the study again.");
                progress.Report(now with { Stage = stage });
                if (now.Ended && now.Cancelled)
                    throw new OperationCanceledException("The study was cancelled.");
                if (now.Ended)
                    return new SimulatedNodes(Results(plan, allocation).ToBlockingEnumerable(CancellationToken.None), await study.Failures());
                await Task.Delay(PollPeriod, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            await study.Cancel();
            throw;
        }
    }

    private async IAsyncEnumerable<NodeResult> Results(StudyPlan plan, NodeAllocation allocation)
    {
        // Shards are of consecutive ordinals, and ordinals come in ascending order.
        string? last = null;
        foreach (var ordinal in plan.Ordinals(allocation))
        {
            if (ShardKey.OfNode(plan.Id, ordinal) is var shard && shard == last)
                continue;
            last = shard;
            foreach (var result in await grains.GetGrain<IShardGrain>(shard).Results())
                yield return result;
        }
    }
}
