using System.Net;
using System.Net.Sockets;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace FleetEstimator.Server;

/// <summary>One silo in this process, on loopback, with its state in memory: the default, which needs no server.</summary>
public sealed class EmbeddedSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private EmbeddedSilo(IHost host) => _host = host;

    /// <summary>Where grains are called.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Starts the silo; it takes about a second.</summary>
    /// <param name="workloads">Recordings in memory, shared with the caller.</param>
    /// <param name="cancellation">Gives up starting.</param>
    public static async Task<EmbeddedSilo> Start(WorkloadCache workloads, CancellationToken cancellation)
    {
        // No appsettings.json, no environment: what a study does must not depend on where it is started.
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, Configuration = new ConfigurationManager() });
        builder.Logging.SetMinimumLevel(LogLevel.Warning)
            // Warnings of the runtime are advice for machines that run nothing but a silo (garbage collector, watchdog); our grains' own are shown.
            .AddFilter("Orleans", LogLevel.Error)
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.UseOrleans(silo =>
        {
            var (siloPort, gatewayPort) = FreePorts();
            silo.UseLocalhostClustering(siloPort, gatewayPort, new IPEndPoint(IPAddress.Loopback, siloPort));
            silo.AddMemoryGrainStorage(StudyStorage.Name);
            silo.Services.AddFleetEstimatorGrains(workloads, Environment.ProcessorCount);
            silo.Configure<GrainCollectionOptions>(collection => collection.CollectionAge = TimeSpan.FromMinutes(10));
        });
        var host = builder.Build();
        await host.StartAsync(cancellation);
        return new EmbeddedSilo(host);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
    }

    /// <summary>Two ports that are free now; held together while asked for, so that they differ.</summary>
    private static (int Silo, int Gateway) FreePorts()
    {
        using var silo = new TcpListener(IPAddress.Loopback, 0);
        using var gateway = new TcpListener(IPAddress.Loopback, 0);
        silo.Start();
        gateway.Start();
        return (((IPEndPoint)silo.LocalEndpoint).Port, ((IPEndPoint)gateway.LocalEndpoint).Port);
    }
}
