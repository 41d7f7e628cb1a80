namespace FleetEstimator.Recorder;

/// <summary>The pages that are looked at together: few enough that next to nothing changes between the look at the page table and the look at the content.</summary>
internal sealed class PageBatch
{
    // 1 MiB stays in the second-level cache between the copy and the look; in Debug every test crosses the boundaries.
#if DEBUG
    internal const int Capacity = 8;
#else
    internal const int Capacity = 256;
#endif

    private readonly ulong[] _pages = new ulong[Capacity];
    private readonly PageCategories[] _categories = new PageCategories[Capacity];
    private readonly bool[] _isSettled = new bool[Capacity];
    private readonly PageUse[] _uses = new PageUse[Capacity];
    private readonly bool[] _isWatched = new bool[Capacity];

    /// <summary>Pages in the batch.</summary>
    internal int Count { get; private set; }

    /// <summary>Virtual page numbers, ascending.</summary>
    internal ReadOnlySpan<ulong> Pages => _pages.AsSpan(0, Count);

    /// <summary>Categories of each page before its content was read.</summary>
    internal ReadOnlySpan<PageCategories> Categories => _categories.AsSpan(0, Count);

    /// <summary>Whether each page was the same kind of page after its content had been read.</summary>
    internal ReadOnlySpan<bool> IsSettled => _isSettled.AsSpan(0, Count);

    /// <summary>What an access source tells of each page; nothing until it has been asked.</summary>
    internal Span<PageUse> Uses => _uses.AsSpan(0, Count);

    /// <summary>Whether an access source has begun to watch each page.</summary>
    internal Span<bool> IsWatched => _isWatched.AsSpan(0, Count);

    /// <summary>Replaces the batch by the pages of <paramref name="runs"/>.</summary>
    internal void Fill(List<PageRun> runs)
    {
        Count = 0;
        foreach (var run in runs)
        {
            for (var page = run.Range.Start; page < run.Range.End; page++)
            {
                (_pages[Count], _categories[Count], _isSettled[Count]) = (page, run.Categories, true);
                Count++;
            }
        }

        Uses.Clear();
        IsWatched.Clear();
    }

    /// <summary>Whether reading the page's content faults nothing in and tells something.</summary>
    internal bool HasContent(int index) => IsPrivatePage(_categories[index]);

    /// <summary>Whether the page is part of a huge page that is mapped as a whole.</summary>
    internal bool IsHuge(int index) => (_categories[index] & PageCategories.Huge) != 0;

    /// <summary>Compares with the page table after the read: what was present then and is no longer the same is not settled.</summary>
    internal void Settle(List<PageRun> runsAfter)
    {
        var run = 0;
        for (var index = 0; index < Count; index++)
        {
            while (run < runsAfter.Count && runsAfter[run].Range.End <= _pages[index])
                run++;
            var after = run < runsAfter.Count && runsAfter[run].Range.Start <= _pages[index] ? runsAfter[run].Categories : PageCategories.None;
            _isSettled[index] = !HasContent(index) || IsPrivatePage(after);
        }
    }

    private static bool IsPrivatePage(PageCategories categories) =>
        (categories & (PageCategories.Present | PageCategories.ZeroPage)) == PageCategories.Present;
}
