using System.Text.RegularExpressions;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Server.State;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace FleetEstimator.Server;

/// <summary>One silo in this process, on loopback, with its state in a file: the default, which needs no server.</summary>
public sealed partial class EmbeddedSilo : IAsyncDisposable
{
    // Of the study's id in the name of its state: enough that no two are the same.
    private const int IdDigits = 16;

    private static readonly TimeSpan StateKept = TimeSpan.FromDays(30);

    private readonly IHost _host;
    private readonly string _stateFile;
    private bool _isDisposed;

    private EmbeddedSilo(IHost host, string stateFile) => (_host, _stateFile) = (host, stateFile);

    /// <summary>Where grains are called.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Starts the silo; it takes about a second.</summary>
    /// <param name="workloads">Recordings in memory, shared with the caller.</param>
    /// <param name="stateFile">Where it keeps its state; goes on from there if it exists. States beside it that nobody has touched for a month are removed.</param>
    /// <param name="cancellation">Gives up starting.</param>
    /// <exception cref="IOException">Another process uses the file, or it cannot be used.</exception>
    public static async Task<EmbeddedSilo> Start(WorkloadCache workloads, string stateFile, CancellationToken cancellation)
    {
        RemoveForgottenStates(stateFile);
        // No appsettings.json, no environment: what a study does must not depend on where it is started.
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, Configuration = new ConfigurationManager() });
        builder.Logging.SetMinimumLevel(LogLevel.Warning)
            // Warnings of the runtime are advice for machines that run nothing but a silo (garbage collector, watchdog); our grains' own are shown.
            .AddFilter("Orleans", LogLevel.Error)
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.UseOrleans(silo =>
        {
            silo.UseLoopback();
            silo.UseSqliteState(stateFile);
            silo.Services.AddFleetEstimatorGrains(workloads, Environment.ProcessorCount);
            silo.Configure<GrainCollectionOptions>(collection => collection.CollectionAge = TimeSpan.FromMinutes(10));
        });
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellation);
        }
        catch
        {
            host.Dispose();
            throw;
        }

        return new EmbeddedSilo(host, Path.GetFullPath(stateFile));
    }

    /// <summary>Stops the silo and removes its state: its studies are done with.</summary>
    public async Task Finish()
    {
        await DisposeAsync();
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(_stateFile)!, Path.GetFileName(_stateFile) + "*"))
            File.Delete(file);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
    }

    /// <summary>The name of the file for a study's state within a data folder.</summary>
    public static string FileName(StudyPlan plan) => $"{plan.Study.Name}-{plan.Id[..IdDigits]}.db";

    // Of studies that were interrupted and never gone on with. Only what FileName has named: a user's folder may hold other databases.
    private static void RemoveForgottenStates(string stateFile)
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(Path.GetFullPath(stateFile))!);
        foreach (var state in folder.Exists ? folder.EnumerateFiles().Where(file => StateName().IsMatch(file.Name) && DateTime.UtcNow - file.LastWriteTimeUtc > StateKept) : [])
            state.Delete();
    }

    [GeneratedRegex(@"-[0-9a-f]{16}\.db(\.lock|-wal|-shm)?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex StateName();
}
