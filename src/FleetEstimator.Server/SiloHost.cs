using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace FleetEstimator.Server;

/// <summary>
/// Runs a silo until it is told to stop, as long as that takes: if the cluster has declared it dead (it was stopped for a while, its machine
/// or network was), it ends as the silo that it was and joins as a new one in the same process.
/// </summary>
public static class SiloHost
{
    /// <summary>A silo that is evicted so often in a row, each time within a minute of its start, has a trouble that starting again does not mend.</summary>
    public const int MostShortLives = 3;

    private static readonly TimeSpan ShortLife = TimeSpan.FromMinutes(1);

    /// <summary>How long the rest of an evicted silo may take to end.</summary>
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(30);

    /// <summary>Starts what <paramref name="build"/> makes, again after each eviction, until <paramref name="stop"/>.</summary>
    /// <param name="build">A host with a silo that has <see cref="AddSiloEviction"/>; a new one each time it is called.</param>
    /// <param name="started">Called after each start.</param>
    /// <param name="tell">Hears of evictions, a sentence each.</param>
    /// <param name="stop">Ends the silo in good order; its work goes to the others.</param>
    /// <exception cref="SiloEvictedException">It was evicted time and again, or what was left of it did not end.</exception>
    public static async Task Run(Func<IHost> build, Action<IHost> started, Action<string> tell, CancellationToken stop)
    {
        int shortLives = 0;
        while (!stop.IsCancellationRequested)
        {
            var host = build();
            try
            {
                var eviction = host.Services.GetRequiredService<SiloEviction>();
                await host.StartAsync(stop);
                long birth = TimeProvider.System.GetTimestamp();
                started(host);
                if (await eviction.Happens(stop) is not { } reason)
                {
                    await host.StopAsync(CancellationToken.None);
                    return;
                }
                await Abandon(host);
                shortLives = TimeProvider.System.GetElapsedTime(birth) < ShortLife ? shortLives + 1 : 0;
                if (shortLives == MostShortLives)
                    throw new SiloEvictedException($"This silo was evicted {MostShortLives} times in a row, each time within {ShortLife.TotalSeconds:0} s of its start: {reason} " +
                        "Check that no other silo has its address and port, that the others reach it there, and that clocks agree.");
                tell($"This silo was evicted and joins again: {reason}");
            }
            finally
            {
                await Dispose(host);
            }
        }
    }

    /// <summary>Has a silo that the cluster has declared dead say so through <see cref="SiloEviction"/>, instead of failing the process fast.</summary>
    public static void AddSiloEviction(this IServiceCollection services)
    {
        services.AddSingleton<SiloEviction>();
        services.Replace(ServiceDescriptor.Singleton<IFatalErrorHandler>(provider => provider.GetRequiredService<SiloEviction>()));
    }

    /// <summary>Ends a silo that is none any more: nothing is handed over, the others have taken over already.</summary>
    private static async Task Abandon(IHost host)
    {
        try
        {
            await host.StopAsync(new CancellationToken(canceled: true)).WaitAsync(LongestEnd);
        }
        catch (TimeoutException problem)
        {
            throw new SiloEvictedException($"This silo was evicted, and what was left of it did not end within {LongestEnd.TotalSeconds:0} s. Start the process again.", problem);
        }
        catch (Exception problem) when (problem is OperationCanceledException or AggregateException)
        {
            // It was told not to take its time; what that breaks off does not matter any more.
        }
    }

    private static async ValueTask Dispose(IHost host)
    {
        if (host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        else
            host.Dispose();
    }
}

/// <summary>
/// Hears from Orleans that the silo cannot go on: the others have declared it dead, a newer silo has its address, or a loop of the runtime
/// has failed. Orleans' own handler ends the process with <see cref="Environment.FailFast(string)"/> (exit code 134, a core dump).
/// </summary>
public sealed class SiloEviction : IFatalErrorHandler
{
    private readonly TaskCompletionSource<string> _reason = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public bool IsUnexpected(Exception exception) => exception is not ThreadAbortException;

    /// <inheritdoc/>
    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        // Orleans appends its whole view of the cluster, which it has logged as an error already.
        string reason = exception is null ? $"{context}" : $"{sender?.GetType().Name}: {context}: {exception.Message}";
        int details = reason.IndexOf('[', StringComparison.Ordinal);
        _reason.TrySetResult(details < 0 ? reason : $"{reason[..details].TrimEnd(' ', ':')} (the log has more).");
    }

    /// <summary>Ends with the reason when it happens, with null when waiting is cancelled.</summary>
    public async Task<string?> Happens(CancellationToken cancellation)
    {
        try
        {
            return await _reason.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}

/// <summary>The silo was put out of its cluster and does not get back in; the message says what to look at.</summary>
public sealed class SiloEvictedException(string message, Exception? cause = null) : Exception(message, cause);
