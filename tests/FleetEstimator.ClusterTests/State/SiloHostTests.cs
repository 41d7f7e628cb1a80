using System.Threading.Channels;
using FleetEstimator.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Xunit;

namespace FleetEstimator.ClusterTests.State;

[Collection(typeof(OnPostgreSql))]
public sealed class SiloHostTests(PostgreSqlServer server)
{
    [Fact]
    public async Task SiloDeclaredDead_JoinsAgainInTheSameProcess_AndStopsInGoodOrder()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        var started = Channel.CreateUnbounded<IHost>();
        var told = new List<string>();
        using var stop = new CancellationTokenSource();
        var run = SiloHost.Run(Silo(database), host => started.Writer.TryWrite(host), told.Add, stop.Token);
        var other = await TestSilo.OfCluster(TestSilo.Settings(database)).Begin();
        var first = await started.Reader.ReadAsync(TestContext.Current.CancellationToken);
        await first.Notebook("a").Write([1]);
        var dead = Address(first);

        await DeclareDead(database, dead);
        var second = await started.Reader.ReadAsync(TestContext.Current.CancellationToken);
        var reborn = Address(second);
        await second.Sees(2);
        await second.Notebook("a").Write([2]);
        byte[] read = await other.Notebook("a").Read();
        await stop.CancelAsync();
        await run;
        await other.Sees(1);
        await other.End();

        Assert.Equal([2], read);
        Assert.Contains("joins again", Assert.Single(told), StringComparison.Ordinal);
        Assert.Equal(dead.Endpoint, reborn.Endpoint);
        Assert.NotEqual(dead.Generation, reborn.Generation);
    }

    [Fact]
    public async Task SiloDeclaredDeadRightAfterEachStart_GivesUp()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        var started = Channel.CreateUnbounded<IHost>();
        var run = SiloHost.Run(Silo(database), host => started.Writer.TryWrite(host), _ => { }, TestContext.Current.CancellationToken);

        for (int life = 0; life < SiloHost.MostShortLives; life++)
            await DeclareDead(database, Address(await started.Reader.ReadAsync(TestContext.Current.CancellationToken)));

        var evicted = await Assert.ThrowsAsync<SiloEvictedException>(() => run);
        Assert.Contains("address and port", evicted.Message, StringComparison.Ordinal);
    }

    private static Func<IHost> Silo(string database)
    {
        var settings = TestSilo.Settings(database);
        return () => TestSilo.OfCluster(settings, silo => silo.Configure<ClusterMembershipOptions>(membership => membership.TableRefreshTimeout = TimeSpan.FromSeconds(1)));
    }

    /// <summary>What other silos do to one that does not answer.</summary>
    private static Task<object?> DeclareDead(string database, SiloAddress silo) => PostgreSqlServer.Execute(database, $"""
        UPDATE fleet_estimator.OrleansMembershipTable SET Status = 6 WHERE Port = {silo.Endpoint.Port} AND Generation = {silo.Generation};
        UPDATE fleet_estimator.OrleansMembershipVersionTable SET Version = Version + 1
        """);

    private static SiloAddress Address(IHost host) => host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
}
