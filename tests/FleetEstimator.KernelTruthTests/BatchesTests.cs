using CsCheck;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.KernelTruthTests;

/// <summary>Operations in batches do what they do one by one.</summary>
public class BatchesTests
{
    private const int Pages = 1_200;

    private static readonly Gen<Operation> Operations = Gen.Select(
        Gen.Frequency((20, Gen.Const(OperationKind.Read)), (2, Gen.Const(OperationKind.Write)), (1, Gen.Const(OperationKind.Discard)), (1, Gen.Const(OperationKind.PageOut))),
        Gen.Int[0, Pages - 1], Gen.Frequency((9, Gen.Const(1)), (1, Gen.Int[1, 40])), Gen.Enum<PageContent>(),
        (kind, page, pages, content) => new Operation(kind, 1, (ulong)page, (uint)Math.Min(pages, Pages - page), content));

    [Theory]
    [InlineData(LruKind.MultiGenerational)]
    [InlineData(LruKind.Classic)]
    public void Batch_OfOperations_CountsWhatTheyCountOneByOne(LruKind lru) => Operations.Array[1, 2_000].Sample(operations =>
    {
        var (oneByOne, batch) = (Limited(lru), Limited(lru));
        foreach (var operation in operations)
            oneByOne.Apply(operation);
        batch.Apply(operations);
        batch.Audit();
        for (var lane = 0; lane < batch.Lanes.Count; lane++)
        {
            Assert.Equal(oneByOne.Counters(lane), batch.Counters(lane));
            Assert.Equal(oneByOne.PageTable(lane, 1, 0, Pages), batch.PageTable(lane, 1, 0, Pages));
        }
    }, iter: 60);

    private static Simulator Limited(LruKind lru)
    {
        var simulator = new Simulator([.. Mechanism.All.Select(mechanism => new Simulator.Lane(mechanism))],
            new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = 2 * Pages, Lru = lru });
        simulator.Apply(new Operation(OperationKind.Map, 1, 0, Pages));
        simulator.Apply(new Operation(OperationKind.Limit, 0, 0, Pages / 3));
        return simulator;
    }
}
