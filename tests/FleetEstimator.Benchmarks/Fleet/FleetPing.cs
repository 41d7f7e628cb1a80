using System.Diagnostics;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Server;

namespace FleetEstimator.Benchmarks.Fleet;

/// <summary>How fast a silo answers while all its threads simulate.</summary>
internal static class FleetPing
{
    /// <summary>Calls a grain every 5 ms and prints how long answers took.</summary>
    /// <param name="rows">Rows of a recording.</param>
    /// <param name="period">How long.</param>
    /// <returns>The 99th percentile in milliseconds.</returns>
    public static async Task<double> Measure(int rows, TimeSpan period)
    {
        using var fleet = new MadeUpFleet(rows);
        await using var silo = await EmbeddedSilo.Start(new WorkloadCache(), fleet.StateFile, CancellationToken.None);
        var studies = new StudyClient(silo.Grains);
        var plan = fleet.Plan(10_000_000, seed: 1);
        await studies.Submit(plan);
        var index = silo.Grains.GetGrain<IStudyIndexGrain>(0);
        while ((await studies.Status(plan.Id)).Progress.Done == 0)
            await index.All();

        var (times, watch) = (new List<double>(), Stopwatch.StartNew());
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var cpu = Environment.CpuUsage.TotalTime;
        while (watch.Elapsed < period && await poll.WaitForNextTickAsync())
        {
            var started = Stopwatch.GetTimestamp();
            await index.All();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        var busy = (Environment.CpuUsage.TotalTime - cpu) / watch.Elapsed;
        times.Sort();
        Console.WriteLine($"{times.Count} pings with {busy:0.00} of {Environment.ProcessorCount} cores busy: median {times[times.Count / 2]:0.00} ms, "
            + $"p99 {times[times.Count * 99 / 100]:0.00} ms, worst {times[^1]:0.00} ms");
        await studies.Cancel(plan.Id);
        return times[times.Count * 99 / 100];
    }
}
