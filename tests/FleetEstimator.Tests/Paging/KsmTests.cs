using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

/// <summary>KSM with use_zero_pages.</summary>
public sealed class KsmTests
{
    private const long Wake = 20_000;
    private static readonly NodeSettings NoSwap = new() { Ksm = new KsmSettings() };

    public static TheoryData<string> Mechanisms => PinTests.Mechanisms;

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void ZerosSeenTwice_BecomeTheZeroPage(string mechanism)
    {
        var node = new NodeUnderTest(NoSwap, Mechanism.Find(mechanism)!).Write(0, 0, 30, PageContent.Zero).Write(0, 30, 30);

        // A pass over the 60 pages a time.
        node.Pass(Wake);
        Assert.Equal((60, 0, 60), (node.State.MappedFrames, node.Counters.ZeroPagesMappedByKsm, node.Counters.KsmPagesScanned));
        node.Pass(Wake);
        Assert.Equal((30, 30, 120), (node.State.MappedFrames, node.Counters.ZeroPagesMappedByKsm, node.Counters.KsmPagesScanned));

        // The zero page is not read again.
        node.Pass(Wake);
        Assert.Equal((0, 150, new string('Z', 30)), (node.State.HiddenZeroEntries, node.Counters.KsmPagesScanned, node.Pages(0, 0, 30)));
    }

    [Fact]
    public void Scan_GoesOnWhereItStopped_AndEndsABatchWithAPass()
    {
        var node = new NodeUnderTest(NoSwap with { Ksm = new KsmSettings(PagesToScan: 8) }, Mechanism.Linux612).Write(0, 0, 10, PageContent.Zero).Write(1, 600, 10, PageContent.Zero);

        // 8, 8 and the last 4 of the first pass, then two of the second.
        node.Pass(3 * Wake);
        Assert.Equal((20, 0), (node.Counters.KsmPagesScanned, node.Counters.ZeroPagesMappedByKsm));
        node.Pass(2 * Wake);
        Assert.Equal((36, 16), (node.Counters.KsmPagesScanned, node.Counters.ZeroPagesMappedByKsm));
    }

    [Fact]
    public void Scan_GoesThroughProcessesByNumber_PastThoseThatAreGone()
    {
        var node = new NodeUnderTest(new NodeSettings { Ksm = new KsmSettings(PagesToScan: 4, SleepMilliseconds: 20) }, Mechanism.Linux612);
        foreach (var process in (uint[])[90_000, 7, 500])
            node.Write(process, 0, 4, PageContent.Zero);
        node.Pass(20_000).Exit(7).Pass(20_000).Pass(20_000);
        Assert.Equal(12, node.Counters.KsmPagesScanned);

        node.Pass(20_000).Pass(20_000);

        Assert.Equal(("ZZZZ", "PPPP"), (node.Pages(500, 0, 4), node.Pages(90_000, 0, 4)));
    }

    [Fact]
    public void Store_AfterMerging_TakesACopyOnWriteFault()
    {
        var node = new NodeUnderTest(NoSwap, Mechanism.Linux612).Write(0, 0, 1, PageContent.Zero).Pass(2 * Wake).Write(0, 0, 1);

        Assert.Equal(("P", 2, 1), (node.Pages(0, 0, 1), node.Counters.MinorFaults, node.Counters.CopyOnWrites));
    }

    [Fact]
    public void PageThatHeldDataAtTheLastVisit_IsNotMergedAtOnce()
    {
        var node = new NodeUnderTest(NoSwap, Mechanism.Linux612).Write(0, 0, 1).Pass(Wake).Write(0, 0, 1, PageContent.Zero).Pass(Wake);
        Assert.Equal("P", node.Pages(0, 0, 1));

        Assert.Equal("Z", node.Pass(Wake).Pages(0, 0, 1));
    }

    [Fact]
    public void SmartScan_PassesOverWhatItReadInVain_On612Only()
    {
        var node = new NodeUnderTest(NoSwap, Mechanism.Linux61, Mechanism.Linux612).Write(0, 0, 10).Pass(9 * Wake);

        // Read at visits 1 to 4, 6 and 9.
        Assert.Equal((90, 60), (node.Simulator.Counters(0).KsmPagesScanned, node.Simulator.Counters(1).KsmPagesScanned));
    }

    [Theory]
    [InlineData("linux-6.1", 300)]
    [InlineData("linux-6.12", 0)]
    public void HugePage_IsSplitFirst_WhichOn612MapsItsZerosAlready(string mechanism, long mergedByKsm)
    {
        var node = new NodeUnderTest(new NodeSettings { HugePages2M = HugePages.Always, Ksm = new KsmSettings(PagesToScan: 512) }, Mechanism.Find(mechanism)!)
            .Write(0, 0, 212).Pass(4 * Wake);

        Assert.Equal((212, mergedByKsm), (node.State.MappedFrames, node.Counters.ZeroPagesMappedByKsm));
        Assert.Equal(new string('P', 212) + new string('Z', 300), node.Pages(0, 0, 512));
    }

    [Fact]
    public void PinnedPages_AreLeftAlone()
    {
        var node = new NodeUnderTest(NoSwap, Mechanism.Linux612).Pin(0, 0, 2).Write(0, 2, 2, PageContent.Zero).Pass(3 * Wake);

        Assert.Equal("PPZZ", node.Pages(0, 0, 4));
    }

    [Fact]
    public void ForkSharedPage_IsMergedMappingByMapping()
    {
        var node = new NodeUnderTest(NoSwap with { Ksm = new KsmSettings(PagesToScan: 1) }, Mechanism.Linux612).Write(0, 0, 1, PageContent.Zero).Fork(0, 1);

        // Two visits, one of each process, and the end of the pass; then the first again.
        node.Pass(4 * Wake);
        Assert.Equal(("Z", "P", 1), (node.Pages(0, 0, 1), node.Pages(1, 0, 1), node.State.MappedFrames));
        Assert.Equal(0, node.Pass(Wake).State.MappedFrames);
    }

    [Fact]
    public void SwappedPages_AreNotRead_AndTheSwapCacheIsDropped()
    {
        var settings = new NodeSettings { SwapDevice = SwapDevice.Ssd, SwapPages = 1000, Ksm = new KsmSettings() };
        var node = new NodeUnderTest(settings, Mechanism.Linux61).Write(0, 0, 2, PageContent.Zero).PageOut(0, 0, 2).Pass(1).Read(0, 0, 1);
        Assert.Equal("Cc", node.Pages(0, 0, 2));

        node.Pass(2 * Wake);

        Assert.Equal(("Zc", 1, 2), (node.Pages(0, 0, 2), node.State.Slots, node.Counters.KsmPagesScanned));
    }

    [Fact]
    public void ZerosMergedInTime_AreNotSwappedOut_WhateverTheMechanism()
    {
        var mechanisms = Mechanism.All.ToArray();
        var node = new NodeUnderTest(new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = 1000, Ksm = new KsmSettings() }, mechanisms)
            .Write(0, 0, 50, PageContent.Zero).Write(0, 50, 50).Pass(3 * Wake).PageOut(0, 0, 100);

        Assert.All(mechanisms.Index(), lane => Assert.Equal(
            (50, 0, 50), (node.Simulator.Counters(lane.Index).SwapOuts, node.Simulator.Counters(lane.Index).ZeroFilledSwapOuts, node.Simulator.Counters(lane.Index).ZeroPagesMappedByKsm)));
    }

    [Fact]
    public void Usage_CountsEveryWakeFromItsMoment()
    {
        var node = new NodeUnderTest(NoSwap, Mechanism.Linux612).Write(0, 0, 100, PageContent.Zero);

        // All pages until the third wake (two batches make a pass of 100 pages and its end), none from then on.
        node.Pass(6 * Wake);

        Assert.Equal((50 * 4096, 600 * 200), (node.Simulator.Usage(0).RssMeanBytes, CostTable.Default.CpuNanoseconds(Mechanism.Linux612, NoSwap, node.Counters) - FaultsCpu(node)));
    }

    [Theory]
    [InlineData(0, 20)]
    [InlineData(100, 0)]
    public void Settings_BelowOne_AreRefused(int pages, int milliseconds) =>
        Assert.Throws<ArgumentException>(() => new NodeUnderTest(new NodeSettings { Ksm = new KsmSettings(pages, milliseconds) }, Mechanism.Linux612));

    private static long FaultsCpu(NodeUnderTest node) =>
        CostTable.Default.CpuNanoseconds(Mechanism.Linux612, NoSwap, node.Counters with { KsmPagesScanned = 0 });
}
