using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

public sealed class PageBatchTests
{
    private const PageCategories ZeroPage = PageCategories.Present | PageCategories.ZeroPage;

    [Fact]
    public void OnlyPagesOfTheirOwnHaveContent()
    {
        var batch = Batch((10, 12, PageCategories.Present), (12, 13, ZeroPage), (13, 14, PageCategories.SwappedOut), (15, 16, PageCategories.Present | PageCategories.Huge));

        Assert.Equal([10UL, 11, 12, 13, 15], batch.Pages.ToArray());
        Assert.Equal([true, true, false, false, true], Enumerable.Range(0, batch.Count).Select(batch.HasContent));
    }

    [Fact]
    public void WhatIsNoLongerThereAfterTheRead_IsNotSettled()
    {
        var batch = Batch((10, 14, PageCategories.Present), (14, 15, PageCategories.SwappedOut), (15, 17, PageCategories.Present));

        batch.Settle(Runs((10, 11, PageCategories.Present), (11, 12, PageCategories.SwappedOut), (12, 13, ZeroPage), (14, 16, PageCategories.Present), (16, 17, PageCategories.Present | PageCategories.Huge)));

        // 10 stayed; 11 was swapped out, 12 given back and read, 13 given back; 14 was not read; 15 and 16 stayed.
        Assert.Equal([true, false, false, false, true, true, true], batch.IsSettled.ToArray());
    }

    private static PageBatch Batch(params (ulong Start, ulong End, PageCategories Categories)[] runs)
    {
        var batch = new PageBatch();
        batch.Fill(Runs(runs));
        return batch;
    }

    private static List<PageRun> Runs(params (ulong Start, ulong End, PageCategories Categories)[] runs) =>
        [.. runs.Select(run => new PageRun(new PageRange(run.Start, run.End), run.Categories))];
}
