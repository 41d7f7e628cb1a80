using BenchmarkDotNet.Attributes;
using FleetEstimator.Paging;

namespace FleetEstimator.Benchmarks;

/// <summary>Operations on long runs of pages, per run: divide by <see cref="Pages"/> for the time of a page.</summary>
public class RunBenchmarks
{
    private Simulator _resident = null!;
    private Simulator _cycling = null!;

    /// <summary>Pages of the run.</summary>
    [Params(1_000_000)]
    public int Pages { get; set; } = 1_000_000;

    /// <summary>A node with all pages resident, and one whose pages come and go.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _resident = Nodes.Written(Pages, Mechanism.Linux612);
        _cycling = Nodes.Written(Pages, Mechanism.Linux612);
    }

    /// <summary>Loads from resident pages.</summary>
    [Benchmark]
    public void ReadResident() => _resident.Apply(Nodes.On(OperationKind.Read, Pages));

    /// <summary>Stores of data to resident pages.</summary>
    [Benchmark]
    public void WriteResident() => _resident.Apply(Nodes.On(OperationKind.Write, Pages, PageContent.Data));

    /// <summary>Stores of zeros to resident pages.</summary>
    [Benchmark]
    public void WriteZerosResident() => _resident.Apply(Nodes.On(OperationKind.Write, Pages, PageContent.Zero));

    /// <summary>MADV_PAGEOUT, then loads that swap everything in again.</summary>
    [Benchmark]
    public void PageOutAndSwapIn()
    {
        _cycling.Apply(Nodes.On(OperationKind.PageOut, Pages));
        _cycling.Apply(Nodes.On(OperationKind.Read, Pages));
    }

    /// <summary>MADV_DONTNEED, then first stores.</summary>
    [Benchmark]
    public void DiscardAndFault()
    {
        _cycling.Apply(Nodes.On(OperationKind.Discard, Pages));
        _cycling.Apply(Nodes.On(OperationKind.Write, Pages, PageContent.Data));
    }
}
