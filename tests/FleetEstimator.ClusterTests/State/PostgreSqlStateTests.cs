using System.Diagnostics;
using FleetEstimator.Server.State;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Xunit;

namespace FleetEstimator.ClusterTests.State;

[Collection(typeof(OnPostgreSql))]
public sealed class PostgreSqlStateTests(PostgreSqlServer server)
{
    [Fact]
    public async Task SilosStartedAtOnceOnAnEmptyDatabase_MakeItsSchemaOnce_AndSeeEachOther()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        var silos = Enumerable.Range(0, 3).Select(_ => TestSilo.OfCluster(TestSilo.Settings(database))).ToList();

        await Task.WhenAll(silos.Select(silo => silo.Begin()));
        await Task.WhenAll(silos.Select(silo => silo.Sees(3)));
        await silos[0].Notebook("a").Write([1, 2, 3]);
        byte[] read = await silos[2].Notebook("a").Read();
        await silos[1].End();
        await silos[0].Sees(2);
        await Task.WhenAll(silos[0].End(), silos[2].End());

        Assert.Equal([1, 2, 3], read);
        Assert.Equal(1L, await PostgreSqlServer.Execute(database, "SELECT count(*) FROM fleet_estimator.schema_version"));
        Assert.Equal(3L, await PostgreSqlServer.Execute(database, "SELECT count(*) FROM fleet_estimator.OrleansMembershipTable WHERE Status = 6"));
    }

    [Fact]
    public async Task State_SurvivesARestart()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        var first = await Start(TestSilo.Settings(database));
        await first.Notebook("a").Write([1, 2, 3]);
        await first.End();

        var second = await Start(TestSilo.Settings(database));
        byte[] read = await second.Notebook("a").Read();
        await second.End();

        Assert.Equal([1, 2, 3], read);
    }

    [Fact]
    public async Task Storage_KeepsItsContract()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        var silo = await Start(TestSilo.Settings(await server.NewDatabase()));

        await StorageContract.Holds(silo);

        await silo.End();
    }

    [Fact]
    public async Task ClustersInOneDatabase_KnowNothingOfEachOther()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        var ours = await Start(TestSilo.Settings(database) with { ClusterId = "ours" });
        var theirs = await Start(TestSilo.Settings(database) with { ClusterId = "theirs" });

        await ours.Notebook("a").Write([1]);
        byte[] read = await theirs.Notebook("a").Read();
        await ours.Sees(1);
        await theirs.Sees(1);
        await Task.WhenAll(ours.End(), theirs.End());

        Assert.Empty(read);
    }

    [Fact]
    public async Task DatabaseThatIsStopped_FailsWritesOnAllSilos_WhichLiveOnWhenItIsBack()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        var here = await Start(TestSilo.Settings(database));
        var there = await Start(TestSilo.Settings(database));
        await here.Sees(2);
        // So many that some are on either silo.
        var notebooks = Enumerable.Range(0, 16).Select(number => here.Notebook($"notebook {number}")).ToList();
        await Task.WhenAll(notebooks.Select(notebook => notebook.Write([1])));

        await server.Stop();
        var clock = Stopwatch.StartNew();
        var failures = await Task.WhenAll(notebooks.Select(notebook => Assert.ThrowsAnyAsync<OrleansException>(() => notebook.Write([2]))));
        var failed = clock.Elapsed;
        await server.Start();
        await Task.WhenAll(notebooks.Select(WriteUntilItWorks));
        byte[][] read = await Task.WhenAll(notebooks.Select(notebook => notebook.Read()));
        await here.Sees(2);
        await Task.WhenAll(here.End(), there.End());

        Assert.All(failures, failure => Assert.IsAssignableFrom<NpgsqlException>(failure.InnerException));
        Assert.InRange(failed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.All(read, pages => Assert.Equal([3], pages));

        // Connections of before may still be in a pool; each fails once, and callers try again.
        static async Task WriteUntilItWorks(INotebookGrain notebook)
        {
            for (int attempt = 1; ; attempt++)
                try
                {
                    await notebook.Write([3]);
                    return;
                }
                catch (OrleansException) when (attempt < 25)
                {
                }
        }
    }

    [Theory]
    [InlineData("Port", "1", "host and port")]
    [InlineData("Password", "open-simsim", "PGPASSWORD")]
    [InlineData("Database", "nowhere", "Create the database")]
    [InlineData("Username", "poor", "CREATE SCHEMA fleet_estimator AUTHORIZATION")]
    public async Task ConnectionThatDoesNotWork_IsNamedWithARemedy_AndWithoutPasswords(string part, string value, string remedy)
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        if (part == "Username")
            await PostgreSqlServer.Execute(database, $"CREATE ROLE {value} LOGIN PASSWORD '{PostgreSqlServer.Password}'");
        string wrong = new NpgsqlConnectionStringBuilder(database) { [part] = value }.ConnectionString;

        var refused = await Assert.ThrowsAsync<IOException>(() => Start(TestSilo.Settings(wrong)));

        Assert.Contains($"PostgreSQL at 127.0.0.1:{(part == "Port" ? value : $"{server.Port}")}", refused.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("open-", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SchemaOfAnotherVersion_IsRefused()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        await PostgreSqlServer.Execute(database, "CREATE SCHEMA fleet_estimator; CREATE TABLE fleet_estimator.schema_version AS SELECT 99 AS version");

        var refused = await Assert.ThrowsAsync<IOException>(() => Start(TestSilo.Settings(database)));

        Assert.Contains("version 99", refused.Message, StringComparison.Ordinal);
        Assert.Contains("DROP SCHEMA", refused.Message, StringComparison.Ordinal);
    }

    private static Task<IHost> Start(SiloSettings settings) => TestSilo.OfCluster(settings).Begin();
}
