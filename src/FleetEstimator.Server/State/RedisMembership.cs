using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Clustering.Redis;
using StackExchange.Redis;

namespace FleetEstimator.Server.State;

/// <summary>Membership of a cluster in Redis, for those who run one anyway; state stays in PostgreSQL.</summary>
public static partial class RedisMembership
{
    /// <summary>Has silos find each other in Redis.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="configuration">As <see cref="SiloSettings.Redis"/>.</param>
    /// <param name="patience">As <see cref="SiloSettings.DatabasePatience"/>.</param>
    public static ISiloBuilder UseRedisMembership(this ISiloBuilder silo, string configuration, TimeSpan patience)
    {
        if (!TryParse(configuration, out var server))
            throw new ArgumentException("It is no configuration of StackExchange.Redis.", nameof(configuration));
        silo.UseRedisClustering(options => options.ConfigurationOptions = server);
        silo.Services.AddOptions<RedisClusteringOptions>().Configure<ILogger<RedisClusteringOptions>>((options, log) =>
            options.CreateMultiplexer = async _ => (await Connect(server, patience, log), IsShared: false));
        return silo;
    }

    /// <summary>The user's configuration, if it is one and names a server.</summary>
    public static bool TryParse(string configuration, [NotNullWhen(true)] out ConfigurationOptions? parsed)
    {
        try
        {
            parsed = ConfigurationOptions.Parse(configuration);
            parsed.ClientName = "fleet-estimator membership";
            return parsed.EndPoints.Count > 0;
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException)
        {
            // What it says may quote what was given, and that may be a password.
            parsed = null;
            return false;
        }
    }

    private static async Task<IConnectionMultiplexer> Connect(ConfigurationOptions options, TimeSpan patience, ILogger log)
    {
        IConnectionMultiplexer? connected = null;
        string name = $"Redis at {string.Join(", ", options.EndPoints)}";
        try
        {
            await Patience.While(problem => problem is RedisConnectionException, async _ => connected = await ConnectionMultiplexer.ConnectAsync(options),
                patience, problem => LogWaiting(log, name, problem.Message), CancellationToken.None);
            return connected!;
        }
        catch (RedisConnectionException problem)
        {
            throw new IOException($"{name}: {problem.Message} Check host, port and password, and that the server runs and listens there.", problem);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Server} does not answer, waiting for it: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string server, string problem);
}
