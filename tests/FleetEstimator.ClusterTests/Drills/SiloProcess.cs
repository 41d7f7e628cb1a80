using FleetEstimator.ClusterTests.State;

namespace FleetEstimator.ClusterTests.Drills;

/// <summary>A silo of a cluster in a process of its own, with one simulation thread. Started again it is another process at the same places.</summary>
/// <param name="name">Its name.</param>
/// <param name="database">Connection string of the cluster's state.</param>
/// <param name="traces">Folder of the cluster's trace store.</param>
internal sealed class SiloProcess(string name, string database, string traces) : IAsyncDisposable
{
    private FleetProgram? _program;

    public string Name => name;

    /// <summary>Its port for other silos, by which the membership table knows it.</summary>
    public int Port { get; } = Servers.FreePort();

    /// <summary>Where it speaks HTTP.</summary>
    public Uri Url { get; } = new($"http://127.0.0.1:{Servers.FreePort()}");

    /// <summary>The process that was started last.</summary>
    public FleetProgram Program => _program ?? throw new InvalidOperationException($"Silo {name} was not started.");

    /// <summary>Starts it; its predecessor must have ended.</summary>
    public async Task Start()
    {
        if (_program is not null)
            await _program.DisposeAsync();
        _program = FleetProgram.Start(
            "silo", "--name", name, "--cluster-id", "drill", "--address", "127.0.0.1", "--port", $"{Port}", "--http", Url.GetLeftPart(UriPartial.Authority),
            "--postgres", database, "--traces", traces, "--cores", "1");
    }

    /// <summary>Waits until it has joined, or joined again.</summary>
    public Task Ready(CancellationToken cancellation) => Program.Says($"silo {name} is ready at ", cancellation);

    /// <summary>Whether its simulation threads, other than some, have worked.</summary>
    public bool HasSimulated(IReadOnlyCollection<string> otherThan) =>
        Program.SimulationTimes().Any(thread => !otherThan.Contains(thread.Key) && thread.Value > TimeSpan.FromMilliseconds(100));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_program is not null)
            await _program.DisposeAsync();
    }
}
