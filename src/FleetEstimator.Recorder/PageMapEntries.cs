namespace FleetEstimator.Recorder;

/// <summary>
/// A page map read entry by entry from /proc/PID/pagemap, with /proc/kpageflags to know the zero page: for kernels before 6.7. Slower, and only for those who
/// may see page frame numbers (CAP_SYS_ADMIN).
/// </summary>
internal sealed unsafe class PageMapEntries : PageMap
{
    // Documentation/admin-guide/mm/pagemap.rst
    private const ulong PresentBit = 1UL << 63;
    private const ulong SwappedBit = 1UL << 62;
    private const ulong FileBit = 1UL << 61;
    private const ulong SoftDirtyBit = 1UL << 55;
    internal const ulong FrameMask = (1UL << 55) - 1;
    internal const ulong FlagZeroPage = 1UL << 24;
    private const ulong FlagHuge = 1UL << 22;
    private const int EntriesPerRead = 4096;

    private readonly ulong[] _entries = GC.AllocateUninitializedArray<ulong>(EntriesPerRead, pinned: true);
    private readonly int _pageMap;
    private readonly int _flags;

    /// <summary>Takes over both open files.</summary>
    internal PageMapEntries(int pageMap, int flags) => (_pageMap, _flags) = (pageMap, flags);

    /// <inheritdoc/>
    internal override ulong Find(PageRange range, int maxPages, List<PageRun> runs)
    {
        runs.Clear();
        var found = 0;
        for (var page = range.Start; page < range.End;)
        {
            var entries = ReadEntries(page, (int)Math.Min((ulong)EntriesPerRead, range.End - page));
            if (entries.IsEmpty)
                return range.End;
            foreach (var entry in entries)
            {
                if (CategoriesOf(entry) is not PageCategories.None and var categories)
                {
                    AddOrExtend(runs, page, categories);
                    found++;
                }

                page++;
                if (found == maxPages)
                    return page;
            }
        }

        return range.End;
    }

    /// <inheritdoc/>
    internal override void FindSoftDirty(PageRange range, List<PageRange> dirty)
    {
        for (var page = range.Start; page < range.End;)
        {
            var entries = ReadEntries(page, (int)Math.Min((ulong)EntriesPerRead, range.End - page));
            if (entries.IsEmpty)
                return;
            foreach (var entry in entries)
            {
                if ((entry & SoftDirtyBit) != 0 && (entry & (PresentBit | SwappedBit)) != 0 && (entry & FileBit) == 0)
                {
                    if (dirty.Count > 0 && dirty[^1].End == page)
                        dirty[^1] = dirty[^1] with { End = page + 1 };
                    else
                        dirty.Add(new PageRange(page, page + 1));
                }

                page++;
            }
        }
    }

    /// <inheritdoc/>
    internal override bool IsHugeZeroPage(ulong page)
    {
        var entries = ReadEntries(page, 1);
        return !entries.IsEmpty && CategoriesOf(entries[0]).HasFlag(PageCategories.ZeroPage);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _ = Linux.Close(_pageMap);
        _ = Linux.Close(_flags);
    }

    private static void AddOrExtend(List<PageRun> runs, ulong page, PageCategories categories)
    {
        if (runs.Count > 0 && runs[^1].Range.End == page && runs[^1].Categories == categories)
            runs[^1] = new PageRun(runs[^1].Range with { End = page + 1 }, categories);
        else
            runs.Add(new PageRun(new PageRange(page, page + 1), categories));
    }

    private ReadOnlySpan<ulong> ReadEntries(ulong page, int count)
    {
        fixed (ulong* entries = _entries)
        {
            var got = Linux.ReadAt(_pageMap, entries, (nuint)count * sizeof(ulong), (long)(page * sizeof(ulong)));
            // Nothing is read from the page map of a process that has ended.
            return _entries.AsSpan(0, got < 0 ? 0 : (int)(got / sizeof(ulong)));
        }
    }

    private PageCategories CategoriesOf(ulong entry)
    {
        if ((entry & SwappedBit) != 0)
            return (entry & FileBit) == 0 ? PageCategories.SwappedOut : PageCategories.None;
        if ((entry & PresentBit) == 0 || (entry & FileBit) != 0)
            return PageCategories.None;
        ulong flags = 0;
        if ((entry & FrameMask) == 0 || Linux.ReadAt(_flags, &flags, sizeof(ulong), (long)((entry & FrameMask) * sizeof(ulong))) != sizeof(ulong))
            throw new RecordingException(
                RecordingFailure.NotPermitted,
                "Page frame numbers are hidden, without which this kernel does not tell the zero page. Run as root or with CAP_SYS_ADMIN, or on Linux 6.7 or later.");
        if ((flags & FlagZeroPage) != 0)
            return PageCategories.Present | PageCategories.ZeroPage;
        return PageCategories.Present | ((flags & FlagHuge) != 0 ? PageCategories.Huge : PageCategories.None);
    }
}
