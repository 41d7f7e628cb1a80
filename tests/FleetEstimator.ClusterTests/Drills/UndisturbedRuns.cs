using System.Diagnostics;
using Xunit;

namespace FleetEstimator.ClusterTests.Drills;

/// <summary>A fleet whose nodes take some 20 ms each, and what <c>run</c> on its own, without a cluster, makes of it.</summary>
public sealed class UndisturbedRuns : IAsyncDisposable
{
    private const int RowsOfARecording = 1_500;

    private readonly Dictionary<int, (string Folder, TimeSpan Time)> _runs = [];
    private readonly SmallFleet _fleet = new(RowsOfARecording);
    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-undisturbed-").FullName;

    /// <summary>The file of a study of so many nodes.</summary>
    public string Study(int nodes) => _fleet.WriteStudy(nodes);

    /// <summary>The folder of its result, and how long it took; it is run once.</summary>
    public async Task<(string Folder, TimeSpan Time)> Result(int nodes, CancellationToken cancellation)
    {
        if (_runs.TryGetValue(nodes, out var run))
            return run;
        var clock = Stopwatch.StartNew();
        run.Folder = Path.Combine(_folder, $"{nodes}");
        await using var program = FleetProgram.Start("run", Study(nodes), "--out", run.Folder, "--data", Path.Combine(_folder, "data"));
        var exitCode = await program.Exit(cancellation);
        Assert.True(exitCode == 0, program.Messages);
        run.Time = clock.Elapsed;
        return _runs[nodes] = run;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _fleet.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
