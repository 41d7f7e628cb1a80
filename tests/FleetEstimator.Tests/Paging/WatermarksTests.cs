using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public sealed class WatermarksTests
{
    // 256 MiB: min_free_kbytes = √(16 × 262,144) = 2,048 KiB, so min 512, low 640 and high 768 pages.
    private const long MemoryPages = 65_536;
    private const long Low = 640;
    private const long High = 768;

    [Fact]
    public void FreeMemoryAboveTheLowWatermark_ReclaimsNothing()
    {
        var node = Node().Write(0, 0, (uint)(MemoryPages - Low));

        Assert.Equal((MemoryPages - Low, 0), (node.State.MappedFrames, node.State.Slots));
    }

    [Fact]
    public void FreeMemoryBelowTheLowWatermark_ReclaimsUpToTheHighOne()
    {
        var node = Node().Write(0, 0, (uint)(MemoryPages - Low + 1));

        Assert.True(node.State.Slots > 0);
        Assert.True(Free(node) >= High - 1, $"{Free(node)} pages are free");
    }

    [Fact]
    public void CompressedPages_CountAsUsedMemory()
    {
        // Twice as much data as memory: what is swapped out is still in memory, at a third of its size.
        var node = Node().Write(0, 0, (uint)MemoryPages * 5 / 4);

        Assert.Equal(0, node.Counters.OutOfMemoryPages);
        Assert.InRange(Free(node), Low, MemoryPages / 4);
        Assert.True(node.State.MappedFrames < MemoryPages * 11 / 12, $"{node.State.MappedFrames} frames");
    }

    [Fact]
    public void ZeroFilledPages_LeaveMoreMemoryFree()
    {
        var zeros = Node().Write(0, 0, (uint)MemoryPages, PageContent.Zero);
        var data = Node().Write(0, 0, (uint)MemoryPages);

        Assert.True(zeros.State.Slots < data.State.Slots, $"{zeros.State.Slots} slots for zeros, {data.State.Slots} for data");
    }

    [Fact]
    public void UnmodelledMemory_IsNotThereToBeUsed()
    {
        var node = new NodeUnderTest(Settings with { UnmodelledPages = 10_000 }, Mechanism.Linux612).Write(0, 0, (uint)(MemoryPages - 10_000));

        Assert.True(node.State.Slots > 0);
    }

    [Fact]
    public void WithoutSwap_OutOfMemoryIsCounted()
    {
        var node = new NodeUnderTest(Settings with { SwapDevice = SwapDevice.None, SwapPages = 0 }, Mechanism.Linux612).Write(0, 0, (uint)MemoryPages + 100);

        Assert.Equal(100, node.Counters.OutOfMemoryPages);
    }

    private static NodeSettings Settings => new() { SwapDevice = SwapDevice.Zram, SwapPages = 4 * MemoryPages, MemoryPages = MemoryPages };

    private static NodeUnderTest Node() => new(Settings, Mechanism.Linux612);

    private static long Free(NodeUnderTest node) => MemoryPages - node.State.MemoryBytes(Settings) / Settings.PageBytes;
}
