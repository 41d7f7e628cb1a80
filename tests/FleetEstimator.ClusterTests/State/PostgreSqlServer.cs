using System.Globalization;
using Npgsql;
using Xunit;

namespace FleetEstimator.ClusterTests.State;

/// <summary>Tests that share one PostgreSQL server, one after another, since some of them stop it.</summary>
[CollectionDefinition]
public sealed class OnPostgreSql : ICollectionFixture<PostgreSqlServer>;

/// <summary>
/// A PostgreSQL server of our own from the machine's binaries, as durable as in production, on a free port of loopback, in a temporary folder.
/// PostgreSQL refuses to run as root, so root runs it as the user postgres of Debian's package.
/// </summary>
public sealed class PostgreSqlServer : IAsyncLifetime
{
    /// <summary>Why a test is skipped where the binaries are missing.</summary>
    public const string Missing = "PostgreSQL is not installed (apt-get install postgresql)";

    /// <summary>The one user, a superuser.</summary>
    public const string User = "fleet";

    /// <summary>The password, which must not appear anywhere.</summary>
    public const string Password = "open-sesame";

    private static readonly string? Initdb = Servers.Find("initdb", Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(version => double.Parse(Path.GetFileName(version), CultureInfo.InvariantCulture)).Select(version => $"{version}/bin")
        : []);

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-postgresql-").FullName;
    private int _databases;

    /// <summary>Whether there is a server.</summary>
    public static bool Installed => Initdb is not null;

    /// <summary>Its TCP port.</summary>
    public int Port { get; } = Servers.FreePort();

    private string Data => Path.Combine(_folder, "data");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (!Installed)
            return;
        string password = Path.Combine(_folder, "password");
        await File.WriteAllTextAsync(password, Password);
        if (Environment.IsPrivilegedProcess)
            await Servers.Run("chown", "-R", "postgres", _folder);
        await AsServer(Initdb!, "--pgdata", Data, "--username", User, "--pwfile", password, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync");
        await Start();
    }

    /// <summary>Starts it and waits until it answers.</summary>
    public Task Start() => AsServer(Path.Combine(Path.GetDirectoryName(Initdb)!, "pg_ctl"), "--pgdata", Data, "--wait", "--silent", "--log", $"{Data}/log",
        "--options", $"-p {Port} -k {_folder} -c listen_addresses=127.0.0.1", "start");

    /// <summary>Stops it, breaking the connections of its clients, and waits until it has ended.</summary>
    public Task Stop() => Stop("fast");

    /// <summary>The connection string of a new, empty database.</summary>
    public async Task<string> NewDatabase()
    {
        string name = $"test{++_databases}";
        await Execute(ConnectionString("postgres"), $"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>The connection string of a database.</summary>
    public string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = Port, Database = database, Username = User, Password = Password }.ConnectionString;

    /// <summary>Runs statements and gives the first value.</summary>
    public static async Task<object?> Execute(string connectionString, string text)
    {
        // Not from a pool: it may hold connections from before a stop of the server.
        await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(text, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (File.Exists($"{Data}/postmaster.pid"))
            await Stop("immediate");
        Directory.Delete(_folder, recursive: true);
    }

    private Task Stop(string mode) => AsServer(Path.Combine(Path.GetDirectoryName(Initdb)!, "pg_ctl"), "--pgdata", Data, "--wait", "--silent", "--mode", mode, "stop");

    private static Task AsServer(string program, params string[] arguments) =>
        Environment.IsPrivilegedProcess ? Servers.Run("runuser", ["-u", "postgres", "--", program, .. arguments]) : Servers.Run(program, arguments);
}
