using System.Collections.Concurrent;

namespace FleetEstimator.Grains;

/// <summary>
/// The threads of a silo that simulate: as many as it has cores, apart from the thread pool that every grain shares, so that a silo at
/// work answers as fast as an idle one.
/// </summary>
public sealed class SimulationThreads : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];

    /// <summary>Starts <paramref name="count"/> threads.</summary>
    public SimulationThreads(int count)
    {
        Count = count;
        for (var number = 0; number < count; number++)
            new Thread(Work) { IsBackground = true, Name = $"simulation {number}" }.Start();
    }

    /// <summary>How many they are.</summary>
    public int Count { get; }

    /// <summary>Runs <paramref name="work"/> on one of the threads, first come, first served.</summary>
    public Task<T> Run<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
#pragma warning disable CA1031 // Whatever happened is the awaiting grain's to judge.
            catch (Exception exception)
            {
                done.SetException(exception);
            }
#pragma warning restore CA1031
        });
        return done.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => _work.CompleteAdding();

    private void Work()
    {
        foreach (var action in _work.GetConsumingEnumerable())
            action();
    }
}
