using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public sealed class ForbiddenZeroPageTests
{
    private static readonly NodeSettings Zram = new() { SwapDevice = SwapDevice.Zram, SwapPages = 10_000, HugePages2M = HugePages.Madvise };

    [Fact]
    public void ReadOfNothing_TakesAFrameOnlyWhereTheZeroPageIsForbidden()
    {
        var node = Node(Mechanism.Linux612).Read(0, 0, 4).Read(1, 0, 4);

        Assert.Equal(("ZZZZ", "PPPP"), (node.Pages(0, 0, 4), node.Pages(1, 0, 4)));
    }

    [Theory]
    [InlineData("linux-6.12+zero-pfn-swapin", "ZZZZ", "PPPP")]
    [InlineData("linux-6.12+zero-at-swapout", "ZZZZ", "PPPP")]
    [InlineData("linux-6.12", "PPPP", "PPPP")]
    public void Mechanisms_LeaveForbiddenProcessesAlone(string mechanism, string allowed, string forbidden)
    {
        var node = Node(Mechanism.Find(mechanism)!).Write(0, 0, 4, PageContent.Zero).Write(1, 0, 4, PageContent.Zero);

        node.PageOut(0, 0, 4).PageOut(1, 0, 4).Read(0, 0, 4).Read(1, 0, 4);

        Assert.Equal((allowed, forbidden), (node.Pages(0, 0, 4), node.Pages(1, 0, 4)));
    }

    [Fact]
    public void ForkedProcess_IsForbiddenToo()
    {
        var node = Node(Mechanism.Linux612).Write(1, 0, 1);
        node.Simulator.Apply(new Operation(OperationKind.Fork, 1, 5, 1));

        node.Simulator.Apply(new Operation(OperationKind.Read, 5, 8, 4));

        Assert.Equal("PPPP", node.Pages(5, 8, 4));
    }

    private static NodeUnderTest Node(Mechanism mechanism)
    {
        var node = new NodeUnderTest(Zram, mechanism);
        node.Simulator.Assign(1, group: 0, forbidsZeroPage: true);
        return node;
    }
}
