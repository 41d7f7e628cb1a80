using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public sealed class LargeFolioTests
{
    private static readonly NodeSettings BothSizes = new()
    {
        SwapDevice = SwapDevice.Zram,
        SwapPages = 10_000,
        HugePages2M = HugePages.Always,
        HugePages64K = HugePages.Always,
    };

    [Fact]
    public void SmallFolioInTheHoleOfALargeOne_IsAFolioOfItsOwn()
    {
        var node = new NodeUnderTest(BothSizes, Mechanism.Linux612).Write(1, 0, 512).Discard(1, 0, 16).Write(1, 3, 1);

        // Splits the large folio, and sends out its one page that the run covers.
        node.PageOut(1, 100, 1);

        Assert.Equal("HHHH", node.Pages(1, 0, 4));
        Assert.Equal("PSP", node.Pages(1, 99, 3));
    }

    [Fact]
    public void PageOutOfTheFolioInTheHole_LeavesTheLargeOne()
    {
        var node = new NodeUnderTest(BothSizes, Mechanism.Linux612).Write(1, 0, 512).Discard(1, 0, 16).Write(1, 3, 1);

        node.PageOut(1, 0, 16);

        Assert.Equal("SSSS", node.Pages(1, 0, 4));
        Assert.Equal("HHH", node.Pages(1, 16, 3));
    }

    [Fact]
    public void ReclaimOfAFolioWithAHole_LeavesThePageInTheHoleThatIsInUse()
    {
        var node = new NodeUnderTest(BothSizes with { Lru = LruKind.Classic }, Mechanism.Linux612).Write(1, 0, 512).Discard(1, 5, 1).Write(1, 5, 1);
        node.Reclaim(1).Read(1, 5, 1);

        node.Reclaim(1);

        Assert.Equal("SPS", node.Pages(1, 4, 3));
    }

    [Theory]
    [InlineData(false, 301)]
    [InlineData(true, 512)]
    public void LargeFolioBeyondTheLimit_IsReclaimedForOnlyWhereAskedFor(bool asked, int frames)
    {
        var node = new NodeUnderTest(BothSizes with { HugePages64K = HugePages.Never }, Mechanism.Linux612).Limit(600).Read(1, 600, 1).Write(1, 600, 300);
        if (asked)
            node.Simulator.Apply(new Operation(OperationKind.Huge, 1, 2048, 512));

        node.Write(1, 2048, 1);

        Assert.InRange(node.State.MappedFrames, frames, 600);
        Assert.Equal(asked ? 'H' : '.', node.Pages(1, 2049, 1)[0]);
    }

    [Fact]
    public void FramesThatALargeFolioKeeps_AreMemoryButNotResident()
    {
        var node = new NodeUnderTest(BothSizes, Mechanism.Linux612).Write(1, 0, 512).Discard(1, 0, 500);

        Assert.Equal((12, 512L * 4096), (node.State.MappedFrames, node.State.MemoryBytes(BothSizes)));
    }

    [Theory]
    [InlineData("linux-6.1", 1)]
    [InlineData("linux-6.12", 16)]
    public void FoliosOf64K_AreThereOnlyIfTheKernelKnowsThem(string mechanism, int frames)
    {
        var node = new NodeUnderTest(BothSizes with { HugePages2M = HugePages.Never }, Mechanism.Find(mechanism)!);

        node.Write(1, 0, 1);

        Assert.Equal(frames, node.State.MappedFrames);
    }

    [Fact]
    public void LargeFolioThatNeverFits_GivesWayToASmallPage()
    {
        var node = new NodeUnderTest(new NodeSettings { HugePages2M = HugePages.Always, HugePages64K = HugePages.Always }, Mechanism.Linux612).Limit(10);

        node.Write(1, 0, 1);

        Assert.Equal((0, 1), (node.Counters.OutOfMemoryPages, node.State.MappedFrames));
    }
}
