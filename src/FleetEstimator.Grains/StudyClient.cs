namespace FleetEstimator.Grains;

/// <summary>What can be done with studies on silos. Every call may be made again when its outcome is unknown.</summary>
public sealed class StudyClient(IGrainFactory grains, WorkSettings? settings = null)
{
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>Begins a study, or goes on with it if it was cancelled; does nothing if it is under way or has ended.</summary>
    public Task Submit(StudyPlan plan) => Study(plan.Id).Submit(plan);

    /// <summary>All studies and how far they are, in the order in which they were submitted.</summary>
    public async Task<IReadOnlyList<StudyStatus>> List()
    {
        var statuses = new List<StudyStatus>();
        foreach (var study in await grains.GetGrain<IStudyIndexGrain>(0).All())
        {
            try
            {
                statuses.Add(await Study(study.Id).Status());
            }
            catch (StudyNotFoundException)
            {
                // Removed meanwhile.
            }
        }

        return statuses;
    }

    /// <summary>How far a study is.</summary>
    /// <exception cref="StudyNotFoundException">There is none of that id.</exception>
    public Task<StudyStatus> Status(string id) => Study(id).Status();

    /// <summary>The plan of a study.</summary>
    /// <exception cref="StudyNotFoundException">There is none of that id.</exception>
    public Task<StudyPlan> Plan(string id) => Study(id).Plan();

    /// <summary>Hands out no more nodes. What is done stays.</summary>
    /// <exception cref="StudyNotFoundException">There is none of that id.</exception>
    public Task Cancel(string id) => Study(id).Cancel();

    /// <summary>Goes on with a study that was cancelled; in one that has ended, tries the nodes that failed once more.</summary>
    /// <exception cref="StudyNotFoundException">There is none of that id.</exception>
    public Task Resume(string id) => Study(id).Reopen();

    /// <summary>Forgets a study and its results.</summary>
    public Task Remove(string id) => Study(id).Remove();

    /// <summary>What a study came to.</summary>
    /// <exception cref="StudyNotFoundException">There is none of that id.</exception>
    /// <exception cref="InvalidOperationException">It has not ended, or another build of the program simulated it.</exception>
    public async Task<StudyOutcome> Outcome(StudyPlan plan)
    {
        if (!plan.IsOfThisBuild)
            throw new InvalidOperationException($"Study {plan.Id} was simulated by another build of the program, whose results this one does not read. Submit it again.");
        var status = await Status(plan.Id);
        return await StudyOutcome.Read(plan, status.Allocation ?? throw new InvalidOperationException($"Study {plan.Id} has not ended."), new ShardRows(grains, plan, settings ?? new WorkSettings(), TimeProvider.System).Read);
    }

    /// <summary>Runs a study to its end.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, here or by someone else; run again, it goes on from there.</exception>
    /// <exception cref="InvalidOperationException">It cannot be ended.</exception>
    public async Task<StudyOutcome> Run(StudyPlan plan, IProgress<StudyProgress> progress, CancellationToken cancellation)
    {
        await Submit(plan);
        try
        {
            for (; ; )
            {
                var status = await Status(plan.Id);
                progress.Report(status.Progress);
                switch (status.Entry.Phase)
                {
                    case StudyPhase.Ended:
                        return await Outcome(plan);
                    case StudyPhase.Broken:
                        throw new InvalidOperationException(status.Problem);
                    case StudyPhase.Cancelled:
                        throw new OperationCanceledException("The study was cancelled.");
                }

                await Task.Delay(PollPeriod, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Cancel(plan.Id);
            throw;
        }
    }

    private IStudyGrain Study(string id) => grains.GetGrain<IStudyGrain>(id);
}
