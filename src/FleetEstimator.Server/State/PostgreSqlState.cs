using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Serialization;

namespace FleetEstimator.Server.State;

/// <summary>State and membership of a cluster in PostgreSQL.</summary>
public static class PostgreSqlState
{
    /// <summary>Has grains keep their state in PostgreSQL, whose schema is made at the silo's start if it is missing.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="connectionString">As <see cref="SiloSettings.PostgreSql"/>.</param>
    /// <param name="clusterId">As <see cref="SiloSettings.ClusterId"/>.</param>
    /// <param name="patience">As <see cref="SiloSettings.DatabasePatience"/>.</param>
    public static ISiloBuilder UsePostgreSqlState(this ISiloBuilder silo, string connectionString, string clusterId, TimeSpan patience)
    {
        silo.Services.AddSingleton(services => new PostgreSqlDatabase(connectionString, patience, services.GetRequiredService<ILogger<PostgreSqlDatabase>>()));
        silo.Services.PostConfigure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (clusterId, clusterId));
        silo.AddStudyStorage<PostgreSqlDatabase>("Npgsql", database => database.State);
        // A failed write reaches its caller on another silo as what it was; else the answer could not be sent.
        silo.Services.Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedNamespacePrefixes.Add(nameof(Npgsql)));
        return silo;
    }

    /// <summary>Has silos find each other in the database of <see cref="UsePostgreSqlState"/>.</summary>
    public static ISiloBuilder UsePostgreSqlMembership(this ISiloBuilder silo) =>
        silo.UseAdoNetClustering((Microsoft.Extensions.Options.OptionsBuilder<AdoNetClusteringSiloOptions> membership) =>
            membership.Configure<PostgreSqlDatabase>((options, database) =>
            {
                options.Invariant = "Npgsql";
                options.DataSource = database.Membership;
            }));
}

/// <summary>The database: two pools of connections, and the schema <c>fleet_estimator</c>, made before anything of the silo asks for it.</summary>
internal sealed partial class PostgreSqlDatabase : ILifecycleParticipant<ISiloLifecycle>, IAsyncDisposable, IDisposable
{
    /// <summary>Version of PostgreSql.sql, kept in the table <c>fleet_estimator.schema_version</c>.</summary>
    public const int SchemaVersion = 1;

    /// <summary>The key of the advisory lock under which one silo makes the schema; the others wait and find it. "FleetEst" in ASCII.</summary>
    private const long SchemaLock = 0x466C656574457374;

    /// <summary>
    /// What the user's connection string may overrule; times in seconds. A server that is gone makes calls fail at once, one that hangs within
    /// 20 s (the command's time, and as much again for leaving the connection), before the call of the grain ends. A statement that hangs is
    /// left without asking the server to cancel it, which would hang as well; if it is done after all, the next write of the grain is refused
    /// as stale and the grain reads its state again.
    /// </summary>
    private const string Defaults = "Search Path=fleet_estimator;Timeout=5;Command Timeout=10;Cancellation Timeout=-1;Tcp Keepalive=true";

    private readonly TimeSpan _patience;
    private readonly ILogger _log;
    private readonly string _name;

    public PostgreSqlDatabase(string connectionString, TimeSpan patience, ILogger<PostgreSqlDatabase> log)
    {
        (_patience, _log) = (patience, log);
        if (!TryParse(connectionString, out var user))
            throw new ArgumentException("It is no connection string of Npgsql.", nameof(connectionString));
        _name = $"PostgreSQL at {user.Host ?? "localhost"}:{user.Port}, database {user.Database ?? user.Username}";
        State = Source("state", connections: 20);
        Membership = Source("membership", connections: 4);

        // Of its own, so that membership never waits behind writes of state: a silo that cannot tell that it lives looks dead.
        NpgsqlDataSource Source(string purpose, int connections) => NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder($"Maximum Pool Size={connections};{user.ConnectionString}") { ApplicationName = $"fleet-estimator {purpose}" });
    }

    /// <summary>Connections for the state of grains.</summary>
    public NpgsqlDataSource State { get; }

    /// <summary>Connections for membership.</summary>
    public NpgsqlDataSource Membership { get; }

    /// <summary>The user's connection string over our defaults, if it is one.</summary>
    public static bool TryParse(string connectionString, [NotNullWhen(true)] out NpgsqlConnectionStringBuilder? parsed)
    {
        try
        {
            parsed = new NpgsqlConnectionStringBuilder($"{Defaults};{connectionString}");
            return true;
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // What it says may quote what was given, and that may be a password.
            parsed = null;
            return false;
        }
    }

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(PostgreSqlDatabase), ServiceLifecycleStage.First, Open);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await State.DisposeAsync();
        await Membership.DisposeAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        State.Dispose();
        Membership.Dispose();
    }

    private async Task Open(CancellationToken cancellation)
    {
        try
        {
            await Patience.While(problem => problem is NpgsqlException { IsTransient: true }, MakeSchema, _patience,
                problem => LogWaiting(_log, _name, problem.Message), cancellation);
        }
        catch (NpgsqlException problem)
        {
            throw new IOException($"{_name}: {problem.Message} {Remedy(problem)}", problem);
        }
    }

    private async Task MakeSchema(CancellationToken cancellation)
    {
        await using var connection = await Membership.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Run($"SELECT pg_advisory_xact_lock({SchemaLock})");
        if (await Run("SELECT to_regclass('fleet_estimator.schema_version')::text") is null or DBNull)
        {
            // A schema that an administrator has made beforehand takes no right to make one.
            if (await Run("SELECT to_regnamespace('fleet_estimator')::text") is null or DBNull)
                await Run("CREATE SCHEMA fleet_estimator");
            await Run($"SET LOCAL search_path = fleet_estimator; CREATE TABLE schema_version (version integer NOT NULL); INSERT INTO schema_version VALUES ({SchemaVersion})");
            await Run(DatabaseStorage.Script("PostgreSql.sql"));
        }
        else if (await Run("SELECT version FROM fleet_estimator.schema_version") is var version && version is not SchemaVersion)
            throw new IOException($"{_name}: the schema fleet_estimator has version {version}, and this program has {SchemaVersion}. Use the program that made it, " +
                "give another database, or, if its studies are not needed any more, DROP SCHEMA fleet_estimator CASCADE.");
        await transaction.CommitAsync(cancellation);

        async Task<object?> Run(string text)
        {
            await using var command = new NpgsqlCommand(text, connection, transaction);
            return await command.ExecuteScalarAsync(cancellation);
        }
    }

    private static string Remedy(NpgsqlException problem) => problem switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => "Create the database, or name another one.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } =>
            "Give a user that may log in, the password in PGPASSWORD or PGPASSFILE.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } =>
            "Let the user own the database, or have its owner run: CREATE SCHEMA fleet_estimator AUTHORIZATION the_user.",
        { InnerException: SocketException or TimeoutException } => "Check host and port, and that the server runs and listens there.",
        _ => "Check the connection string and the server's log.",
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database} does not answer, waiting for it: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string database, string problem);
}
