using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

/// <summary>Rules that the fast core once had wrong, found by holding it against the naive model and decided by the kernel's source.</summary>
public sealed class NaiveModelFindingsTests
{
    private static readonly NodeSettings Zram = new() { SwapDevice = SwapDevice.Zram, SwapPages = 10_000 };

    [Fact]
    public void LazyFree_OfAFrameUnderWriteback_LeavesItInTheSwapCache()
    {
        var node = new NodeUnderTest(Zram with { SwapDevice = SwapDevice.Ssd }, Mechanism.Linux612);

        node.Write(0, 0, 1).PageOut(0, 0, 1).Read(0, 0, 1).LazyFree(0, 0, 1);

        Assert.Equal("C", node.Pages(0, 0, 1));
    }

    [Fact]
    public void LazyFree_OfASharedFrame_IsDroppedOnlyWhereItWasNotWritten()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612);

        node.Write(0, 0, 1).Fork(0, 1).LazyFree(0, 0, 1).Reclaim(64);

        Assert.Equal((".", "S"), (node.Pages(0, 0, 1), node.Pages(1, 0, 1)));
    }

    [Fact]
    public void LastSwapEntry_GoesWithTheSwapCache_WhenSwapIsHalfFull()
    {
        var node = new NodeUnderTest(Zram with { SwapPages = 4 }, Mechanism.Linux612);

        node.Write(0, 0, 3).PageOut(0, 0, 3).Fork(0, 1).Read(0, 0, 1);
        var shared = node.Pages(0, 0, 1);
        node.Exit(1);

        Assert.Equal(("C", "P"), (shared, node.Pages(0, 0, 1)));
    }

    [Fact]
    public void SharedFrame_IsLockedOnlyAsLongAsTheLockerMapsIt()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612);

        node.Write(0, 0, 1).Lock(0, 0, 1).Fork(0, 1).Exit(0).PageOut(1, 0, 1);

        Assert.Equal("S", node.Pages(1, 0, 1));
    }

    [Fact]
    public void SharedFrame_StaysLocked_WhenOneWhoNeverLockedItUnlocks()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612);

        node.Write(0, 0, 1).Lock(0, 0, 1).Fork(0, 1);
        node.Simulator.Apply(new Operation(OperationKind.Unlock, 1, 0, 1));
        node.Reclaim(64);

        Assert.Equal("P", node.Pages(1, 0, 1));
    }

    [Fact]
    public void HugeZeroPage_IsCopiedByFork()
    {
        var node = new NodeUnderTest(Zram with { HugePages2M = HugePages.Always }, Mechanism.Linux612);

        node.Read(0, 0, 1).Fork(0, 1);

        Assert.Equal("ZZ", node.Pages(1, 510, 2));
    }

    [Fact]
    public void RangeWithoutPageTable_HasNoneInTheChildEither()
    {
        var node = new NodeUnderTest(Zram with { HugePages2M = HugePages.Always }, Mechanism.Linux612);

        node.Write(0, 0, 1).Discard(0, 0, 512).Fork(0, 1).Write(1, 0, 1);

        Assert.Equal(512, node.Resident(1, 512));
    }

    [Fact]
    public void ReadWhereTheZeroPageIsForbidden_MapsALargeFolio()
    {
        var node = new NodeUnderTest(Zram with { HugePages2M = HugePages.Always, ForbidZeroPage = true }, Mechanism.Linux612);

        node.Read(0, 0, 1);

        Assert.Equal(512, node.Resident(0, 1024));
    }

    [Fact]
    public void NoHuge_WhereItHoldsAlready_LeavesTheHugeMappingWhole()
    {
        var node = new NodeUnderTest(Zram with { HugePages2M = HugePages.Always }, Mechanism.Linux61);

        node.Write(0, 0, 1);
        node.Simulator.Apply(new Operation(OperationKind.NoHuge, 0, 0, 1024));
        node.Simulator.Apply(new Operation(OperationKind.NoHuge, 0, 100, 50));
        node.PageOut(0, 0, 512);

        Assert.Equal((1, 512), (node.Counters.HugeSwapOuts, node.Counters.SwapOuts));
    }

    [Fact]
    public void Folios64K_AreUnknownTo61()
    {
        var node = new NodeUnderTest(Zram with { HugePages64K = HugePages.Always }, Mechanism.Linux61);

        node.Write(0, 0, 1);

        Assert.Equal("P...............", node.Pages(0, 0, 16));
    }

    [Fact]
    public void Unmap_FromTheMiddle_LeavesTwoReadAheadStates()
    {
        var node = new NodeUnderTest(Zram with { SwapDevice = SwapDevice.Ssd, PageCluster = 3 }, Mechanism.Linux612);

        // The left half's reads use up the hits that every VMA begins with; the right half still has its own.
        node.Write(0, 0, 300).PageOut(0, 0, 300).Pass(1).Reclaim(300).Unmap(0, 100, 100).Read(0, 10, 1).Read(0, 30, 1).Read(0, 50, 1).Read(0, 70, 1);
        var before = node.Counters.ReadAheads;
        node.Read(0, 250, 1);

        Assert.Equal(7, node.Counters.ReadAheads - before);
    }
}
