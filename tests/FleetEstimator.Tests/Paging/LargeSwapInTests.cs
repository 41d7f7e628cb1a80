using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public class LargeSwapInTests
{
    private const ulong FirstPage = 4096;
    private const uint Pages = 64;

    [Theory]
    [InlineData(true, 1, 16, "HHHHHHHHHHHHHHHHS")]
    [InlineData(false, 1, 1, "SSSPSSSSSSSSSSSSS")]
    public void ReadOfASwappedFolio_BringsTheWholeOfIt_IfZswapWasNeverTouched(bool never, int majorFaults, int pages, string after)
    {
        var node = Node(Mechanism.Linux612, HugePages.Always, never);
        node.Apply(new Operation(OperationKind.Write, 1, FirstPage, Pages, PageContent.Data));
        node.Apply(new Operation(OperationKind.PageOut, 1, FirstPage, Pages));
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage + 3, 1));
        Assert.Equal((majorFaults, pages), (node.Counters(0).MajorFaults, node.Counters(0).SwapIns));
        Assert.Equal(after, node.PageTable(0, 1, FirstPage, 17));
        node.Audit();
    }

    [Fact]
    public void FolioThatLostAPage_ComesInPageByPage()
    {
        var node = Node(Mechanism.Linux612, HugePages.Always);
        node.Apply(new Operation(OperationKind.Write, 1, FirstPage, Pages, PageContent.Data));
        node.Apply(new Operation(OperationKind.PageOut, 1, FirstPage, Pages));
        node.Apply(new Operation(OperationKind.Discard, 1, FirstPage + 5, 1));
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage, 2));
        Assert.Equal("PPSSS.SSSSSSSSSS", node.PageTable(0, 1, FirstPage, 16));
    }

    [Fact]
    public void SmallPages_ComeInAsAFolio_WhereTheirSlotsHappenToLieRight()
    {
        var node = SmallPagesOut(start: 0);
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage, 1));
        Assert.Equal(new string('H', 16), node.PageTable(0, 1, FirstPage, 16));

        node = SmallPagesOut(start: 1);
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage + 16, 1));
        Assert.Equal("P" + new string('S', 15), node.PageTable(0, 1, FirstPage + 16, 16));
    }

    [Fact]
    public void BlockThatIsZeroFilledInPart_ComesInPageByPage()
    {
        var node = SmallPagesOut(start: 0, zeros: 1);
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage, 17));
        Assert.Equal(new string('P', 16) + new string('H', 16), node.PageTable(0, 1, FirstPage, 32));
        Assert.Equal((17, 31, 1), (node.Counters(0).MajorFaults, node.Counters(0).SwapIns, node.Counters(0).ZeroSwapIns));
        node.Audit();
    }

    [Fact]
    public void ZeroFilledFolio_IsServedByTheMechanismFirst()
    {
        var node = Node(Mechanism.ZeroPfnSwapIn, HugePages.Always);
        node.Apply(new Operation(OperationKind.Write, 1, FirstPage, Pages, PageContent.Zero));
        node.Apply(new Operation(OperationKind.PageOut, 1, FirstPage, Pages));
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage, 2));
        Assert.Equal("ZZSS", node.PageTable(0, 1, FirstPage, 4));

        // The mechanism does not serve stores; and the block of the second folio is whole.
        node.Apply(new Operation(OperationKind.Write, 1, FirstPage + 16, 1, PageContent.Data));
        Assert.Equal("SSHH", node.PageTable(0, 1, FirstPage + 14, 4));
        Assert.Equal(16, node.Counters(0).ZeroSwapIns);
        node.Audit();
    }

    [Theory]
    [InlineData(false, "PSSS")]
    [InlineData(true, "HHHH")]
    public void UnderALimit_RoomIsMadeOnlyWhereLargeFoliosWereAskedFor(bool asked, string after)
    {
        var node = Node(Mechanism.Linux612, HugePages.Always);
        node.Apply(new Operation(OperationKind.Write, 1, FirstPage, Pages, PageContent.Data));
        node.Apply(new Operation(OperationKind.PageOut, 1, FirstPage, 16));
        node.Apply(new Operation(OperationKind.Limit, 0, 0, Pages - 8));
        if (asked)
            node.Apply(new Operation(OperationKind.Huge, 1, FirstPage, Pages));
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage, 1));
        Assert.Equal(after, node.PageTable(0, 1, FirstPage, 4));
        node.Audit();
    }

    [Fact]
    public void ForkedEntries_ComeInThroughTheSwapCache()
    {
        var node = Node(Mechanism.Linux612, HugePages.Always);
        node.Apply(new Operation(OperationKind.Write, 1, FirstPage, Pages, PageContent.Data));
        node.Apply(new Operation(OperationKind.PageOut, 1, FirstPage, Pages));
        node.Apply(new Operation(OperationKind.Fork, 1, 2, 1));
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage, 1));
        Assert.Equal("CSSS", node.PageTable(0, 1, FirstPage, 4));
        node.Audit();
    }

    private static Simulator Node(Mechanism mechanism, HugePages huge, bool largeSwapIn = true)
    {
        var node = new Simulator(
            [new Simulator.Lane(mechanism)],
            new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = 8191, HugePages64K = huge, LargeSwapIn = largeSwapIn });
        node.Apply(new Operation(OperationKind.Map, 1, FirstPage, Pages));
        return node;
    }

    /// <summary>Small pages, swapped out from page <paramref name="start"/> on into slots that begin aligned; large folios are allowed only afterwards.</summary>
    private static Simulator SmallPagesOut(uint start, uint zeros = 0)
    {
        var node = Node(Mechanism.Linux612, HugePages.Madvise);
        node.Apply(new Operation(OperationKind.Write, 1, FirstPage, Pages, PageContent.Data));
        if (zeros > 0)
            node.Apply(new Operation(OperationKind.Write, 1, FirstPage, zeros, PageContent.Zero));
        node.Apply(new Operation(OperationKind.PageOut, 1, FirstPage + start, Pages - start));
        node.Apply(new Operation(OperationKind.Huge, 1, FirstPage, Pages));
        return node;
    }
}
