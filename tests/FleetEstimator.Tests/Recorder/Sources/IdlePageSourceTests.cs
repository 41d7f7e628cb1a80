using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder.Sources;

/// <summary>Page frames as idle page tracking shows them. The test plays the kernel: flags of marked frames, and bits of accessed ones, are its own to change.</summary>
public sealed class IdlePageSourceTests : IDisposable
{
    private const string Bitmap = "/sys/kernel/mm/page_idle/bitmap";
    private const string Flags = "/proc/kpageflags";
    private const string PageMapFile = "/proc/7/pagemap";
    private const ulong Present = 1UL << 63;
    private const ulong Tail = 1UL << 16;
    private const ulong Idle = 1UL << 25;
    private const ulong First = 1000;

    private readonly MadeUpKernel _machine = new();
    private readonly RecordedProcess _process = new(1, writesSwapOuts: true);
    private readonly PageBatch _batch = new();
    private readonly IdlePageSource _source;

    public IdlePageSourceTests()
    {
        LinuxOnly.Require();
        // Frames 100 to 103 hold the four pages; the last word of the bitmap is there.
        _machine.SetNumber(Bitmap, 3, 0);
        _machine.SetNumber(Flags, 2047, 0);
        for (var page = 0UL; page < 4; page++)
            Map(page, 100 + page);
        _source = new IdlePageSource(_machine.Kernel, IdlePageBitmap.Open(_machine.Kernel), withSoftDirty: false);
    }

    public void Dispose()
    {
        _source.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void NothingIsToldOfPagesNotWatchedYet()
    {
        Assert.Equal([PageUse.NotKnown, PageUse.NotKnown, PageUse.NotKnown, PageUse.NotKnown], Ask());
    }

    [Fact]
    public void MarksTheFramesOfItsPages_AndNoOthers()
    {
        Ask();
        _source.Watch(_batch);

        Assert.Equal(0b1111UL << (100 - 64), _machine.Number(Bitmap, 1));
        Assert.Equal(0UL, _machine.Number(Bitmap, 0) | _machine.Number(Bitmap, 2));
    }

    [Fact]
    public void FramesThatAreNoLongerIdleWereAccessed()
    {
        Scan();
        _machine.SetNumber(Bitmap, 1, 0b1010UL << (100 - 64));

        Assert.Equal([PageUse.Accessed, PageUse.Untouched, PageUse.Accessed, PageUse.Untouched], Ask());
    }

    [Fact]
    public void FramesThatTheKernelDidNotMarkTellNothing()
    {
        // New pages are on no list for a while: the kernel passes over them, and their bit is 0 as if they had been accessed.
        Scan(marked: [true, false, true, true]);
        _machine.SetNumber(Bitmap, 1, 0);

        Assert.Equal([PageUse.Accessed, PageUse.NotKnown, PageUse.Accessed, PageUse.Accessed], Ask());
    }

    [Fact]
    public void TheLastFramesOfMemoryTellNothing_WhenTheyAreNoWholeWord()
    {
        for (var page = 0UL; page < 4; page++)
            Map(page, 256 + page);
        Scan();
        using (var bitmap = new FileStream(_machine.PathOf(Bitmap), FileMode.Open))
            bitmap.SetLength(4 * sizeof(ulong));

        Assert.Equal([PageUse.NotKnown, PageUse.NotKnown, PageUse.NotKnown, PageUse.NotKnown], Ask());
    }

    [Fact]
    public void AFolioIsMarkedAndToldByItsHead()
    {
        for (var frame = 101UL; frame < 104; frame++)
            _machine.SetNumber(Flags, frame, Tail);
        Scan();
        Assert.Equal(1UL << (100 - 64), _machine.Number(Bitmap, 1));

        Assert.Equal([PageUse.Untouched, PageUse.Untouched, PageUse.Untouched, PageUse.Untouched], Ask());
        _machine.SetNumber(Bitmap, 1, 0);
        Assert.Equal([PageUse.Accessed, PageUse.Accessed, PageUse.Accessed, PageUse.Accessed], Ask());
    }

    [Fact]
    public void TheSecondBatchOfAHugePageIsToldAsTheFirst_ThoughItsLookMarkedAllOfIt()
    {
        for (var frame = 101UL; frame < 104; frame++)
            _machine.SetNumber(Flags, frame, Tail);
        Scan();
        _machine.SetNumber(Bitmap, 1, 0);
        _source.BeginProcess(7, _process, [], []);

        Fill(First, First + 2);
        _source.Ask(_batch, _process);
        Assert.Equal([PageUse.Accessed, PageUse.Accessed], _batch.Uses.ToArray());
        _source.Watch(_batch);
        Fill(First + 2, First + 4);
        _source.Ask(_batch, _process);
        Assert.Equal([PageUse.Accessed, PageUse.Accessed], _batch.Uses.ToArray());
    }

    [Fact]
    public void AHugePageThatTheKernelMadeOfSmallOnesTellsNothing()
    {
        Scan();
        _machine.SetNumber(Bitmap, 1, 0);

        Assert.All(Ask(PageCategories.Huge), use => Assert.Equal(PageUse.NotKnown, use));
    }

    [Fact]
    public void PagesWhoseFrameIsHiddenTellNothing()
    {
        Scan();
        for (var page = 0UL; page < 4; page++)
            _machine.SetNumber(PageMapFile, First + page, Present);

        Assert.All(Ask(), use => Assert.Equal(PageUse.NotKnown, use));
    }

    [Fact]
    public void ProcessorsForgetTranslations_WhereThatTakesNobodysSoftDirtyBits()
    {
        // The made-up kernel shows no page of this process, and with that no soft-dirty bits.
        _machine.Write("/proc/7/clear_refs", "");

        _source.EndProcess(7, _process, new NoPageMap());

        Assert.Equal("4", _machine.Read("/proc/7/clear_refs"));
    }

    [Fact]
    public void WithSoftDirtyBits_WritesAndReadsAreToldApart()
    {
        Assert.Equal(PageUse.Written, IdlePageSource.Combine(PageUse.Accessed, PageUse.Written));
        // Swapped out since, or not marked: the bit alone tells the write.
        Assert.Equal(PageUse.Written, IdlePageSource.Combine(PageUse.NotKnown, PageUse.Written));
        Assert.Equal(PageUse.Read, IdlePageSource.Combine(PageUse.Accessed, PageUse.Untouched));
        Assert.Equal(PageUse.Accessed, IdlePageSource.Combine(PageUse.Accessed, PageUse.NotKnown));
        Assert.Equal(PageUse.Untouched, IdlePageSource.Combine(PageUse.Untouched, PageUse.Untouched));
        Assert.Equal(PageUse.NotKnown, IdlePageSource.Combine(PageUse.NotKnown, PageUse.Untouched));
    }

    private void Map(ulong page, ulong frame) => _machine.SetNumber(PageMapFile, First + page, Present | frame);

    /// <summary>One scan: the pages are held and watched from here on.</summary>
    private void Scan(bool[]? marked = null)
    {
        Ask();
        _source.Watch(_batch);
        for (var page = 0; page < 4; page++)
        {
            var frame = _machine.Number(PageMapFile, First + (ulong)page) & ~Present;
            if (marked?[page] ?? true)
                _machine.SetNumber(Flags, frame, _machine.Number(Flags, frame) | Idle);
        }

        // The flags are read after the mark: as the kernel would have set them by then.
        _source.Watch(_batch);
        for (var page = 0; page < 4; page++)
            _process.See(First + (ulong)page, new PageSighting(Presence.Mapped, FleetEstimator.Paging.PageContent.Data, 1, IsWatched: _batch.IsWatched[page]), default);
    }

    private PageUse[] Ask(PageCategories also = PageCategories.None)
    {
        Fill(First, First + 4, also);
        _source.BeginProcess(7, _process, [], []);
        _source.Ask(_batch, _process);
        return _batch.Uses.ToArray();
    }

    private void Fill(ulong start, ulong end, PageCategories also = PageCategories.None) =>
        _batch.Fill([new PageRun(new PageRange(start, end), PageCategories.Present | also)]);
}
