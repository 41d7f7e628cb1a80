using BenchmarkDotNet.Attributes;
using FleetEstimator.Cli.Bench;
using FleetEstimator.Paging;

namespace FleetEstimator.Benchmarks;

/// <summary>Single reads, Zipf distributed, with memory for half of the pages: what <c>fleet-estimator bench replay</c> does.</summary>
public class SingleAccessBenchmarks
{
    private const int Accesses = 1_000_000;

    private ReplayBenchmark _replay = null!;
    private Simulator _simulator = null!;

    /// <summary>Pages of the process.</summary>
    [Params(100_000, 1_000_000)]
    public int Pages { get; set; } = 1_000_000;

    /// <summary>Mechanisms replayed in one pass.</summary>
    [Params(1, 3)]
    public int Mechanisms { get; set; } = 1;

    /// <summary>A node in which every page was written and half of them fit.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        var sequence = new ZipfAccesses((uint)Pages, exponent: 0.9, seed: 1).Take(Accesses);
        _replay = new ReplayBenchmark((uint)Pages, (uint)Pages / 2, sequence, Nodes.ThreeMechanisms[..Mechanisms]);
        _simulator = _replay.Populate();
    }

    /// <summary>One read.</summary>
    [Benchmark(OperationsPerInvoke = Accesses)]
    public void Read() => _replay.Replay(_simulator);
}
