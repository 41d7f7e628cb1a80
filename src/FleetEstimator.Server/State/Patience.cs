namespace FleetEstimator.Server.State;

/// <summary>At the start of a cluster a silo may be there before the servers it needs.</summary>
internal static class Patience
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Repeats an attempt once a second while it fails for a passing reason and the patience lasts; then its exception is thrown.</summary>
    /// <param name="passing">Tells which failures may pass.</param>
    /// <param name="attempt">What is tried.</param>
    /// <param name="patience">How long; zero tries once.</param>
    /// <param name="tell">Hears of the first failure that is not thrown.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task While(Predicate<Exception> passing, Func<CancellationToken, Task> attempt, TimeSpan patience, Action<Exception> tell,
        CancellationToken cancellation)
    {
        var end = TimeProvider.System.GetTimestamp() + (long)(patience.TotalSeconds * TimeProvider.System.TimestampFrequency);
        for (bool told = false; ; told = true)
        {
            try
            {
                await attempt(cancellation);
                return;
            }
            catch (Exception problem) when (passing(problem) && TimeProvider.System.GetTimestamp() < end)
            {
                if (!told)
                    tell(problem);
            }
            await Task.Delay(Pause, cancellation);
        }
    }
}
