using FleetEstimator.Cli.Bench;
using FleetEstimator.Paging;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// What is allocated is measured for the process as a whole: nothing else may run meanwhile.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace FleetEstimator.Benchmarks;

/// <summary>What replay promises of memory: no garbage, and a few bytes a page.</summary>
public class SteadyStateTests
{
    private const int Pages = 50_000;

    // Entry, links and LRU state: 8 bytes. The rest is per table of 512 pages and per VMA, shared by all mechanisms.
    private const double BytesPerPageMax = 8.3;

    [Theory]
    [InlineData(LruKind.MultiGenerational)]
    [InlineData(LruKind.Classic)]
    public void SingleReads_UnderALimit_MakeNoGarbage(LruKind lru)
    {
        var sequence = new ZipfAccesses(Pages, exponent: 0.9, seed: 1).Take(300_000);
        var replay = new ReplayBenchmark(Pages, Pages / 2, sequence, Nodes.ThreeMechanisms, lru);
        var simulator = replay.Populate();
        replay.Replay(simulator);

        Assert.Equal(0, AllocatedBy(() => replay.Replay(simulator)));
        simulator.Audit();
    }

    [Fact]
    public void Runs_PagedOutSwappedInAndDiscarded_MakeNoGarbage()
    {
        var simulator = Nodes.Written(Pages, Nodes.ThreeMechanisms);
        OperationKind[] cycle = [OperationKind.PageOut, OperationKind.Read, OperationKind.Cold, OperationKind.Discard, OperationKind.Read];
        Cycle();
        Assert.Equal(0, AllocatedBy(Cycle));

        void Cycle()
        {
            foreach (var kind in cycle)
                simulator.Apply(Nodes.On(kind, Pages));
            simulator.Apply(Nodes.On(OperationKind.Write, Pages, PageContent.Data));
        }
    }

    [Fact]
    public void State_OfANodeOnZram_TakesEightBytesAPageAndMechanism()
    {
        var sequence = new ZipfAccesses(Pages, exponent: 0.9, seed: 1).Take(1_000);
        var bytes = new ReplayBenchmark(Pages, Pages / 2, sequence, Nodes.ThreeMechanisms).Run().BytesPerPage;
        Assert.InRange(bytes, 8, BytesPerPageMax);
    }

    private static long AllocatedBy(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
