using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public class SwapSlotsTests
{
    private const int Cluster = SwapArea.ClusterSlots;
    private const int Batch = 64;

    [Fact]
    public void SinglePages_ComeInBatches()
    {
        var area = new ClusteredSwapArea(8 * Cluster);
        var slots = new SwapSlots(area);
        Assert.Equal(Cluster, slots.Take(node: 7));
        Assert.Equal(8 * Cluster - Batch, slots.Free);
        Assert.True(slots.TryNode(Cluster, out var node));
        Assert.Equal(7, node);
        Assert.False(slots.TryNode(Cluster + 1, out _));
        Assert.True(area.IsTaken(Cluster + 1));
        slots.Audit();
    }

    [Fact]
    public void LargeFolio_TakesPartInNoBatch()
    {
        var slots = new SwapSlots(new ClusteredSwapArea(8 * Cluster));
        slots.Take(0);
        Assert.Equal(2 * Cluster, slots.TakeBlock(firstNode: 16, pages: 16));
        Assert.Equal(8 * Cluster - Batch - 16, slots.Free);
        Assert.True(slots.TryNode(2 * Cluster + 5, out var node));
        Assert.Equal(21, node);
    }

    [Fact]
    public void ReturnedSlot_IsFreeOnlyAfterABatchOfThem()
    {
        var slots = new SwapSlots(new ClusteredSwapArea(8 * Cluster));
        var taken = Enumerable.Range(0, Batch + 1).Select(slots.Take).ToList();
        var free = slots.Free;
        foreach (var slot in taken.Take(Batch))
            slots.Return(slot);
        Assert.Equal(free, slots.Free);
        slots.Return(taken[Batch]);
        Assert.Equal(free + Batch, slots.Free);
        slots.Audit();
    }

    [Fact]
    public void Range_IsFreeAtOnce()
    {
        var slots = new SwapSlots(new ClusteredSwapArea(8 * Cluster));
        var first = slots.TakeBlock(0, 16);
        slots.ReturnRange(first, 16);
        Assert.Equal(8 * Cluster, slots.Free);
        slots.Audit();
    }

    [Theory]
    [InlineData(320, 319)]
    [InlineData(321, 321 - Batch)]
    public void FewFreeSlots_AreNotPutBy(int size, int freeAfterOne)
    {
        var slots = new SwapSlots(new RotatingSwapArea(size));
        slots.Take(0);
        Assert.Equal(freeAfterOne, slots.Free);
    }

    [Fact]
    public void WhatIsPutBy_IsGivenBackWhenSlotsGetScarce()
    {
        var slots = new SwapSlots(new RotatingSwapArea(400));
        var taken = Enumerable.Range(0, 272).Select(slots.Take).ToList();
        slots.Return(taken[3]);
        for (var node = 272; node < 401; node++)
            Assert.NotEqual(SwapArea.NoSlot, slots.Take(node));
        Assert.Equal(SwapArea.NoSlot, slots.Take(401));
        slots.Audit();
    }

    [Fact]
    public void ReadAhead_TakesTheAlignedBlock_WithoutTheHeader()
    {
        Assert.Equal((8, 16), new SlotReadAhead().Fault(11, pageCluster: 3, areaPages: 100));
        Assert.Equal((1, 8), new SlotReadAhead().Fault(3, pageCluster: 3, areaPages: 100));
        Assert.Equal((96, 100), new SlotReadAhead().Fault(99, pageCluster: 3, areaPages: 100));
        Assert.Equal((11, 12), new SlotReadAhead().Fault(11, pageCluster: 0, areaPages: 100));
    }

    [Fact]
    public void ReadAhead_ShrinksByHalves_WithoutHits()
    {
        var readAhead = new SlotReadAhead();
        Assert.Equal([8, 4, 2, 1, 1], new[] { 800, 400, 600, 200, 700 }.Select(slot => Length(readAhead.Fault(slot, 3, 1000))));
    }

    [Fact]
    public void ReadAhead_GrowsWithHits_AndReadsTwoOfNeighbours()
    {
        var readAhead = new SlotReadAhead();
        foreach (var slot in (int[])[800, 400, 600, 200])
            readAhead.Fault(slot, 3, 1000);
        Assert.Equal(2, Length(readAhead.Fault(201, 3, 1000)));
        readAhead.Hit();
        Assert.Equal(4, Length(readAhead.Fault(500, 3, 1000)));
        for (var hit = 0; hit < 5; hit++)
            readAhead.Hit();
        Assert.Equal(8, Length(readAhead.Fault(300, 3, 1000)));
    }

    private static int Length((int Start, int End) window) => window.End - window.Start;
}
