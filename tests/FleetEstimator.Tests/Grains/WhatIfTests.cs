using FleetEstimator.Estimation;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Grains.RecordedFolder;

namespace FleetEstimator.Tests.Grains;

public sealed class WhatIfTests : IDisposable
{
    private const int Pages = 4096;

    private readonly RecordedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ShareOfLoads_IsMet_AndALargerOneOnlyTurnsStoresIntoLoads()
    {
        _folder.Record("node", Accesses());
        var loads = new HashSet<(long, ulong)>();

        foreach (var share in (double[])[0, 0.2, 0.5, 0.9])
        {
            var workload = Become(new WhatIf(null, share));

            var now = AccessedPages(workload, OperationKind.Read).ToHashSet();
            var stores = AccessedPages(workload, OperationKind.Access).Count();
            Assert.Equal(20 * Pages, now.Count + stores);

            // 5,120 decisions, one for each block of each row: four standard errors.
            Assert.InRange(now.Count / (20.0 * Pages), share - 0.028, share + 0.028);
            Assert.True(now.IsSupersetOf(loads));
            Assert.True(workload.AccessesAreStores);
            Assert.False(workload.HasUnknownAccesses);
            loads = now;
        }
    }

    [Fact]
    public void WithLoadsOnly_ANodeDoesAsItsLaneOfAllReads_AndWithNoneAsThatOfAllWrites()
    {
        _folder.Record("node", Accesses(OperationKind.Access));
        const string @class = "instances: 2, limit: {of_peak: 60%}, swap: {device: zram, size: 64 MiB}";

        var recorded = _folder.Simulate(@class);
        var (loads, stores) = (_folder.Simulate(@class + ", loads: 100%"), _folder.Simulate(@class + ", loads: 0%"));

        Assert.Equal(4, recorded.Lanes.Count);
        Assert.Equal(recorded.Lanes.Take(2), loads.Lanes);
        Assert.Equal(recorded.Lanes.Skip(2).Select(lane => lane with { Accesses = AccessAssumption.AllReads }), stores.Lanes);
        Assert.NotEqual(loads.Lanes, stores.Lanes);
    }

    [Fact]
    public void StoreOfALoad_LeavesTheContentAsItIs()
    {
        _folder.Record("node", [Row(0, OperationKind.Map, 0, 64), Row(0, OperationKind.Write, 0, 64, PageContent.Zero), Row(1, OperationKind.Read, 0, 64), Row(2, OperationKind.Read, 0, 1)]);

        var node = _folder.Simulate("start: beginning, instances: 1, loads: 0%");

        Assert.Equal(64L * PageBytes, node.Lanes[0].ZeroFilledResidentMeanBytes);
    }

    [Fact]
    public void AccessThatFoundAContent_BecomesALoadThatFindsIt_OrAStoreOfIt()
    {
        _folder.Record("node", [Row(0, OperationKind.Map, 0, Pages), Row(1, OperationKind.Access, 0, Pages, PageContent.Zero), Row(2, OperationKind.Settle, 0, 1)]);

        var workload = Become(new WhatIf(null, 0.5));

        var rows = Rows(workload).Where(row => row.Kind is OperationKind.Read or OperationKind.Observe or OperationKind.Access).ToList();
        Assert.Equal(rows.Where(row => row.Kind == OperationKind.Read).Select(row => row.Page), rows.Where(row => row.Kind == OperationKind.Observe).Select(row => row.Page));
        Assert.All(rows, row => Assert.Equal(row.Kind == OperationKind.Read ? PageContent.Unknown : PageContent.Zero, row.Content));
        Assert.Equal(Pages, rows.Where(row => row.Kind != OperationKind.Read).Sum(row => row.Pages));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    [InlineData(0.35)]
    [InlineData(0.8)]
    [InlineData(1)]
    public void ShareOfZeroPages_IsMetToABlock_WhereverARecordingBegins(double share)
    {
        _folder.Record("node", Contents());

        var contents = Rows(Become(new WhatIf(share, null))).Where(row => row.Content != PageContent.Unknown).ToList();

        var all = contents.Sum(row => (double)row.Pages);
        var zeros = contents.Where(row => row.Content == PageContent.Zero).Sum(row => row.Pages);
        Assert.Equal(10.0 * Pages, all);

        // A block holds up to 16 pages of each of ten rows.
        Assert.InRange(zeros, share * all - 160, share * all + 160);
        Assert.True(share is > 0 and < 1 || zeros == share * all);
    }

    [Fact]
    public void LargerShareOfZeroPages_OnlyAddsZeros_AndNoPageTurnsFromWhatItIsMade()
    {
        _folder.Record("node", Contents());
        var recorded = PagesWhere(Become(default), row => row.Content == PageContent.Zero).ToLookup(page => page.Page);
        var zeros = new HashSet<(long Time, ulong Page)>();

        foreach (var share in (double[])[0, 0.1, 0.3, 0.6, 1])
        {
            var workload = Become(new WhatIf(share, null));

            var now = PagesWhere(workload, row => row.Content == PageContent.Zero).ToHashSet();
            Assert.True(now.IsSupersetOf(zeros));
            zeros = now;

            // A page is zeros at no time, whenever it was recorded as zeros, or always.
            Assert.All(zeros.GroupBy(page => page.Page), page => Assert.True(page.Count() == 10 || page.ToHashSet().SetEquals(recorded[page.Key])));
        }
    }

    [Fact]
    public void PageMadeZero_HasNoCompressedSize_AndDataInItsPlaceIsTakenToBeTheMean()
    {
        _folder.Record("node",
        [
            Row(0, OperationKind.Map, 0, Pages), Row(0, OperationKind.Write, 0, Pages / 2, PageContent.Data, 1000), Row(0, OperationKind.Write, Pages / 2, Pages / 2, PageContent.Zero),
        ]);

        Assert.All(Rows(Become(new WhatIf(0.8, null))), row => Assert.Equal(row.Content == PageContent.Data ? 1000 : 0, row.CompressedBytes));
        var data = Become(new WhatIf(0, null));
        Assert.Equal(1000, data.CompressedPageBytes);
        Assert.Equal([(PageContent.Data, 1000), (PageContent.Data, 0)], Rows(data).Skip(1).Select(row => (row.Content, (int)row.CompressedBytes)));
    }

    [Fact]
    public void RowsWithoutContent_AreLeftAlone()
    {
        _folder.Record("node", [Row(0, OperationKind.Map, 0, 64), Row(1, OperationKind.Write, 0, 64), Row(2, OperationKind.Observe, 0, 64), Row(3, OperationKind.Read, 0, 64)]);

        Assert.Equal(Rows(Become(default)), Rows(Become(new WhatIf(0.5, null))));
    }

    [Fact]
    public void ChildOfAFork_HasItsParentsZeros()
    {
        _folder.Record("node",
        [
            Row(0, OperationKind.Map, 0, Pages), Row(0, OperationKind.Write, 0, Pages, PageContent.Data), new TraceRow(Second, new Operation(OperationKind.Fork, 1, 2, 1)),
            new TraceRow(Second, new Operation(OperationKind.Write, 2, 0, Pages, PageContent.Data)),
        ]);

        var zeros = Rows(Become(new WhatIf(0.4, null))).Where(row => row.Content == PageContent.Zero).ToLookup(row => row.Process, row => (row.Page, row.Pages));

        Assert.NotEmpty(zeros[0]);
        Assert.Equal(zeros[0], zeros[1]);
    }

    [Fact]
    public void LoadsAndZeroPages_AreDecidedApart()
    {
        _folder.Record("node", Accesses().Concat(Contents().Skip(1).Select(row => row with { TimeMicroseconds = row.TimeMicroseconds + (30 * Second) })));

        var loads = AccessedPages(Become(new WhatIf(null, 0.5)), OperationKind.Read).ToHashSet();

        Assert.True(loads.SetEquals(AccessedPages(Become(new WhatIf(0.9, 0.5)), OperationKind.Read)));
    }

    [Fact]
    public void HalvesOfASampledRecording_AreOfTheWhatIfToo()
    {
        _folder.Record("node", Contents(), samplingFraction: 0.5);
        var workload = Become(new WhatIf(0.5, 0.5));

        var halves = (Span<Workload>)[workload.Half(3, 0), workload.Half(3, 1)];

        foreach (var half in halves)
        {
            Assert.Equal(0.25, half.Share.Value);
            Assert.True(half.AccessesAreStores);
            var contents = Rows(half).Where(row => row.Content != PageContent.Unknown).ToList();
            Assert.InRange(contents.Where(row => row.Content == PageContent.Zero).Sum(row => row.Pages) / contents.Sum(row => (double)row.Pages), 0.45, 0.55);
        }

        Assert.Equal(workload.PeakResidentFrames, halves[0].PeakResidentFrames + halves[1].PeakResidentFrames);
        Assert.Equal(2 * 16, _folder.Study(_folder.Plan(["name: web, nodes: 1, instances: 1, zero_pages: 50%, loads: 50%"])).Simulate(0).Halves.Count);
    }

    [Fact]
    public void CopiesAndLimitOfANode_StayThoseOfTheRecording()
    {
        _folder.Record("node", Accesses());

        var recorded = _folder.Simulate("instances: fill, limit: {of_peak: 60%}, swap: {device: zram, size: 64 MiB}");
        var whatIf = _folder.Simulate("instances: fill, limit: {of_peak: 60%}, swap: {device: zram, size: 64 MiB}, loads: 0%, zero_pages: 90%");

        Assert.Equal((recorded.Instances, recorded.LimitBytes), (whatIf.Instances, whatIf.LimitBytes));
        Assert.NotEqual(recorded.Lanes[0], whatIf.Lanes[0]);
    }

    [Fact]
    public void ClassesOverOneRecording_HaveEachTheirOwn_AndNodesOfAClassShareIt()
    {
        _folder.Record("node", Contents());
        const string alike = "nodes: 1, start: beginning, instances: 1";
        var plan = _folder.Plan([$"name: a, {alike}", $"name: b, {alike}, zero_pages: 0%", $"name: c, {alike}, zero_pages: 100%"]);
        var study = _folder.Study(plan);

        var zeros = Enumerable.Range(0, 3).Select(node => study.Simulate(node).Lanes[0].ZeroFilledResidentMeanBytes).ToList();

        Assert.Equal(0, zeros[1]);
        Assert.InRange(zeros[0], 1, zeros[2] - 1);
        var cache = new WorkloadCache();
        var variant = cache.Get(plan.Recordings[0], new WhatIf(0.5, null));
        Assert.Same(variant, cache.Get(plan.Recordings[0], new WhatIf(0.5, null)));
        Assert.NotSame(variant, cache.Get(plan.Recordings[0], new WhatIf(0.6, null)));
        Assert.Same(cache.Get(plan.Recordings[0]), cache.Get(plan.Recordings[0], default));
    }

    private Workload Become(WhatIf whatIf) => new WorkloadCache().Get(_folder.Plan(["name: web, nodes: 1"]).Recordings[0], whatIf);

    /// <summary>All pages, 20 times, not aligned to blocks at the ends: reads and accesses in turn.</summary>
    private static IEnumerable<TraceRow> Accesses(OperationKind? only = null) =>
    [
        Row(0, OperationKind.Map, 0, Pages + 100), Row(0, OperationKind.Write, 0, Pages / 2, PageContent.Zero), Row(0, OperationKind.Write, Pages / 4, Pages / 4, PageContent.Data),
        .. Enumerable.Range(0, 20).Select(k => Row(k + 1, only ?? (k % 2 == 0 ? OperationKind.Read : OperationKind.Access), k, Pages)),
    ];

    /// <summary>Ten contents for each page: in the first of four quarters zeros, in the second in turn with data, then data.</summary>
    private static IEnumerable<TraceRow> Contents() =>
    [
        Row(0, OperationKind.Map, 0, Pages),
        .. Enumerable.Range(0, 10).SelectMany(k => (IEnumerable<TraceRow>)
        [
            Row(k, OperationKind.Write, 0, Pages / 8, PageContent.Zero),
            Row(k, OperationKind.Write, Pages / 8, Pages / 4, k % 2 == 0 ? PageContent.Zero : PageContent.Data),
            Row(k, k % 3 == 0 ? OperationKind.Observe : OperationKind.Write, Pages * 3 / 8, Pages * 5 / 8, k % 5 == 0 ? PageContent.Repeated : PageContent.Data),
        ]),
    ];

    private static IEnumerable<Operation> Rows(Workload workload) => Enumerable.Range(0, workload.RowCount).Select(row => workload.OperationAt(row, 0));

    private static IEnumerable<(long Time, ulong Page)> AccessedPages(Workload workload, OperationKind kind) => PagesWhere(workload, row => row.Kind == kind);

    private static IEnumerable<(long Time, ulong Page)> PagesWhere(Workload workload, Predicate<Operation> isMeant) =>
        from row in Enumerable.Range(0, workload.RowCount)
        let operation = workload.OperationAt(row, 0)
        where isMeant(operation)
        from page in Enumerable.Range(0, (int)operation.Pages)
        select (workload.TimeAt(row), operation.Page + (ulong)page);
}
