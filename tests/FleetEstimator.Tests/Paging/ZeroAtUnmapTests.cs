using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

/// <summary>linux-6.12+zero-at-unmap beside linux-6.12+zero-at-swapout: what the naive form saves more, and what it loses.</summary>
public sealed class ZeroAtUnmapTests
{
    private const int AtSwapOut = 0;
    private const int AtUnmap = 1;

    private static readonly NodeSettings Zram = new() { SwapDevice = SwapDevice.Zram, SwapPages = 10_000 };
    private static readonly NodeSettings Ssd = new() { SwapDevice = SwapDevice.Ssd, SwapPages = 10_000 };

    public static TheoryData<SwapDevice> Devices => [SwapDevice.Zram, SwapDevice.Ssd];

    [Theory]
    [MemberData(nameof(Devices))]
    public void Saving_IsThatOfZeroAtSwapOut_WithOneReverseMapWalkLess(SwapDevice device)
    {
        var node = Node(Zram with { SwapDevice = device }).Write(0, 0, 10, PageContent.Zero).Write(0, 10, 10).PageOut(0, 0, 20).Pass(1);

        var (before, now) = (node.Simulator.Counters(AtSwapOut), node.Simulator.Counters(AtUnmap));
        Assert.Equal(node.Simulator.State(AtSwapOut), node.Simulator.State(AtUnmap));
        Assert.Equal((10, 10, 10), (now.ZeroPagesMappedAtSwapOut, now.SwapOuts, now.UnmapsAtRisk));
        Assert.Equal(before, now with { UnmapsAtRisk = 0 });
        Assert.Equal(
            20 * CostTable.Default.ReverseMapWalk,
            CostTable.Default.CpuNanoseconds(Mechanism.ZeroAtSwapOut, Zram, before) - CostTable.Default.CpuNanoseconds(Mechanism.ZeroAtUnmap, Zram, now));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void PinnedZeros_AreReplacedOnlyByTheNaiveForm_AndSaveNothing(SwapDevice device)
    {
        var node = Node(Zram with { SwapDevice = device }).Pin(0, 0, 1).PageOut(0, 0, 1);

        Assert.Equal(("P", "Z"), (node.Pages(0, 0, 1, AtSwapOut), node.Pages(0, 0, 1, AtUnmap)));
        Assert.Equal((4096, 4096), (node.Simulator.State(AtSwapOut).MemoryBytes(Zram), node.Simulator.State(AtUnmap).MemoryBytes(Zram)));
        Assert.Equal((0, 1, 0), (node.Simulator.Counters(AtSwapOut).UnmapsAtRisk, node.Simulator.Counters(AtUnmap).UnmapsAtRisk, node.Simulator.Counters(AtUnmap).LostStores));
    }

    [Fact]
    public void StoreThroughThePinOfAReplacedPage_IsLost()
    {
        var node = Node(Zram).Pin(0, 0, 2).PageOut(0, 0, 2).Pass(1_000_000).Observe(0, 0, 1, PageContent.Data);

        Assert.Equal((0, 1), (node.Simulator.Counters(AtSwapOut).LostStores, node.Simulator.Counters(AtUnmap).LostStores));
        Assert.Equal(0, node.Unpin(0, 0, 2).Simulator.State(AtUnmap).PinnedUnmappedFrames);
    }

    [Fact]
    public void ContentThatChangesWithoutAPin_IsNotLost()
    {
        var node = Node(Zram).Write(0, 0, 1, PageContent.Zero).PageOut(0, 0, 1).Pass(1_000_000).Observe(0, 0, 1, PageContent.Data);

        Assert.Equal((1, 0), (node.Simulator.Counters(AtUnmap).UnmapsAtRisk, node.Simulator.Counters(AtUnmap).LostStores));
    }

    [Theory]
    [InlineData(0, PageContent.Data, 1)]
    [InlineData(31, PageContent.Unknown, 1)]
    [InlineData(32, PageContent.Data, 0)]
    [InlineData(0, PageContent.Zero, 0)]
    public void StoreBeforeTheFlush_IsLostUnlessItChangesNothing(long after, PageContent content, int lost)
    {
        var node = Node(Zram).Write(0, 0, 1, PageContent.Zero).PageOut(0, 0, 1).Pass(after).Write(0, 0, 1, content);

        Assert.Equal((0, lost), (node.Simulator.Counters(AtSwapOut).LostStores, node.Simulator.Counters(AtUnmap).LostStores));
    }

    [Fact]
    public void StoreBeforeTheFlush_IsNotCountedWhereTimesAreTooCoarse()
    {
        var node = Node(Zram with { FlushWindowMicroseconds = 0 }).Write(0, 0, 1, PageContent.Zero).PageOut(0, 0, 1).Write(0, 0, 1);

        Assert.Equal((1, 0), (node.Simulator.Counters(AtUnmap).UnmapsAtRisk, node.Simulator.Counters(AtUnmap).LostStores));
    }

    [Fact]
    public void CleanPage_IsNotAtRisk()
    {
        // Resident since before the recording: whatever a TLB holds of it takes a walk before a store.
        var node = Node(Zram).Observe(0, 0, 1, PageContent.Zero).PageOut(0, 0, 1).Write(0, 0, 1);

        Assert.Equal(("P", 1, 0, 0), (node.Pages(0, 0, 1, AtUnmap), node.Simulator.Counters(AtUnmap).ZeroPagesMappedAtSwapOut,
            node.Simulator.Counters(AtUnmap).UnmapsAtRisk, node.Simulator.Counters(AtUnmap).LostStores));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void LockedZeros_AreLeftAloneByBoth(SwapDevice device)
    {
        var node = Node(Zram with { SwapDevice = device }).Write(0, 0, 4, PageContent.Zero).Lock(0, 0, 4).Reclaim(4).Reclaim(4);

        Assert.Equal(("PPPP", "PPPP"), (node.Pages(0, 0, 4, AtSwapOut), node.Pages(0, 0, 4, AtUnmap)));
    }

    [Fact]
    public void PageInTheSwapCache_KeepsItsSlotUnderBoth()
    {
        var node = Node(Ssd).Write(0, 0, 1).PageOut(0, 0, 1).Pass(1).Read(0, 0, 1).Observe(0, 0, 1, PageContent.Zero).PageOut(0, 0, 1).Pass(1);

        Assert.Equal(node.Pages(0, 0, 1, AtSwapOut), node.Pages(0, 0, 1, AtUnmap));
        Assert.Equal(0, node.Simulator.Counters(AtUnmap).ZeroPagesMappedAtSwapOut);
    }

    [Fact]
    public void WithoutSwap_NothingIsReplaced()
    {
        var node = Node(new NodeSettings()).Write(0, 0, 100, PageContent.Zero).Reclaim(100);

        Assert.Equal((100, 0), (node.Simulator.State(AtUnmap).MappedFrames, node.Simulator.Counters(AtUnmap).UnmapsAtRisk));
    }

    private static NodeUnderTest Node(NodeSettings settings) => new(settings, Mechanism.ZeroAtSwapOut, Mechanism.ZeroAtUnmap);
}
