using System.Net;
using System.Net.Sockets;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Server.Api;
using FleetEstimator.Server.State;
using FleetEstimator.Traces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace FleetEstimator.Server;

/// <summary>A silo with its HTTP API, as a process of its own: what it is told at its start.</summary>
public sealed record StudySilo
{
    /// <summary>The silo in logs and lists.</summary>
    public required string Name { get; init; }

    /// <summary>Where it speaks HTTP; port 0 = a free one.</summary>
    public required IPEndPoint Http { get; init; }

    /// <summary>The file of its state: a silo on its own. Null: it is one of the cluster of <see cref="Cluster"/>.</summary>
    public string? StateFile { get; init; }

    /// <summary>The cluster it is of; null: it is on its own.</summary>
    public SiloSettings? Cluster { get; init; }

    /// <summary>The trace store, the same for all silos of a cluster.</summary>
    public required TraceStore Traces { get; init; }

    /// <summary>Nodes simulated at the same time.</summary>
    public int SimulationThreads { get; init; } = Environment.ProcessorCount;

    /// <summary>Bound on recordings in memory, in bytes; null = <see cref="WorkloadCache.BytesMax"/>'s default.</summary>
    public long? RecordingBytesMax { get; init; }

    /// <summary>The host, to be run by <see cref="SiloHost"/>; a new one each time. The API listens from the moment that the silo is active.</summary>
    /// <exception cref="SiloSettingException">A setting of the cluster is wrong.</exception>
    /// <exception cref="IOException">The address for HTTP cannot be had.</exception>
    public IHost Build()
    {
        RequireFree(Http);

        // No appsettings.json, no environment: what a study does must not depend on where it is started.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.SetMinimumLevel(LogLevel.Warning)
            // Warnings of the runtime are advice for machines that run nothing but a silo (garbage collector, watchdog); our grains' own are shown.
            .AddFilter("Orleans", LogLevel.Error)
            // Through this library Orleans tries again to place grains when a silo dies: a stack trace for every call under way.
            .AddFilter("Polly", LogLevel.Error)
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(Http);
        });
        builder.Services.AddRouting();
        builder.Services.AddSingleton(new SubmittedFiles(Traces));
        builder.Services.AddSingleton(services => new StudyClient(services.GetRequiredService<IGrainFactory>()));
        builder.Services.AddSingleton<StudyReports>().AddSingleton<SiloState>().AddSingleton<StudyApi>();
        builder.UseOrleans(Configure);

        var app = builder.Build();
        app.Use((context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return next(context);
        });
        app.UseProblems();
        app.UseRouting();
        StudyApi.Map(app);
        return app;
    }

    /// <summary>Where a host of <see cref="Build"/> that has started speaks HTTP, such as <c>http://127.0.0.1:8080</c>.</summary>
    public static Uri UrlOf(IHost host) => new(host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    private void Configure(ISiloBuilder silo)
    {
        if (Cluster is not null)
        {
            silo.UseCluster(Cluster);
        }
        else
        {
            silo.UseLoopback();
            silo.UseMembershipSettings();
            silo.UseSqliteState(StateFile ?? throw new InvalidOperationException("A silo on its own needs a file for its state."));
            silo.Services.AddSiloEviction();
        }

        silo.Configure<SiloOptions>(options => options.SiloName = Name);
        silo.Services.AddFleetEstimatorGrains(new WorkloadCache(new StoredTraces(Traces), RecordingBytesMax), SimulationThreads);
    }

    // Kestrel begins last, when the silo has joined its cluster: too late to find out.
    private static void RequireFree(IPEndPoint http)
    {
        try
        {
            using var listener = new TcpListener(http);
            listener.Start();
        }
        catch (SocketException problem)
        {
            throw new IOException($"http://{http} cannot be listened at: {problem.Message}. Give another address or port with --http.", problem);
        }
    }
}
