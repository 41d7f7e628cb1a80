using System.CommandLine;
using System.Net;
using FleetEstimator.Cli.Cluster;
using FleetEstimator.Server;
using FleetEstimator.Traces;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace FleetEstimator.ClusterTests.Api;

/// <summary>A silo in this process, as the command <c>silo</c> makes it, with its state and traces in a folder of its own.</summary>
public sealed class ApiSilo : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;
    private IHost? _host;

    /// <summary>Its API, such as <c>http://127.0.0.1:40001/</c>.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Speaks with it as any program may.</summary>
    public HttpClient Http { get; } = new();

    /// <summary>A client of it, and of nothing else.</summary>
    internal ClusterClient NewClient() => new([Url], _ => { });

    public async ValueTask InitializeAsync()
    {
        _host = new StudySilo
        {
            Name = "tested",
            Http = new IPEndPoint(IPAddress.Loopback, 0),
            StateFile = Path.Combine(_folder, "silo.db"),
            Traces = TraceStore.OpenOrCreate(Path.Combine(_folder, "traces")),
            SimulationThreads = 1,
        }.Build();
        await _host.StartAsync();
        Url = StudySilo.UrlOf(_host);
        Http.BaseAddress = Url;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _host!.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A command in this process.</summary>
internal static class Invocation
{
    /// <summary>Runs a command to its end.</summary>
    /// <returns>Its exit code, and what it wrote to standard output and standard error, but for progress.</returns>
    public static async Task<(int ExitCode, string Output, string Error)> Of(Command command, CancellationToken cancellation, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var parsed = command.Parse(arguments);
        Assert.Empty(parsed.Errors);
        var exitCode = await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, cancellation);
        return (exitCode, output.ToString(), error.ToString());
    }
}
