using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class NodeQuantityTests
{
    [Theory]
    [InlineData("linux-6.1")]
    [InlineData("linux-6.12")]
    [InlineData("linux-6.12+zero-pfn-swapin")]
    [InlineData("linux-6.12+zero-at-swapout")]
    public void ZeroFilledShares_AreOfAllPagesSwapped_ThoseInZswapAmongThem(string mechanism)
    {
        var simulator = new Simulator([new Simulator.Lane(Mechanism.Find(mechanism)!)], new NodeSettings { SwapDevice = SwapDevice.Ssd, SwapPages = 1_000, Zswap = true });
        simulator.Apply(new Operation(OperationKind.Map, 1, 0, 40));
        simulator.Apply(new Operation(OperationKind.Write, 1, 0, 40, PageContent.Data));
        simulator.Apply(new Operation(OperationKind.Write, 1, 0, 10, PageContent.Zero));
        simulator.Apply(new Operation(OperationKind.PageOut, 1, 0, 40));
        simulator.Apply(new Operation(OperationKind.Read, 1, 0, 40));
        var lane = new LaneResult { Mechanism = 0, Accesses = AccessAssumption.AllReads, Counters = simulator.Counters(0) };
        var node = new NodeResult(0, 0, 0, 1, 1, 0, [lane]);

        Assert.Equal((10, 40), (NodeQuantity.ZeroFilledSwapOutPages.Of(node, lane), NodeQuantity.AllSwapOutPages.Of(node, lane)));
        Assert.Equal(NodeQuantity.ZeroFilledSwapInPages.Of(node, lane) + 30, NodeQuantity.AllSwapInPages.Of(node, lane));
    }
}
