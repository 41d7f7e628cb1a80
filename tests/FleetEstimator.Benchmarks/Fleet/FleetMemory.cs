using System.Diagnostics;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Server;

namespace FleetEstimator.Benchmarks.Fleet;

/// <summary>What a silo holds in memory while it simulates one large study: coordinator, shards and all else, at ever more nodes done.</summary>
internal static class FleetMemory
{
    /// <summary>Measures and prints one line at each number of nodes done.</summary>
    /// <param name="nodes">Nodes of the study.</param>
    /// <param name="marks">Numbers of nodes done at which to look, ascending.</param>
    /// <returns>Live bytes of the managed heap at each mark.</returns>
    public static async Task<IReadOnlyList<long>> Measure(int nodes, params long[] marks)
    {
        using var fleet = new MadeUpFleet(rows: 1);
        await using var silo = await EmbeddedSilo.Start(new WorkloadCache(), fleet.StateFile, CancellationToken.None);
        var studies = new StudyClient(silo.Grains);
        var plan = fleet.Plan(nodes, seed: 1);
        await studies.Submit(plan);
        var (live, watch) = (new List<long>(), Stopwatch.StartNew());
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (live.Count < marks.Length && await poll.WaitForNextTickAsync())
        {
            var done = (await studies.Status(plan.Id)).Progress.Done;
            if (done < marks[live.Count])
                continue;
            live.Add(GC.GetTotalMemory(forceFullCollection: true));
            Console.WriteLine($"{done:N0} of {nodes:N0} nodes done after {watch.Elapsed.TotalSeconds:0} s: {live[^1] / 1048576.0:0.0} MiB live, {Environment.WorkingSet / 1048576.0:0} MiB resident, "
                + $"{new FileInfo(fleet.StateFile).Length / 1048576.0:0} MiB on disk");
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var read = 0L;
        if (marks[^1] == nodes)
        {
            while ((await studies.Status(plan.Id)).Entry.Phase != StudyPhase.Ended)
                await poll.WaitForNextTickAsync();
            watch.Restart();
            var outcome = await studies.Outcome(plan);
            Console.WriteLine($"rows read and summed up in {watch.Elapsed.TotalSeconds:0.0} s");
            await foreach (var node in outcome.Nodes)
            {
                if (++read % (nodes / 2) == 0)
                    Console.WriteLine($"{read:N0} rows read: {GC.GetTotalMemory(forceFullCollection: true) / 1048576.0:0.0} MiB live (before reading {before / 1048576.0:0.0})");
            }
        }

        return live;
    }
}
