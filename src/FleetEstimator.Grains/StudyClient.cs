using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>Runs studies on silos: starts them at their coordinator, watches, and fetches results shard by shard.</summary>
public sealed class StudyClient(IGrainFactory grains)
{
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs a study to its end.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: no more nodes are handed out.</exception>
    public async Task<StudyOutcome> Run(StudyPlan plan, IProgress<StudyProgress> progress, CancellationToken cancellation)
    {
        var study = grains.GetGrain<IStudyGrain>(plan.Id);
        await study.Start(plan);
        try
        {
            for (; ; )
            {
                var now = await study.Progress();
                progress.Report(now);
                if (now.Ended)
                    return new StudyOutcome(Results(plan).ToBlockingEnumerable(CancellationToken.None), now.Failed);
                await Task.Delay(PollPeriod, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            await study.Cancel();
            throw;
        }
    }

    private async IAsyncEnumerable<NodeResult> Results(StudyPlan plan)
    {
        for (var shard = 0; shard < plan.ShardCount; shard++)
        {
            foreach (var result in await grains.GetGrain<IShardGrain>(ShardKey.Of(plan.Id, shard)).Results())
                yield return result;
        }
    }
}
