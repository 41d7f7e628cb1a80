using BenchmarkDotNet.Attributes;
using FleetEstimator.Paging;

namespace FleetEstimator.Benchmarks;

/// <summary>What a node takes: the column Allocated divided by <see cref="Pages"/> and <see cref="Mechanisms"/> is bytes a page and mechanism.</summary>
public class MemoryBenchmarks
{
    /// <summary>Pages of the process.</summary>
    [Params(1_000_000)]
    public int Pages { get; set; } = 1_000_000;

    /// <summary>Mechanisms replayed in one pass.</summary>
    [Params(1, 3)]
    public int Mechanisms { get; set; } = 1;

    /// <summary>A node in which every page is written once.</summary>
    [Benchmark]
    public Simulator Populate() => Nodes.Written(Pages, Nodes.ThreeMechanisms[..Mechanisms]);
}
