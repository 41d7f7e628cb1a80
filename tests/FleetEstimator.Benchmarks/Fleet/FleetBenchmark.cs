namespace FleetEstimator.Benchmarks.Fleet;

/// <summary><c>FleetEstimator.Benchmarks fleet overhead|memory|ping</c>: what BenchmarkDotNet has no measure for.</summary>
internal static class FleetBenchmark
{
    // About 20 ms a node under three mechanisms.
    private const int RowsOf20Milliseconds = 13_000;

    public static async Task<int> Run(string[] what)
    {
        switch (what)
        {
            case ["overhead"]:
                var (ratio, _) = await FleetOverhead.Measure(RowsOf20Milliseconds, nodes: 1_000, rounds: 8);
                Console.WriteLine($"nodes of about 20 ms: silo/loop {ratio:0.000}, median of 7");
                var (_, overhead) = await FleetOverhead.Measure(rows: 1, nodes: 40_000, rounds: 8);
                Console.WriteLine($"trivial nodes: {overhead:0} µs more a node on the silo, median of 7");
                return 0;
            case ["memory"]:
                await FleetMemory.Measure(1_000_000, 10_000, 100_000, 500_000, 1_000_000);
                return 0;
            case ["ping"]:
                await FleetPing.Measure(RowsOf20Milliseconds, TimeSpan.FromSeconds(60));
                return 0;
            default:
                Console.Error.WriteLine("fleet overhead: an embedded silo against a plain loop; fleet memory: what a silo holds; fleet ping: how fast a busy silo answers");
                return 2;
        }
    }
}
