using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

/// <summary>
/// The classic LRU by hand. 64 frames fresh from a store are all young, and no statistics have been flushed. Passes of priority 12 to 5 look at
/// none of them, since 64 >> 5 times the anonymous share of 60 in 200 is below one. Those of 4 and 3 look at 1 and 1; by then looking in vain has
/// a cost of 1 (every cost is halved, as it exceeds a quarter of lists of size 0), and a share of 80 in 360; so 3 and, at a cost of 2 and 84 in
/// 410, 6 in the next two. The last pass looks at all 64 and takes the first 12, looked at before.
/// </summary>
public sealed class ClassicLruTests
{
    private const long StatisticsFlushMicroseconds = 2_000_000;

    [Fact]
    public void YoungFrame_IsSparedOnce()
    {
        var node = Classic();

        Reclaim(node.Write(0, 0, 64), 1);

        Assert.Equal(new string('S', 12) + new string('P', 52), node.Pages(0, 0, 64));
    }

    [Fact]
    public void YoungFrame_ThatWasSparedBefore_StaysForGood()
    {
        var node = SixteenActiveFrames();

        Assert.Equal(new string('S', 16) + new string('P', 16) + new string('S', 32), node.Pages(0, 0, 64));
    }

    [Fact]
    public void ActiveFrames_StayWhileStatisticsAreStale_AndGoAfterAFlush()
    {
        var node = SixteenActiveFrames();

        Reclaim(node, 16);
        Assert.Equal(16, node.Resident(0, 64));

        Reclaim(node.Pass(StatisticsFlushMicroseconds), 16);
        Assert.Equal(0, node.Resident(0, 64));
    }

    [Fact]
    public void ActiveFrames_GoAtOnce_OnAKernelThatFlushesAtReclaim()
    {
        var node = SixteenActiveFrames(Mechanism.Linux61);

        Reclaim(node, 16);

        Assert.Equal(0, node.Resident(0, 64));
    }

    [Fact]
    public void Refault_IsActivated_IfNoMoreWasEvictedSinceThanIsActive()
    {
        // Page 63 was the last of 48 to go, page 0 the first; 16 frames are active.
        var node = SixteenActiveFrames().Pass(StatisticsFlushMicroseconds);
        node.Read(0, 63, 1).Read(0, 0, 1).Write(0, 100, 40).Pass(StatisticsFlushMicroseconds);

        Reclaim(node, 1);

        Assert.Equal(("P", "S"), (node.Pages(0, 63, 1), node.Pages(0, 0, 1)));
    }

    [Fact]
    public void RefaultsThatWereActivated_LetActiveFramesGoInTheNextReclaimOnly()
    {
        var node = SixteenActiveFrames().Pass(StatisticsFlushMicroseconds);
        node.Read(0, 63, 1).Write(0, 100, 300).Pass(StatisticsFlushMicroseconds);

        // All 17 active frames go to the inactive head, behind the new ones, and are found not young when the list has come round.
        Reclaim(node, 1);
        Reclaim(node, 317);

        Assert.Equal(0, node.Resident(0, 400));
    }

    [Fact]
    public void ColdFrames_LeaveTheActiveList()
    {
        var node = SixteenActiveFrames();

        Apply(node, OperationKind.Cold, 16, 8);
        Reclaim(node, 1);

        Assert.Equal(new string('S', 8) + new string('P', 8), node.Pages(0, 16, 16));
    }

    [Fact]
    public void LazilyFreedFrames_GoBeforeOthers()
    {
        var node = Classic().Write(0, 0, 64);

        Apply(node, OperationKind.LazyFree, 32, 16);
        Reclaim(node, 1);

        Assert.Equal(new string('.', 16), node.Pages(0, 32, 16));
        Assert.True(node.Counters.SwapOuts <= 16);
    }

    [Fact]
    public void LazilyFreedFrames_ThatWereWrittenAgain_AreActivated()
    {
        var node = Classic().Write(0, 0, 64);

        Apply(node, OperationKind.LazyFree, 32, 16);
        node.Write(0, 32, 16);
        Reclaim(node, 48);
        Reclaim(node, 48);

        Assert.Equal(new string('P', 16), node.Pages(0, 32, 16));
    }

    [Fact]
    public void LockedFrames_StayUntilUnlocked()
    {
        var node = Classic().Write(0, 0, 64);
        Apply(node, OperationKind.Lock, 0, 16);

        Reclaim(node, 64);
        Assert.Equal(new string('P', 16), node.Pages(0, 0, 16));
        Assert.Equal(16, node.Resident(0, 64));

        Apply(node, OperationKind.Unlock, 0, 16);
        Reclaim(node, 16);
        Assert.Equal(0, node.Resident(0, 64));
    }

    [Fact]
    public void FramesWrittenToAnSsd_GoFirstWhenTheWriteHasEnded()
    {
        var node = Classic(device: SwapDevice.Ssd);

        Reclaim(node.Write(0, 0, 64), 1);

        // The 12 frames written first are clean now and at the tail: gone before any written after them.
        Assert.Equal(new string('S', 12), node.Pages(0, 0, 12));
        Assert.DoesNotContain('S', node.Pages(0, 12, 52));
    }

    [Fact]
    public void SwapThatIsFull_LeavesFramesWhereTheyAre()
    {
        var node = new NodeUnderTest(new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = 8, Lru = LruKind.Classic }, Mechanism.Linux612);

        Reclaim(node.Write(0, 0, 64), 32);

        Assert.Equal((8, 56), ((int)node.State.Slots, node.Resident(0, 64)));
    }

    /// <summary>Of 64 frames those of pages 16 to 31 were used again after reclaim had spared them once, and are active; all others are gone.</summary>
    private static NodeUnderTest SixteenActiveFrames(Mechanism? mechanism = null)
    {
        var node = Classic(mechanism).Write(0, 0, 64);
        Reclaim(node, 1);
        node.Read(0, 16, 16);
        Reclaim(node, 32);
        return node;
    }

    private static NodeUnderTest Classic(Mechanism? mechanism = null, SwapDevice device = SwapDevice.Zram) =>
        new(new NodeSettings { SwapDevice = device, SwapPages = 10_000, Lru = LruKind.Classic }, mechanism ?? Mechanism.Linux612);

    private static void Reclaim(NodeUnderTest node, uint pages) => Apply(node, OperationKind.Reclaim, 0, pages);

    private static void Apply(NodeUnderTest node, OperationKind kind, ulong page, uint pages)
    {
        node.Simulator.Apply(new Operation(kind, 0, page, pages));
        node.Simulator.Audit();
    }
}
