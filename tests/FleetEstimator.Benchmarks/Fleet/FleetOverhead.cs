using System.Diagnostics;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Server;

namespace FleetEstimator.Benchmarks.Fleet;

/// <summary>An embedded silo against a plain parallel loop on the same nodes, in turns in one process, state on disk and reading of all rows included.</summary>
internal static class FleetOverhead
{
    /// <summary>Measures and prints one line a round.</summary>
    /// <param name="rows">Rows of a recording.</param>
    /// <param name="nodes">Nodes of the study.</param>
    /// <param name="rounds">Rounds; the first warms up and does not count.</param>
    /// <returns>Median over the rounds of the silo's time over the loop's, and of what the silo takes longer, in microseconds a node.</returns>
    public static async Task<(double Ratio, double OverheadMicroseconds)> Measure(int rows, int nodes, int rounds)
    {
        using var fleet = new MadeUpFleet(rows);
        var workloads = new WorkloadCache();
        await using var silo = await EmbeddedSilo.Start(workloads, fleet.StateFile, CancellationToken.None);
        var studies = new StudyClient(silo.Grains);
        var (ratios, overheads) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            var plan = fleet.Plan(nodes, seed: round);
            var (loop, onSilo) = (TimeSpan.Zero, TimeSpan.Zero);
            Func<Task>[] both =
            [
                async () => loop = await Time(() => LocalStudy.Run(plan, workloads, Unwatched.Progress, CancellationToken.None)),
                async () => onSilo = await Time(() => studies.Run(plan, Unwatched.Progress, CancellationToken.None)),
            ];
            foreach (var run in round % 2 == 0 ? both : both.Reverse())
                await run();
            await studies.Remove(plan.Id);
            var overhead = (onSilo - loop).TotalMicroseconds / nodes;
            Console.WriteLine($"{nodes} nodes of {loop.TotalMilliseconds * Environment.ProcessorCount / nodes:0.00} ms: loop {loop.TotalSeconds:0.00} s, silo {onSilo.TotalSeconds:0.00} s, "
                + $"ratio {onSilo / loop:0.000}, {overhead:0} µs a node{(round == 0 ? " (warm-up)" : "")}");
            if (round == 0)
                continue;
            ratios.Add(onSilo / loop);
            overheads.Add(overhead);
        }

        return (Median(ratios), Median(overheads));
    }

    private static async Task<TimeSpan> Time(Func<Task<StudyOutcome>> run)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        await run();
        return watch.Elapsed;
    }

    private static double Median(List<double> values) => values.Count == 0 ? double.NaN : values.Order().ElementAt(values.Count / 2);
}

/// <summary>Progress that nobody watches.</summary>
internal sealed class Unwatched : IProgress<StudyProgress>
{
    public static Unwatched Progress { get; } = new();

    public void Report(StudyProgress value)
    {
    }
}
