using CsCheck;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public class SwapAreaTests
{
    private const int Cluster = SwapArea.ClusterSlots;
    private const int Order64K = 4;
    private static readonly int[] Sizes = [5, 700, 1023, 1024, 1600];

    [Fact]
    public void Clusters_AreFirstTakenFarApart()
    {
        var area = new ClusteredSwapArea((100 * Cluster) - 1);
        Assert.Equal([32 * Cluster, 64 * Cluster, 96 * Cluster, 1 * Cluster], Enumerable.Range(0, 4).Select(_ => area.TakeBlock(order: 9)));
    }

    [Fact]
    public void Clusters_ServeOneOrderEach()
    {
        var area = new ClusteredSwapArea((4 * Cluster) - 1);
        Assert.Equal(Cluster, area.TakeBlock(0));
        Assert.Equal(2 * Cluster, area.TakeBlock(Order64K));
        Assert.Equal(Cluster + 1, area.TakeBlock(0));
        Assert.Equal(2 * Cluster + 16, area.TakeBlock(Order64K));
    }

    [Fact]
    public void Cluster_GoesOnBehindWhatWasGivenBack()
    {
        var area = new ClusteredSwapArea((4 * Cluster) - 1);
        var slots = new int[10];
        area.Take(slots);
        area.Give(slots[3], 1);
        Assert.Equal(slots[9] + 1, area.TakeBlock(0));
    }

    [Fact]
    public void EmptiedCluster_WaitsBehindOtherFreeOnes()
    {
        var area = new ClusteredSwapArea((4 * Cluster) - 1);
        var first = area.TakeBlock(9);
        area.Give(first, Cluster);
        Assert.Equal([2 * Cluster, 3 * Cluster, first], Enumerable.Range(0, 3).Select(_ => area.TakeBlock(9)));
    }

    [Fact]
    public void Block_IsOnlyFoundAligned()
    {
        var area = new ClusteredSwapArea((2 * Cluster) - 1);
        while (area.TakeBlock(Order64K) != SwapArea.NoSlot)
        {
        }

        Assert.Equal(Cluster - 1, area.Free);
        area.Give(Cluster + 8, 16);
        Assert.Equal(SwapArea.NoSlot, area.TakeBlock(Order64K));
        area.Give(Cluster + 24, 8);
        Assert.Equal(Cluster + 16, area.TakeBlock(Order64K));
        area.Audit();
    }

    [Fact]
    public void SinglePages_TakeFromClustersOfFoliosLast()
    {
        var area = new ClusteredSwapArea((2 * Cluster) - 1);
        Assert.Equal(Cluster, area.TakeBlock(Order64K));
        var slots = new int[Cluster];
        Assert.Equal(Cluster, area.Take(slots));

        // The header's cluster has 511 slots; then the folios' cluster is all there is.
        Assert.Equal(Enumerable.Range(1, Cluster - 1).Append(Cluster + 16), slots);
    }

    [Fact]
    public void RotatingDisk_GivesSlotsOneAfterTheOther()
    {
        var area = new RotatingSwapArea(4096);
        Assert.Equal(Enumerable.Range(1, 1000), Take(area, 1000));
    }

    [Fact]
    public void RotatingDisk_LooksForALongRunFromTheStart_AfterEvery512()
    {
        var area = new RotatingSwapArea(8192);
        Take(area, 612);
        area.Give(1, 512);

        // The run that was begun goes on to its end, although the start of the area is free again.
        var next = Take(area, 512);
        var onTheRun = next.TakeWhile((slot, k) => slot == 613 + k).Count();
        Assert.InRange(onTheRun, 1, 511);
        Assert.Equal(Enumerable.Range(1, 512 - onTheRun), next.Skip(onTheRun));
    }

    [Fact]
    public void RotatingDisk_PassesOverShortHoles_WhileThereIsALongRun()
    {
        var area = new RotatingSwapArea(8192);
        Take(area, 600);
        area.Give(100, 400);
        Assert.Equal(Enumerable.Range(601, 1200), Take(area, 1200));
    }

    [Fact]
    public void RotatingDisk_FillsHoles_WhenNoLongRunIsLeft()
    {
        var area = new RotatingSwapArea(1024);
        Take(area, 1024);
        Assert.Equal(0, area.Free);
        for (var slot = 2; slot <= 1024; slot += 2)
            area.Give(slot, 1);
        Assert.Equal(512, Take(area, 512).Distinct().Count());
        Assert.Equal(0, area.Free);
        area.Audit();
    }

    [Fact]
    public void RotatingDisk_HasNoPlaceForLargeFolios() =>
        Assert.Equal(SwapArea.NoSlot, new RotatingSwapArea(4096).TakeBlock(Order64K));

    [Fact]
    public void FreeSlot_IsAlwaysFound_AndNoneTwice() => Gen.Select(
        Gen.Bool, Gen.Int[0, 4].Select(which => Sizes[which]), Gen.Select(Gen.Int[0, 3], Gen.Int[1, 200], Gen.Int[0, 10_000]).Array[1, 60]).Sample(
        (rotating, size, steps) =>
        {
            SwapArea area = rotating ? new RotatingSwapArea(size) : new ClusteredSwapArea(size);
            var taken = new List<(int First, int Count)>();
            var used = new HashSet<int>();
            foreach (var (kind, count, which) in steps)
            {
                switch (kind)
                {
                    case 0:
                        for (var k = 0; k < count && taken.Count > 0; k++)
                        {
                            var (first, pages) = taken[which % taken.Count];
                            taken.RemoveAt(which % taken.Count);
                            used.ExceptWith(Enumerable.Range(first, pages));
                            area.Give(first, pages);
                        }

                        break;
                    case 1 when area.TakeBlock(Order64K) is var block and not SwapArea.NoSlot:
                        Assert.Equal(0, block % 16);
                        Keep(block, 16);
                        break;
                    default:
                        var slots = new int[Math.Min(count, area.Free)];
                        var found = slots.Length == 0 ? 0 : area.Take(slots);
                        Assert.InRange(found, Math.Min(1, slots.Length), slots.Length);
                        foreach (var slot in slots[..found])
                            Keep(slot, 1);
                        break;
                }

                Assert.Equal(size - used.Count, area.Free);
                area.Audit();
            }

            void Keep(int first, int count)
            {
                taken.Add((first, count));
                for (var slot = first; slot < first + count; slot++)
                    Assert.True(slot is > 0 && slot <= size && used.Add(slot), $"slot {slot}");
            }
        });

    private static List<int> Take(SwapArea area, int count)
    {
        var all = new List<int>();
        while (all.Count < count)
        {
            var slots = new int[Math.Min(64, count - all.Count)];
            all.AddRange(slots[..area.Take(slots)]);
        }

        return all;
    }
}
