using Xunit;

namespace FleetEstimator.ClusterTests.State;

[Collection(typeof(OnPostgreSql))]
public sealed class RedisMembershipTests(PostgreSqlServer server, RedisServer redis) : IClassFixture<RedisServer>
{
    [Fact]
    public async Task Silos_SeeEachOtherThroughRedis_AndKeepTheirStateInPostgreSql()
    {
        Assert.SkipUnless(RedisServer.Installed, RedisServer.Missing);
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        string database = await server.NewDatabase();
        var silos = Enumerable.Range(0, 2).Select(_ => TestSilo.OfCluster(TestSilo.Settings(database, redis.Configuration))).ToList();

        await Task.WhenAll(silos.Select(silo => silo.Begin()));
        await Task.WhenAll(silos.Select(silo => silo.Sees(2)));
        await silos[0].Notebook("a").Write([1, 2, 3]);
        byte[] read = await silos[1].Notebook("a").Read();
        await Task.WhenAll(silos.Select(silo => silo.End()));

        Assert.Equal([1, 2, 3], read);
        Assert.Equal(1L, await PostgreSqlServer.Execute(database, "SELECT count(*) FROM fleet_estimator.OrleansStorage"));
        Assert.Equal(0L, await PostgreSqlServer.Execute(database, "SELECT count(*) FROM fleet_estimator.OrleansMembershipTable"));
    }

    [Fact]
    public async Task ServerThatDoesNotAnswer_IsNamedWithARemedy_AndWithoutPasswords()
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        var silo = TestSilo.OfCluster(TestSilo.Settings(await server.NewDatabase(), $"127.0.0.1:1,password={RedisServer.Password}"));

        var refused = await Assert.ThrowsAsync<IOException>(() => silo.Begin());

        Assert.Contains("Redis at 127.0.0.1:1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("password, and that the server runs", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(RedisServer.Password, refused.ToString(), StringComparison.Ordinal);
    }
}
