using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public sealed class PinTests
{
    private static readonly NodeSettings Zram = new() { SwapDevice = SwapDevice.Zram, SwapPages = 10_000 };
    private static readonly NodeSettings Ssd = new() { SwapDevice = SwapDevice.Ssd, SwapPages = 10_000, PageCluster = 3 };
    private static readonly NodeSettings Huge = Zram with { HugePages2M = HugePages.Always };

    public static TheoryData<string> Mechanisms => [.. Mechanism.All.Select(mechanism => mechanism.Name)];

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void PageOut_OfPinnedPages_LeavesThemMappedUntilUnpin(string mechanism)
    {
        var node = new NodeUnderTest(Zram, Mechanism.Find(mechanism)!).Write(0, 0, 4).Pin(0, 0, 2).PageOut(0, 0, 4);

        Assert.Equal(("PPSS", 2, 2), (node.Pages(0, 0, 4), node.State.MappedFrames, node.Counters.SwapOuts));

        node.Unpin(0, 0, 2).PageOut(0, 0, 4);

        Assert.Equal(("SSSS", 4), (node.Pages(0, 0, 4), node.Counters.SwapOuts));
    }

    [Fact]
    public void Reclaim_OnSsd_LeavesPinnedPagesOfTheSwapCacheMapped()
    {
        var node = new NodeUnderTest(Ssd, Mechanism.Linux612).Write(0, 0, 4).PageOut(0, 0, 4).Pass(1).Read(0, 0, 4);
        Assert.Equal("CCCC", node.Pages(0, 0, 4));

        // Mapped writable by the read fault: pinning takes no further fault and leaves the slot.
        node.Pin(0, 0, 2).Reclaim(4).Reclaim(4).Pass(1).Reclaim(4);

        Assert.Equal("CCSS", node.Pages(0, 0, 4));
    }

    [Fact]
    public void Limit_BelowWhatIsPinned_IsOutOfMemory()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Write(0, 0, 64).Pin(0, 0, 64).Limit(64).Write(0, 100, 1);

        Assert.Equal((64, 1), (node.Resident(0, 64), node.Counters.OutOfMemoryPages));
    }

    [Fact]
    public void Pin_OfZeroPageAndOfNothing_MapsNewFrames()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Read(0, 0, 1).Pin(0, 0, 2);

        Assert.Equal(("PP", 3, 2, 1), (node.Pages(0, 0, 2), node.Counters.MinorFaults, node.Counters.NewFrames, node.Counters.CopyOnWrites));
    }

    [Fact]
    public void Pin_OfSwappedPage_ReadsItBack()
    {
        var node = new NodeUnderTest(Zram, Mechanism.ZeroPfnSwapIn).Write(0, 0, 1, PageContent.Zero).PageOut(0, 0, 1).Pin(0, 0, 1);

        Assert.Equal(("P", 1, 0), (node.Pages(0, 0, 1), node.Counters.ZeroSwapIns, node.Counters.ZeroPagesMappedAtSwapIn));
    }

    [Fact]
    public void Pin_OfForkSharedPage_CopiesItFirst()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Write(0, 0, 1).Fork(0, 1).Pin(0, 0, 1);

        Assert.Equal((2, 1), (node.State.MappedFrames, node.Counters.CopyOnWrites));
    }

    [Fact]
    public void Fork_CopiesPinnedPagesAndSharesTheOthers()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Write(0, 0, 4).Pin(0, 0, 1).Fork(0, 1);
        var before = node.Counters;

        Assert.Equal((5, 4), (node.State.MappedFrames, before.MinorFaults));

        // Neither side of the copy takes a fault; the shared ones do.
        node.Write(0, 0, 2).Write(1, 0, 2);

        var after = node.Counters.Since(before);
        Assert.Equal((2, 1), (after.MinorFaults, after.CopiedFrames));
    }

    [Fact]
    public void Discard_OfPinnedPage_KeepsItsFrameChargedUntilUnpin()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Write(0, 0, 2).Pin(0, 0, 2).Discard(0, 0, 2);

        Assert.Equal((0, 2, 2 * 4096), (node.State.MappedFrames, node.State.PinnedUnmappedFrames, node.State.MemoryBytes(Zram)));

        // What is mapped there now is another frame: the pin still holds the old one.
        node.Write(0, 0, 1).PageOut(0, 0, 1);
        Assert.Equal(("S", 2), (node.Pages(0, 0, 1), node.State.PinnedUnmappedFrames));

        node.Unpin(0, 0, 2);
        Assert.Equal(0, node.State.PinnedUnmappedFrames);
    }

    [Fact]
    public void Unpin_AfterUnmap_FreesTheFrames()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Write(0, 0, 3).Pin(0, 0, 3).Unmap(0, 0, 1 << 20);
        Assert.Equal(3, node.State.PinnedUnmappedFrames);

        node.Unpin(0, 0, 2);

        Assert.Equal(1, node.State.PinnedUnmappedFrames);
    }

    [Fact]
    public void Pins_NestAndEndInTheirOrder()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Write(0, 0, 1).Pin(0, 0, 1).Pin(0, 0, 1).Discard(0, 0, 1).Write(0, 0, 1).Pin(0, 0, 1);

        node.Unpin(0, 0, 1);
        Assert.Equal(1, node.State.PinnedUnmappedFrames);
        node.Unpin(0, 0, 1);
        Assert.Equal(0, node.State.PinnedUnmappedFrames);
        Assert.Equal("P", node.PageOut(0, 0, 1).Pages(0, 0, 1));
        Assert.Equal("S", node.Unpin(0, 0, 1).PageOut(0, 0, 1).Pages(0, 0, 1));

        // An unpin too many is nothing.
        node.Unpin(0, 0, 1);
    }

    [Fact]
    public void Exit_EndsThePinsOfTheProcess()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Write(0, 0, 2).Write(1, 0, 2).Pin(0, 0, 2).Pin(1, 0, 2).Discard(0, 0, 1).Discard(1, 0, 1).Exit(0);

        Assert.Equal((1, 1), (node.State.MappedFrames, node.State.PinnedUnmappedFrames));
    }

    [Fact]
    public void LazyFree_OfPinnedPage_IsUndoneByReclaim()
    {
        var node = new NodeUnderTest(Zram, Mechanism.Linux612).Write(0, 0, 2).Pin(0, 0, 1).LazyFree(0, 0, 2).PageOut(0, 0, 2);
        Assert.Equal("P.", node.Pages(0, 0, 2));

        Assert.Equal("S.", node.Unpin(0, 0, 1).PageOut(0, 0, 2).Pages(0, 0, 2));
    }

    [Theory]
    [InlineData(0u, 512u)]
    [InlineData(0u, 100u)]
    [InlineData(200u, 100u)]
    public void PageOut_OfPinnedHugePage_NeitherSwapsNorSplitsIt(uint page, uint pages)
    {
        var node = new NodeUnderTest(Huge, Mechanism.Linux612).Write(0, 0, 512).Pin(0, 7, 1).PageOut(0, page, pages);

        Assert.Equal(new string('H', 512), node.Pages(0, 0, 512));
        Assert.Equal(1, node.Unpin(0, 7, 1).PageOut(0, 0, 512).Counters.HugeSwapOuts);
    }

    [Fact]
    public void Discard_OfPinnedHugePage_KeepsAllOfIt()
    {
        var node = new NodeUnderTest(Huge, Mechanism.Linux612).Write(0, 0, 512).Pin(0, 7, 1).Discard(0, 0, 256).PageOut(0, 0, 512);
        Assert.Equal((256, 0), (node.State.MappedFrames, node.Counters.SwapOuts));

        node.Discard(0, 256, 256);
        Assert.Equal((0, 512), (node.State.MappedFrames, node.State.PinnedUnmappedFrames));

        Assert.Equal(0, node.Unpin(0, 7, 1).State.PinnedUnmappedFrames);
    }

    [Fact]
    public void Fork_OfPinnedHugePage_GivesTheChildSmallCopies()
    {
        var node = new NodeUnderTest(Huge, Mechanism.Linux612).Write(0, 0, 512).Pin(0, 7, 1).Fork(0, 1);

        Assert.Equal((1024, new string('H', 512), new string('P', 512)), (node.State.MappedFrames, node.Pages(0, 0, 512), node.Pages(1, 0, 512)));
    }

    [Fact]
    public void GroupLimit_CountsFramesThatOnlyPinsKeep()
    {
        var node = new NodeUnderTest(Zram with { Groups = 2 }, Mechanism.Linux612);
        node.Simulator.Assign(1, group: 1);
        node.Write(1, 0, 64).Pin(1, 0, 64).Discard(1, 0, 64).Write(1, 100, 64);

        node.Simulator.SetGroupLimit(1, 96);

        Assert.InRange(node.State.MappedFrames, 0, 32);
        Assert.Equal(64, node.State.PinnedUnmappedFrames);
    }
}
