using System.Data.Common;
using FleetEstimator.Grains;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;

namespace FleetEstimator.Server.State;

/// <summary>State of grains in one SQLite file: for a silo on its own.</summary>
public static class SqliteState
{
    /// <summary>Version of Sqlite.sql, kept in the file's <c>user_version</c>.</summary>
    public const int SchemaVersion = 1;

    /// <summary>Has grains keep their state in a file, which is made if it is missing, as are the folders above it.</summary>
    /// <param name="silo">A silo whose clustering has been chosen already.</param>
    /// <param name="file">
    /// The database. Beside it stand <c>FILE.lock</c> and, while it is open, SQLite's <c>FILE-wal</c> and <c>FILE-shm</c>. Starting the silo
    /// throws an <see cref="IOException"/> if another process uses it, if it is something else or of another version, or cannot be written.
    /// </param>
    public static ISiloBuilder UseSqliteState(this ISiloBuilder silo, string file)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(file);
        silo.Services.AddSingleton(_ => new SqliteDatabase(Path.GetFullPath(file)));
        // Part of every key: it must not depend on how the silo happened to be started.
        silo.Services.PostConfigure<ClusterOptions>(cluster => cluster.ServiceId = StudyStorage.Name);
        silo.AddStudyStorage<SqliteDatabase>("System.Data.SQLite", database => database.Connections);
        return silo;
    }
}

/// <summary>The file: locked for this process, with its schema, from the start of the silo until the silo's services are disposed.</summary>
internal sealed class SqliteDatabase(string file) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>"FESt", in the file's header: what <c>file</c> and we tell our databases by.</summary>
    private const int ApplicationId = 0x46455374;

    private FileStream? _lock;

    /// <summary>Connections for Orleans, one at a time.</summary>
    public SqliteConnections Connections { get; } = new(file);

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(SqliteDatabase), ServiceLifecycleStage.First, _ =>
    {
        Open();
        return Task.CompletedTask;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        Connections.Dispose();
        _lock?.Dispose();
    }

    private void Open()
    {
        _lock = Lock();
        try
        {
            using var connection = Connections.OpenConnection();
            MakeSchema(connection);
        }
        catch (SqliteException problem)
        {
            throw new IOException($"{file}: SQLite cannot use it: {problem.Message} " +
                "If it is no database of FleetEstimator, give another data directory; if it is one that is damaged, move it away and run its studies again.", problem);
        }
    }

    private FileStream Lock()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            // An exclusive flock: the system lets go of it when the process ends, however it ends.
            return new FileStream($"{file}.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException problem) when (File.Exists($"{file}.lock"))
        {
            throw new IOException($"{file} is used by another process ({problem.Message}). " +
                $"Wait until it ends or stop it (`fuser -v {file}.lock` shows it), or give another data directory.", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{file}.lock cannot be written: {problem.Message} Give a data directory that this user may write to.", problem);
        }
    }

    private void MakeSchema(DbConnection connection)
    {
        var (application, version, tables) = (Number("PRAGMA application_id"), Number("PRAGMA user_version"), Number("SELECT count(*) FROM sqlite_schema"));
        if ((application, tables) == (0, 0))
        {
            Number("PRAGMA journal_mode = WAL");
            Number($"BEGIN IMMEDIATE; {DatabaseStorage.Script("Sqlite.sql")} PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {SqliteState.SchemaVersion}; COMMIT");
        }
        else if (application != ApplicationId)
            throw new IOException($"{file} is a SQLite database of another program. Give another data directory.");
        else if (version != SqliteState.SchemaVersion)
            throw new IOException($"{file} has version {version} of the state's schema, and this program has {SqliteState.SchemaVersion}. " +
                "Use the program that made it, or give another data directory and run its studies again.");

        long Number(string text)
        {
            using var command = connection.CreateCommand();
            command.CommandText = text;
            return command.ExecuteScalar() is long number ? number : 0;
        }
    }
}

/// <summary>
/// Connections to one SQLite file, of which one is open at a time. SQLite lets one write at a time anyway; waiting here costs no thread,
/// while its driver sleeps for 150 ms on a thread whenever the file is busy.
/// </summary>
internal sealed class SqliteConnections(string file) : DbDataSource
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <inheritdoc/>
    public override string ConnectionString { get; } = new SqliteConnectionStringBuilder { DataSource = file }.ToString();

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => new SqliteConnection(ConnectionString);

    /// <inheritdoc/>
    protected override DbConnection OpenDbConnection()
    {
        _turn.Wait();
        return OpenInTurn();
    }

    /// <inheritdoc/>
    protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(cancellationToken);
        return OpenInTurn();
    }

    private SqliteConnection OpenInTurn()
    {
        var connection = new SqliteConnection(ConnectionString);
        try
        {
            connection.Open();
            using (var durable = connection.CreateCommand())
            {
                // Each commit waits for the disk, so that not even a power cut takes back what was acknowledged.
                durable.CommandText = "PRAGMA synchronous = FULL";
                durable.ExecuteNonQuery();
            }
            connection.StateChange += (_, _) => _turn.Release();
            return connection;
        }
        catch
        {
            connection.Dispose();
            _turn.Release();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // The driver keeps connections open for reuse; the last one to close brings the log back into the database and removes it.
            using var connection = new SqliteConnection(ConnectionString);
            SqliteConnection.ClearPool(connection);
        }
        base.Dispose(disposing);
    }
}
