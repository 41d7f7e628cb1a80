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
    /// <param name="call">The call.</param>
    /// <param name="settings">How long to wait between tries, and how long before giving up.</param>
    /// <param name="time">What time it is.</param>
    /// <param name="failed">Told of every failure but the last.</param>
    /// <param name="cancellation">Ends the waiting for the next try.</param>
    /// <exception cref="OperationCanceledException">Cancelled while waiting for the next try.</exception>
    public static Task<T> UntilDone<T>(Func<Task<T>> call, WorkSettings settings, TimeProvider time, Action<Exception> failed, CancellationToken cancellation) =>
        Try(call, Timeout.InfiniteTimeSpan, settings, time, failed, cancellation);

    /// <summary>Calls until it succeeds or has failed for <see cref="WorkSettings.ReadPatience"/>; then the failure is the caller's.</summary>
    public static Task<T> ForAWhile<T>(Func<Task<T>> call, WorkSettings settings, TimeProvider time) =>
        Try(call, settings.ReadPatience, settings, time, _ => { }, CancellationToken.None);

    private static async Task<T> Try<T>(Func<Task<T>> call, TimeSpan patience, WorkSettings settings, TimeProvider time, Action<Exception> failed, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        for (var delay = settings.FirstRetry; ; delay = delay * 2 < settings.LastRetry ? delay * 2 : settings.LastRetry)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return await call();
            }
            catch (Exception exception) when (
                MayPass(exception) && !cancellation.IsCancellationRequested && (patience == Timeout.InfiniteTimeSpan || time.GetElapsedTime(started) < patience))
            {
                failed(exception);
            }

            await Task.Delay(delay * (0.5 + Random.Shared.NextDouble()), time, cancellation);
        }
    }
}
