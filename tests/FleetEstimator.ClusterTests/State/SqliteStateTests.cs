using System.Diagnostics;
using FleetEstimator.Server.State;
using Microsoft.Data.Sqlite;
using Xunit;

namespace FleetEstimator.ClusterTests.State;

public sealed class SqliteStateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-sqlite-").FullName;

    private string DataFile => Path.Combine(_folder, "new", "folder", "studies.db");

    [Fact]
    public async Task State_SurvivesARestart()
    {
        byte[] pages = [.. Enumerable.Range(0, 1000).Select(number => (byte)number)];
        var first = await TestSilo.OnSqlite(DataFile).Begin();
        await first.Notebook("a").Write(pages);
        await first.End();
        Assert.Equal(["studies.db", "studies.db.lock"], Directory.GetFiles(Path.GetDirectoryName(DataFile)!).Select(Path.GetFileName).Order());

        var second = await TestSilo.OnSqlite(DataFile).Begin();
        byte[] read = await second.Notebook("a").Read();
        await second.End();

        Assert.Equal(pages, read);
    }

    [Fact]
    public async Task Storage_KeepsItsContract()
    {
        var silo = await TestSilo.OnSqlite(DataFile).Begin();

        await StorageContract.Holds(silo);

        await silo.End();
    }

    [Fact]
    public async Task AcknowledgedWrite_IsInTheFileForOthersToRead()
    {
        var silo = await TestSilo.OnSqlite(DataFile).Begin();
        await Task.WhenAll(Enumerable.Range(0, 32).Select(number => silo.Notebook($"{number}").Write([1])));

        // What a process would find that starts after this one was killed.
        Assert.Equal(32L, Ask(DataFile, "SELECT count(*) FROM OrleansStorage"));

        await silo.End();
    }

    [Fact]
    public async Task FileUsedByAnotherProcess_IsRefused_UntilThatIsKilled()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(DataFile)!);
        // The other process: flock of util-linux, which takes the lock that a silo takes, then runs the shell that says so and waits.
        using var other = Process.Start(new ProcessStartInfo("flock", ["--no-fork", $"{DataFile}.lock", "sh", "-c", "echo locked; exec cat"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        })!;
        Assert.Equal("locked", await other.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));

        var refused = await Assert.ThrowsAsync<IOException>(Started);
        other.Kill();
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Started();

        Assert.Contains(DataFile, refused.Message, StringComparison.Ordinal);
        Assert.Contains("another process", refused.Message, StringComparison.Ordinal);
        Assert.Contains("fuser", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DatabaseOfAnotherVersion_IsRefused()
    {
        await Started();
        Ask(DataFile, $"PRAGMA user_version = {SqliteState.SchemaVersion + 1}");

        var refused = await Assert.ThrowsAsync<IOException>(Started);

        Assert.Contains($"version {SqliteState.SchemaVersion + 1}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DatabaseOfAnotherProgram_IsRefused_AndLeftAsItIs()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(DataFile)!);
        Ask(DataFile, "CREATE TABLE Theirs (Number INTEGER)");

        var refused = await Assert.ThrowsAsync<IOException>(Started);

        Assert.Contains("another program", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1L, Ask(DataFile, "SELECT count(*) FROM sqlite_schema"));
    }

    [Fact]
    public async Task FileThatIsNoDatabase_IsRefused_AndLeftAsItIs()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(DataFile)!);
        string text = string.Concat(Enumerable.Repeat("pages\n", 1000));
        await File.WriteAllTextAsync(DataFile, text, TestContext.Current.CancellationToken);

        var refused = await Assert.ThrowsAsync<IOException>(Started);

        Assert.Contains(DataFile, refused.Message, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(DataFile, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task FolderThatIsAFile_IsNamed()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "new"), "", TestContext.Current.CancellationToken);

        var refused = await Assert.ThrowsAsync<IOException>(Started);

        Assert.Contains(DataFile, refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task Started() => await (await TestSilo.OnSqlite(DataFile).Begin()).End();

    private static object? Ask(string file, string text)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }
}
