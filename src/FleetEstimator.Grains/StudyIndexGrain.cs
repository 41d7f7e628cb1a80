namespace FleetEstimator.Grains;

/// <summary>Knows which studies there are. Asked by every silo every few seconds, and by people.</summary>
[KeepAlive]
internal sealed class StudyIndexGrain(
    [PersistentState("index", StudyStorage.Name)] IPersistentState<StudyIndexState> stored, WorkSettings settings, TimeProvider time) : Grain, IStudyIndexGrain
{
    // Silos that knew another activation know nothing of this one.
    private long _version = Random.Shared.NextInt64(long.MaxValue / 2);
    private TaskCompletionSource _changed = NewSignal();

    public async Task Put(StudyEntry study)
    {
        var known = stored.State.Studies.FindIndex(other => other.Id == study.Id);
        // A study that was removed and submitted again counts its changes anew.
        if (known >= 0 && (stored.State.Studies[known].Submitted, stored.State.Studies[known].Changes).CompareTo((study.Submitted, study.Changes)) >= 0)
            return;
        if (known >= 0)
            stored.State.Studies[known] = study;
        else
            stored.State.Studies.Add(study);
        await Store();
    }

    public async Task Remove(string id)
    {
        if (stored.State.Studies.RemoveAll(study => study.Id == id) > 0)
            await Store();
    }

    public Task<StudyEntry[]> All() => Task.FromResult<StudyEntry[]>([.. stored.State.Studies]);

    public async Task<ActiveStudies> Active(long version)
    {
        if (version == _version)
            await _changed.Task.WaitAsync(settings.Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return new(_version, [.. stored.State.Studies.Where(study => study.Phase == StudyPhase.Running).Select(study => study.Id)]);
    }

    private async Task Store()
    {
        try
        {
            await stored.WriteStateAsync();
        }
        catch
        {
            // Whether it was stored is not known: the next activation reads what is true.
            DeactivateOnIdle();
            throw;
        }

        _version++;
        _changed.TrySetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>What the index stores.</summary>
[GenerateSerializer, Alias("fleet-estimator.index-state")]
internal sealed class StudyIndexState
{
    /// <summary>All studies, in the order in which they were submitted.</summary>
    [Id(0)]
    public List<StudyEntry> Studies { get; set; } = [];
}
