using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Benchmarks.Fleet;

/// <summary>A fleet of equal nodes whose simulation takes as long as is wanted, over four recordings in a folder of its own.</summary>
internal sealed class MadeUpFleet : IDisposable
{
    private const int Recordings = 4;
    private const uint Pages = 2_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-benchmark-").FullName;

    /// <summary>Makes the recordings.</summary>
    /// <param name="rows">Rows of each; a row takes about 1.5 µs under three mechanisms.</param>
    public MadeUpFleet(int rows)
    {
        for (var number = 0; number < Recordings; number++)
            Record(number, rows);
    }

    /// <summary>Where a silo can keep its state.</summary>
    public string StateFile => Path.Combine(_folder, "state", "study.db");

    /// <summary>A study of so many nodes.</summary>
    /// <param name="nodes">Nodes.</param>
    /// <param name="seed">Studies of different seeds are different studies.</param>
    public StudyPlan Plan(int nodes, int seed) => StudyPlan.Make(
        StudyReader.Read(
            $$"""
            study: benchmark
            seed: {{seed}}
            mechanisms: [linux-6.12, linux-6.12+zero-pfn-swapin, linux-6.12+zero-at-swapout]
            classes:
              - name: made-up
                nodes: {{nodes}}
                memory: 64 MiB
                recordings: ["*.arrow"]
                instances: 1
                limit: {of_peak: 70%}
                swap: {device: zram, size: 64 MiB, page_cluster: 0}
            """,
            "benchmark.yaml"),
        _folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Record(int number, int rows)
    {
        var random = new Random(number);
        using var writer = TraceWriter.Create(Path.Combine(_folder, $"node-{number}.arrow"), new TraceHeader
        {
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = "benchmark",
            KernelRelease = "none",
            Node = $"node-{number}",
            MemoryBytes = 1L << 30,
            SwapBytes = 1L << 30,
            AccessSource = "exact",
        });
        writer.Append(new TraceRow(0, new Operation(OperationKind.Map, 1, 0, Pages)));
        for (var row = 1; row <= rows; row++)
        {
            var page = (uint)random.Next((int)Pages - 8);
            var operation = random.Next(2) == 0
                ? new Operation(OperationKind.Read, 1, page, 8)
                : new Operation(OperationKind.Write, 1, page, 8, random.Next(4) == 0 ? PageContent.Zero : PageContent.Data);
            writer.Append(new TraceRow((ulong)row * 1_000, operation));
        }

        writer.Complete();
    }
}
