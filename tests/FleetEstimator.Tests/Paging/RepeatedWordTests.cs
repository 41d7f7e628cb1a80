using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

/// <summary>What zram and zswap keep of one page, by kernel: how much of the saving on zeros they already take.</summary>
public sealed class RepeatedWordTests
{
    private static readonly NodeSettings Zram = new() { SwapDevice = SwapDevice.Zram, SwapPages = 100, CompressedPageBytes = 1365 };
    private static readonly NodeSettings Zswap = Zram with { SwapDevice = SwapDevice.Ssd, Zswap = true };

    [Theory]
    [InlineData("linux-6.1", PageContent.Zero, 0, 1, 0)]
    [InlineData("linux-6.12", PageContent.Zero, 0, 0, 1)]
    [InlineData("linux-6.1", PageContent.Repeated, 0, 1, 0)]
    [InlineData("linux-6.12", PageContent.Repeated, 0, 1, 0)]
    [InlineData("linux-6.12", PageContent.Data, 1365, 1, 0)]
    public void OnZram_AWordCostsNoMemory_AndTheZeromapSparesTheWrite(string mechanism, PageContent content, long bytes, long writes, long spared)
    {
        var node = new NodeUnderTest(Zram, Mechanism.Find(mechanism)!).Write(0, 0, 1, content).PageOut(0, 0, 1);

        Assert.Equal((bytes, writes, spared), (node.State.MemoryBytes(Zram), node.Counters.SwapOuts, node.Counters.ZeroSwapOuts));
    }

    [Theory]
    [InlineData("linux-6.1", PageContent.Zero, 64, 1, 0)]
    [InlineData("linux-6.12", PageContent.Zero, 0, 0, 1)]
    [InlineData("linux-6.1", PageContent.Repeated, 64, 1, 0)]
    [InlineData("linux-6.12", PageContent.Repeated, 56 + 48, 1, 0)]
    [InlineData("linux-6.1", PageContent.Data, 64 + 1365, 1, 0)]
    [InlineData("linux-6.12", PageContent.Data, 56 + 1365, 1, 0)]
    public void InZswap_AWordCostsItsEntryOn61AndACompressedPageOn612(string mechanism, PageContent content, long bytes, long stores, long spared)
    {
        var node = new NodeUnderTest(Zswap, Mechanism.Find(mechanism)!).Write(0, 0, 1, content).PageOut(0, 0, 1);

        Assert.Equal((bytes, stores, spared), (node.State.MemoryBytes(Zswap), node.Counters.ZswapOuts, node.Counters.ZeroSwapOuts));
        Assert.Equal(0, node.Discard(0, 0, 1).State.MemoryBytes(Zswap));
    }
}
