using System.Net;
using FleetEstimator.Server.State;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace FleetEstimator.ClusterTests.State;

/// <summary>Hosts of one silo, as the command makes them.</summary>
internal static class TestSilo
{
    /// <summary>A silo on its own with state in a SQLite file.</summary>
    public static IHost OnSqlite(string file) => Build(silo =>
    {
        int port = Servers.FreePort();
        silo.UseLocalhostClustering(port, Servers.FreePort(), new IPEndPoint(IPAddress.Loopback, port));
        silo.UseSqliteState(file);
    });

    /// <summary>A silo of a cluster.</summary>
    public static IHost OfCluster(SiloSettings settings, Action<ISiloBuilder>? more = null) => Build(silo =>
    {
        silo.UseCluster(settings);
        more?.Invoke(silo);
    });

    /// <summary>Settings of a silo on this machine that does not wait for databases.</summary>
    public static SiloSettings Settings(string postgreSql, string? redis = null) =>
        new() { PostgreSql = postgreSql, Redis = redis, Port = Servers.FreePort(), DatabasePatience = TimeSpan.Zero };

    public static INotebookGrain Notebook(this IHost host, string key) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<INotebookGrain>(key);

    /// <summary>Ends when a silo sees so many active silos.</summary>
    public static async Task Sees(this IHost host, int silos)
    {
        await foreach (var snapshot in host.Services.GetRequiredService<IClusterMembershipService>().MembershipUpdates)
            if (snapshot.Members.Count(member => member.Value.Status == SiloStatus.Active) == silos)
                return;
    }

    /// <summary>Starts a silo; one that does not start lets go of all it holds.</summary>
    public static async Task<IHost> Begin(this IHost host)
    {
        try
        {
            await host.StartAsync(TestContext.Current.CancellationToken);
            return host;
        }
        catch
        {
            await ((IAsyncDisposable)host).DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops a silo in good order and lets go of all it holds.</summary>
    public static async Task End(this IHost host)
    {
        await host.StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
    }

    private static IHost Build(Action<ISiloBuilder> configure)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, Configuration = new ConfigurationManager() });
        builder.UseOrleans(configure);
        return builder.Build();
    }
}
