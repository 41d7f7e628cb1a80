using CsCheck;
using FleetEstimator.KernelTruthTests.Naive;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.KernelTruthTests;

/// <summary>
/// The fast core against the naive model on random operations, and its own books after each. A failure is shrunk and prints its seed; the environment
/// variable CsCheck_Seed runs that one again. DIFFERENTIAL_SEQUENCES asks for another number of sequences than 10,000.
/// </summary>
public class DifferentialTests
{
    private const long SequencesByDefault = 10_000;

    // More than a batch of reclaim (64) of the first region in one table, so that look-around has to choose.
    private static readonly Layout Small = new(FirstPage: 512 - 15, RegionPages: 85);

    // A table in the middle of the first region, which a 2 MiB folio can fill, and parts of it before and behind.
    private static readonly Layout Huge = new(FirstPage: 512 - 40, RegionPages: 512 + 70);

    private static readonly Gen<NodeSettings> Order0 =
        from device in Gen.Frequency((4, Gen.Const(SwapDevice.Zram)), (5, Gen.Const(SwapDevice.Ssd)), (1, Gen.Const(SwapDevice.None)))
        from cluster in Gen.Int[0, 5]
        from zswap in Gen.Frequency((2, Gen.Const(false)), (1, Gen.Const(true)))
        from slots in Gen.OneOf(Gen.Int[1, 200], Gen.Const(4096))
        from forbids in Gen.Frequency((6, Gen.Const(false)), (1, Gen.Const(true)))
        select new NodeSettings
        {
            SwapDevice = device,
            SwapPages = device == SwapDevice.None ? 0 : slots,
            PageCluster = cluster,
            Zswap = zswap && device != SwapDevice.None,
            ForbidZeroPage = forbids,
        };

    private static readonly Gen<NodeSettings> With64K =
        from settings in Order0
        from size in Gen.Frequency((3, Gen.Const(HugePages.Always)), (1, Gen.Const(HugePages.Madvise)))
        select settings with { HugePages64K = size };

    private static readonly Gen<NodeSettings> With2M =
        from settings in Order0
        from size in Gen.Frequency((3, Gen.Const(HugePages.Always)), (1, Gen.Const(HugePages.Madvise)))
        from size64K in Gen.Enum<HugePages>()
        from maxPtesNone in Gen.OneOf(Gen.Const(511), Gen.Const(409), Gen.Const(100))
        from slots in Gen.OneOf(Gen.Int[400, 1500], Gen.Const(8192))
        select settings with { HugePages2M = size, HugePages64K = size64K, MaxPtesNone = maxPtesNone, SwapPages = settings.SwapDevice == SwapDevice.None ? 0 : slots };

    [Fact]
    public void FastCoreDoesWhatTheNaiveModelDoes_SmallPages() => Differ(Order0, Small, maxSteps: 40, share: 0.8);

    [Fact]
    public void FastCoreDoesWhatTheNaiveModelDoes_64KFolios() => Differ(With64K, Small, maxSteps: 40, share: 0.18);

    [Fact]
    public void FastCoreDoesWhatTheNaiveModelDoes_2MFolios() => Differ(With2M, Huge, maxSteps: 30, share: 0.02);

    private static void Differ(Gen<NodeSettings> settings, Layout layout, int maxSteps, double share)
    {
        var sequences = Environment.GetEnvironmentVariable("DIFFERENTIAL_SEQUENCES") is { } asked ? long.Parse(asked) : SequencesByDefault;
        Gen.Select(settings, StepsOn(layout).Array[1, maxSteps]).Sample(
            (node, steps) =>
            {
                var sideBySide = new SideBySide(node, layout);
                foreach (var step in steps)
                    sideBySide.Do(step);
            },
            iter: (long)Math.Ceiling(sequences * share));
    }

    private static Gen<Step> StepsOn(Layout layout) =>
        from kind in Gen.Frequency(
            (8, Gen.Const(OperationKind.Read)), (8, Gen.Const(OperationKind.Write)), (3, Gen.Const(OperationKind.Access)), (2, Gen.Const(OperationKind.Observe)),
            (6, Gen.Const(OperationKind.PageOut)), (2, Gen.Const(OperationKind.Discard)), (3, Gen.Const(OperationKind.LazyFree)), (1, Gen.Const(OperationKind.Cold)),
            (1, Gen.Const(OperationKind.Lock)), (2, Gen.Const(OperationKind.Unlock)), (2, Gen.Const(OperationKind.Settle)),
            (1, Gen.Const(OperationKind.Huge)), (1, Gen.Const(OperationKind.NoHuge)), (1, Gen.Const(OperationKind.Unmap)), (1, Gen.Const(OperationKind.Map)),
            (3, Gen.Const(OperationKind.Fork)), (1, Gen.Const(OperationKind.Exit)), (3, Gen.Const(OperationKind.Reclaim)), (2, Gen.Const(OperationKind.Limit)))
        from process in Gen.UInt[0, 2]
        from region in Gen.Int[0, Layout.Regions - 1]
        from offset in Gen.Int[0, layout.RegionPages - 1]
        from pages in Gen.OneOf(Gen.Int[1, 20], Gen.Int[1, layout.RegionPages], Gen.Const(layout.RegionPages))
        from content in Gen.Enum<PageContent>()
        from compressedBytes in Gen.OneOf(Gen.Const((ushort)0), Gen.Const((ushort)4096))
        select new Step(kind, process, region, pages == layout.RegionPages ? 0 : offset, pages, content, compressedBytes);
}
