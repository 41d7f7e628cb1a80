using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

/// <summary>The THP underused shrinker and max_ptes_none.</summary>
public sealed class UnderusedFoliosTests
{
    private static readonly NodeSettings NoSwap = new() { HugePages2M = HugePages.Always };

    [Theory]
    [InlineData(511, 1, 512, 0)]
    [InlineData(409, 103, 512, 0)]
    [InlineData(409, 102, 102, 1)]
    [InlineData(0, 512, 512, 0)]
    [InlineData(0, 511, 511, 1)]
    public void Reclaim_SplitsAHugePageWithMoreZerosThanMaxPtesNone(int maxPtesNone, uint data, long framesLeft, long splits)
    {
        var node = new NodeUnderTest(NoSwap with { MaxPtesNone = maxPtesNone }, Mechanism.Linux612).Write(0, 0, data).Reclaim(1);

        Assert.Equal((framesLeft, splits), (node.State.MappedFrames, node.Counters.UnderusedSplits));
    }

    [Fact]
    public void Limit_SplitsUnderusedHugePages_AndNoPageIsOutOfMemory()
    {
        var shrunk = new NodeUnderTest(NoSwap with { MaxPtesNone = 409 }, Mechanism.Linux612).Write(0, 0, 10).Limit(700).Write(0, 512, 10);
        var kept = new NodeUnderTest(NoSwap, Mechanism.Linux612).Write(0, 0, 10).Limit(700).Write(0, 512, 10);

        Assert.Equal((0, 522), (shrunk.Counters.OutOfMemoryPages, shrunk.State.MappedFrames));
        Assert.Equal((512, 1024), (kept.Counters.OutOfMemoryPages, kept.State.MappedFrames));
    }

    [Theory]
    [InlineData("linux-6.1")]
    [InlineData("linux-6.12")]
    public void OnlyTheShrinkerOf612_WhereItIsOn_LooksAtThem(string mechanism)
    {
        var settings = NoSwap with { MaxPtesNone = 409 };
        var on = new NodeUnderTest(settings, Mechanism.Find(mechanism)!).Write(0, 0, 1).Reclaim(1);
        var off = new NodeUnderTest(settings with { ShrinkUnderused = false }, Mechanism.Find(mechanism)!).Write(0, 0, 1).Reclaim(1);

        Assert.Equal((mechanism == "linux-6.1" ? 512 : 1, 512), (on.State.MappedFrames, off.State.MappedFrames));
    }

    [Fact]
    public void AHugePageOnceFoundUsed_IsNotLookedAtAgain()
    {
        var node = new NodeUnderTest(NoSwap with { MaxPtesNone = 409 }, Mechanism.Linux612).Write(0, 0, 512).Reclaim(1).Write(0, 0, 512, PageContent.Zero).Reclaim(1);

        Assert.Equal(512, node.State.MappedFrames);
    }

    [Fact]
    public void APinnedHugePage_CannotBeSplit()
    {
        var node = new NodeUnderTest(NoSwap with { MaxPtesNone = 409 }, Mechanism.Linux612).Write(0, 0, 1).Pin(0, 0, 1).Reclaim(1);

        Assert.Equal((512, 0), (node.State.MappedFrames, node.Counters.UnderusedSplits));
    }

    [Theory]
    [InlineData("linux-6.1", 412)]
    [InlineData("linux-6.12", 90)]
    public void AHugePageThatLostPages_IsSplitWhateverMaxPtesNone(string mechanism, long framesLeft)
    {
        var node = new NodeUnderTest(NoSwap, Mechanism.Find(mechanism)!).Write(0, 0, 100).Discard(0, 0, 10).Discard(0, 200, 90);
        Assert.Equal(412, node.State.MappedFrames);

        node.Reclaim(1);

        Assert.Equal((framesLeft, 0), (node.State.MappedFrames, node.Counters.UnderusedSplits));
    }

    [Fact]
    public void AShortQueue_WaitsForLowPriority_AndAdvancesByMoreThanABatch()
    {
        // 200 folios: at priority 0 all are looked at, though a batch is 128.
        var node = new NodeUnderTest(NoSwap with { MaxPtesNone = 409 }, Mechanism.Linux612);
        for (var page = 0ul; page < 200 * 512; page += 512)
            node.Simulator.Apply(new Operation(OperationKind.Map, 1, page, 512));
        for (var page = 0ul; page < 200 * 512; page += 512)
            node.Simulator.Apply(new Operation(OperationKind.Write, 1, page, 1, PageContent.Data));

        node.Reclaim(1);

        Assert.Equal((200, 200), (node.State.MappedFrames, node.Counters.UnderusedSplits));
    }

    // Reclaim finds enough before its priority is low enough for a queue this short.
    [Theory]
    [MemberData(nameof(Devices))]
    public void WithSwap_AFewColdHugePagesGoOutWhole_BeforeTheShrinkerComesToThem(SwapDevice device)
    {
        var node = Pressed(Mechanism.Linux612, device, swapPages: 100_000, maxPtesNone: 409);

        Assert.Equal((0, 5 * 512, 5), (node.Counters.UnderusedSplits, node.Counters.SwapOuts, node.Counters.HugeSwapOuts));
    }

    [Theory]
    [MemberData(nameof(PinTests.Mechanisms), MemberType = typeof(PinTests))]
    public void WithSwapFull_TheyAreSplit_UnderEveryMechanismOf612(string name)
    {
        var mechanism = Mechanism.Find(name)!;
        var (on, off) = (Pressed(mechanism, SwapDevice.Zram, swapPages: 512, maxPtesNone: 409), Pressed(mechanism, SwapDevice.Zram, swapPages: 512, maxPtesNone: 511));

        // One went to swap; of the seven others those that were in memory under pressure are left with their 20 pages of data.
        Assert.Equal((5 * 512 - 512, 0), (off.Counters.OutOfMemoryPages, off.Counters.UnderusedSplits));
        if (name == "linux-6.1")
            Assert.Equal(off.Counters, on.Counters);
        else
            Assert.Equal((0, true), (on.Counters.OutOfMemoryPages, on.Counters.UnderusedSplits >= 4));
    }

    public static TheoryData<SwapDevice> Devices => [SwapDevice.Zram, SwapDevice.Ssd];

    private static NodeUnderTest Pressed(Mechanism mechanism, SwapDevice device, long swapPages, int maxPtesNone)
    {
        var settings = new NodeSettings { SwapDevice = device, SwapPages = swapPages, HugePages2M = HugePages.Always, MaxPtesNone = maxPtesNone };
        var node = new NodeUnderTest(settings, mechanism).Limit(3 * 512);
        for (var page = 0ul; page < 8 * 512; page += 512)
            node.Write(0, page, 20);
        return node;
    }
}
