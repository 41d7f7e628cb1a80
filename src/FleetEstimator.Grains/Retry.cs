namespace FleetEstimator.Grains;

/// <summary>Calls whose loss costs nothing but time: they are made again until they succeed. Delivery is at most once in Orleans; what is called this way is idempotent.</summary>
internal static class Retry
{
    /// <summary>Whether a call failed for reasons that pass: silos that come and go, messages lost, storage that cannot be reached.</summary>
    /// <remarks>
    /// Storage providers throw whatever their driver throws, and Orleans passes it on across silos as it is, or as the base class where the type cannot travel.
    /// What never passes is told by the type of its own: a <see cref="StudyNotFoundException"/>.
    /// </remarks>
    public static bool MayPass(Exception exception) => exception is not StudyNotFoundException;

    /// <summary>Calls until it succeeds.</summary>
    /// <exception cref="OperationCanceledException">Cancelled while waiting for the next try.</exception>
    public static async Task<T> UntilDone<T>(Func<Task<T>> call, WorkSettings settings, TimeProvider time, Action<Exception> failed, CancellationToken cancellation)
    {
        for (var delay = settings.FirstRetry; ; delay = delay * 2 < settings.LastRetry ? delay * 2 : settings.LastRetry)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return await call();
            }
            catch (Exception exception) when (MayPass(exception) && !cancellation.IsCancellationRequested)
            {
                failed(exception);
            }

            await Task.Delay(delay * (0.5 + Random.Shared.NextDouble()), time, cancellation);
        }
    }
}
