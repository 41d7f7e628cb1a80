using CsCheck;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Traces.Inspection;

/// <summary>Working sets and heat against sets of pages.</summary>
public sealed class PageLedgerTests
{
    private static readonly Gen<(ulong Time, uint Process, ulong Page, uint Pages)[]> Accesses =
        Gen.Select(Gen.ULong[0, 40], Gen.UInt[1, 3], Gen.ULong[0, 3000], Gen.Frequency((3, Gen.UInt[1, 4]), (1, Gen.UInt[1, 1200]))).Array[1, 40]
            .Select(steps =>
            {
                var time = 0UL;
                return steps.Select(step => (time += step.Item1, step.Item2, step.Item3, step.Item4)).ToArray();
            });

    [Fact]
    public void CountsDistinctPagesPerWindow_OfEveryLength() => Accesses.Sample(
        accesses =>
        {
            var windows = TimeWindows.Of([.. accesses.Select(access => access.Time)], intervalMicroseconds: 0);
            var ledger = new PageLedger(windows);
            var naive = Enumerable.Range(0, windows.Levels).Select(level => new HashSet<(int Window, uint Process, ulong Page)>()).ToArray();
            foreach (var (time, process, page, pages) in accesses)
            {
                var window = WindowOf(windows, time);
                ledger.Access(process, page, pages, window);
                for (var each = page; each < page + pages; each++)
                {
                    for (var level = 0; level < naive.Length; level++)
                        naive[level].Add((window >> level, process, each));
                }
            }

            for (var level = 0; level < naive.Length; level++)
            {
                var counts = ledger.Accessed(level).ToArray();
                Assert.Equal(Enumerable.Range(0, counts.Length).Select(window => (long)naive[level].Count(page => page.Window == window)), counts);
            }

            Assert.Equal(naive[0].Select(page => (page.Process, page.Page)).Distinct().Count(), ledger.DistinctAccessed);
            var heat = new long[windows.Columns];
            foreach (var row in ledger.Rows())
            {
                Assert.InRange(row.Seen, 1, (int)(row.EndPage - row.Page));
                for (var column = 0; column < heat.Length; column++)
                    heat[column] += row.Accessed.Span[column];
            }

            Assert.Equal(ledger.AccessedByColumn.ToArray(), heat);
        },
        iter: 200);

    [Fact]
    public void RowsAreCoarser_WhereThereIsMuchMemory_AndLoseNothing()
    {
        var ledger = new PageLedger(TimeWindows.Of([0, 100], intervalMicroseconds: 0));
        for (var block = 0UL; block < 3000; block++)
            ledger.Access(1, block * PageLedger.PagesPerBlock, 100, (int)(block % 3));
        Assert.Equal(PageLedger.PagesPerBlock, ledger.PagesPerRow);
        var rows = ledger.Rows().ToList();
        Assert.Equal(3000, rows.Count);
        Assert.All(rows, row => Assert.Equal((100, 100), (row.Seen, row.Accessed.Span[0] + row.Accessed.Span[1] + row.Accessed.Span[2])));
        Assert.Equal(300_000, ledger.DistinctAccessed);
    }

    [Fact]
    public void WindowsAreTheScans_WhereThereAreScans()
    {
        // A scan of several processes, the first one right after the start, and one late.
        var windows = TimeWindows.Of([300, 5000, 5400, 10_100, 21_000], intervalMicroseconds: 5000);
        Assert.Equal([5400UL, 10_100, 21_000], Enumerable.Range(0, windows.Count).Select(windows.EndOf));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 5000)]
    [InlineData(100, 5000)]
    public void ASnapshotHasOneWindow(ulong time, long interval) => Assert.Equal(1, TimeWindows.Of([0, time], interval).Count);

    private static int WindowOf(TimeWindows windows, ulong time)
    {
        var window = 0;
        while (time > windows.EndOf(window))
            window++;
        return window;
    }
}
