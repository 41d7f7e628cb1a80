using CsCheck;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.KernelTruthTests;

/// <summary>Random operations on what the naive model does not cover (see DifferentialTests for the rest): the books balance after every one.</summary>
public class RandomOperationsTests
{
    private const int RegionPages = 700;
    private const int Regions = 2;

    private static readonly NodeSettings[] Settings =
    [
        new() { SwapDevice = SwapDevice.Zram, SwapPages = 4096, Zswap = true, HugePages2M = HugePages.Always, Ksm = new KsmSettings(PagesToScan: 700) },
        new() { SwapDevice = SwapDevice.Ssd, SwapPages = 800, PageCluster = 3, Lru = LruKind.Classic, HugePages2M = HugePages.Always, MaxPtesNone = 100, Ksm = new KsmSettings(PagesToScan: 300) },
        new() { HugePages2M = HugePages.Always, HugePages64K = HugePages.Always, MaxPtesNone = 409 },
        new() { SwapDevice = SwapDevice.Zram, SwapPages = 4096, PageCluster = 3, HugePages64K = HugePages.Always, LargeSwapIn = true },
        new() { SwapDevice = SwapDevice.Zram, SwapPages = 1100, PageCluster = 3, HugePages2M = HugePages.Always, HugePages64K = HugePages.Madvise, LargeSwapIn = true },
        new() { SwapDevice = SwapDevice.Disk, SwapPages = 4096, PageCluster = 3 },
        new() { SwapDevice = SwapDevice.Disk, SwapPages = 800, PageCluster = 5, Zswap = true, HugePages64K = HugePages.Always },
        new() { SwapDevice = SwapDevice.Zram, SwapPages = 4096, PageCluster = 3, Lru = LruKind.Classic },
        new() { SwapDevice = SwapDevice.Ssd, SwapPages = 600, PageCluster = 3, Lru = LruKind.Classic },
        new() { SwapDevice = SwapDevice.Zram, SwapPages = 1500, HugePages2M = HugePages.Madvise, HugePages64K = HugePages.Always, Lru = LruKind.Classic },
        new() { SwapDevice = SwapDevice.Zram, SwapPages = 4096, Groups = 3 },
        new() { SwapDevice = SwapDevice.Ssd, SwapPages = 4096, Groups = 2, MemoryPages = 2048, UnmodelledPages = 300, Lru = LruKind.Classic },
        new() { SwapDevice = SwapDevice.Ssd, SwapPages = 4096, PageCluster = 3, Groups = 2, MemoryPages = 2048, UnmodelledPages = 300 },
        new() { SwapDevice = SwapDevice.Zram, SwapPages = 4096, Groups = 2, Proactive = new() { IntervalMicroseconds = 1_000_000, Ratio = 0.1 } },
    ];

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Frequency(
            (8, Gen.Const(OperationKind.Read)), (8, Gen.Const(OperationKind.Write)), (3, Gen.Const(OperationKind.Access)), (2, Gen.Const(OperationKind.Observe)),
            (4, Gen.Const(OperationKind.PageOut)), (2, Gen.Const(OperationKind.Discard)), (2, Gen.Const(OperationKind.LazyFree)), (1, Gen.Const(OperationKind.Cold)),
            (1, Gen.Const(OperationKind.Lock)), (2, Gen.Const(OperationKind.Unlock)), (2, Gen.Const(OperationKind.Settle)),
            (2, Gen.Const(OperationKind.Pin)), (1, Gen.Const(OperationKind.Unpin)),
            (1, Gen.Const(OperationKind.Huge)), (1, Gen.Const(OperationKind.NoHuge)), (1, Gen.Const(OperationKind.Unmap)), (2, Gen.Const(OperationKind.Fork)),
            (1, Gen.Const(OperationKind.Exit)), (2, Gen.Const(OperationKind.Reclaim)), (2, Gen.Const(OperationKind.Limit))),
        Gen.Int[0, 3], Gen.Int[0, Regions - 1], Gen.Int[0, RegionPages - 1], Gen.Int[1, 300], Gen.Enum<PageContent>(),
        (kind, process, region, offset, pages, content) => new Step(kind, (uint)process, region, offset, Math.Min(pages, RegionPages - offset), content));

    [Fact]
    public void BooksBalanceAfterEveryOperation() => Gen.Select(Gen.Int[0, Settings.Length - 1].Select(which => Settings[which]), Steps.Array[1, 60]).Sample(
        (settings, steps) =>
        {
            var node = new Node(settings);
            foreach (var step in steps)
            {
                node.Apply(step);
                if (settings.Groups > 1)
                {
                    node.Simulator.SetGroupLimit(step.Region, step.Kind == OperationKind.Limit ? step.Pages : 0);
                    node.Simulator.AdvanceTo(node.Simulator.TimeMicroseconds + 1_000 * step.Pages);
                }

                node.Simulator.Audit();
            }
        },
        iter: 300);

    [Fact]
    public void LargeFolio_IsChargedWholeAgainstTheLimit()
    {
        var settings = new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = 4096, HugePages2M = HugePages.Always };
        var simulator = new Simulator([new Simulator.Lane(Mechanism.Linux612)], settings);
        simulator.Apply(new Operation(OperationKind.Limit, 0, 0, 700));
        simulator.Apply(new Operation(OperationKind.Map, 1, 1024, 1024));
        for (var page = 1024UL; page < 2048; page += 512)
        {
            simulator.Apply(new Operation(OperationKind.Write, 1, page, 1, PageContent.Data));
            Assert.InRange(simulator.State(0).MappedFrames, 512, 700);
        }

        Assert.Equal(0, simulator.Counters(0).OutOfMemoryPages);
        simulator.Audit();
    }

    private readonly record struct Step(OperationKind Kind, uint Process, int Region, int Offset, int Pages, PageContent Content);

    /// <summary>A node and which regions exist on it, so that only operations that make sense are applied.</summary>
    private sealed class Node(NodeSettings settings)
    {
        private readonly Dictionary<uint, HashSet<int>> _regions = [];

        public Simulator Simulator { get; } = new(
            [.. Mechanism.All.Select(mechanism => new Simulator.Lane(mechanism)), new Simulator.Lane(Mechanism.ZeroPfnSwapIn, AccessesAreWrites: true)], settings);

        private void Assign(uint process) => Simulator.Assign(process, (int)process % settings.Groups, forbidsZeroPage: process == 3);

        public void Apply(Step step)
        {
            switch (step.Kind)
            {
                case OperationKind.Reclaim:
                    Simulator.Apply(new Operation(OperationKind.Reclaim, 0, 0, (uint)step.Pages));
                    break;
                case OperationKind.Settle:
                    Simulator.Apply(new Operation(OperationKind.Settle, 0, 0, 1));

                    // Time for KSM to wake a few times.
                    Simulator.AdvanceTo(Simulator.TimeMicroseconds + step.Offset * 100);
                    break;
                case OperationKind.Limit:
                    Simulator.Apply(new Operation(OperationKind.Limit, 0, 0, (uint)(step.Offset < 100 ? 0 : step.Offset)));
                    break;
                case OperationKind.Exit:
                    if (_regions.Remove(step.Process))
                        Simulator.Apply(new Operation(OperationKind.Exit, step.Process, 0, 1));
                    break;
                case OperationKind.Fork:
                    var child = (uint)step.Region + step.Process + 1;
                    if (_regions.TryGetValue(step.Process, out var regions) && _regions.TryAdd(child, [.. regions]))
                        Simulator.Apply(new Operation(OperationKind.Fork, step.Process, child, 1));
                    break;
                case OperationKind.Unmap:
                    if (_regions.TryGetValue(step.Process, out var mapped) && mapped.Remove(step.Region))
                        Simulator.Apply(new Operation(OperationKind.Unmap, step.Process, FirstPage(step.Region), RegionPages));
                    break;
                default:
                    Map(step.Process, step.Region);
                    var first = FirstPage(step.Region) + (ulong)step.Offset;
                    Simulator.Apply(new Operation(step.Kind, step.Process, first, (uint)step.Pages, step.Content));
                    break;
            }
        }

        private void Map(uint process, int region)
        {
            if (!_regions.TryGetValue(process, out var regions))
            {
                Assign(process);
                _regions.Add(process, regions = []);
            }

            if (regions.Add(region))
                Simulator.Apply(new Operation(OperationKind.Map, process, FirstPage(region), RegionPages));
        }

        // Across a page table's edge, and beside each other within one table.
        private static ulong FirstPage(int region) => 1000UL + (ulong)region * RegionPages;
    }
}
