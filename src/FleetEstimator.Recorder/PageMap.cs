using System.Runtime.InteropServices;

namespace FleetEstimator.Recorder;

/// <summary>What a page table entry says of a page. The values are the categories of the PAGEMAP_SCAN ioctl (include/uapi/linux/fs.h).</summary>
[Flags]
internal enum PageCategories : ulong
{
    None = 0,

    /// <summary>Backed by a file, or shared: never private anonymous.</summary>
    File = 1 << 2,

    /// <summary>Mapped: reading it faults nothing in.</summary>
    Present = 1 << 3,

    /// <summary>In swap (or, for a moment, on its way to another frame).</summary>
    SwappedOut = 1 << 4,

    /// <summary>Maps the kernel's shared zero page.</summary>
    ZeroPage = 1 << 5,

    /// <summary>Part of a huge page that is mapped as a whole.</summary>
    Huge = 1 << 6,

    /// <summary>Written since the soft-dirty bits were cleared, or in a VMA that is new since.</summary>
    SoftDirty = 1 << 7,

    /// <summary>A guard page (MADV_GUARD_INSTALL, Linux 6.13): nothing is there.</summary>
    Guard = 1 << 8,
}

/// <summary>Consecutive pages with the same categories.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct PageRun(PageRange Range, PageCategories Categories);

/// <summary>The page table of one process, as far as its pages are present or swapped out. Looking at it touches no page.</summary>
internal abstract class PageMap : IDisposable
{
    /// <summary>Finds the first pages of <paramref name="range"/> that are anonymous and present or swapped out.</summary>
    /// <param name="range">Pages of one or several VMAs.</param>
    /// <param name="maxPages">Most pages to find, at least 1.</param>
    /// <param name="runs">Receives the pages found, in ascending order.</param>
    /// <returns>The page at which the walk ended: every page before it that was not found is neither present nor swapped out.</returns>
    internal abstract ulong Find(PageRange range, int maxPages, List<PageRun> runs);

    /// <summary>Adds the runs of pages in <paramref name="range"/> that are anonymous, present or swapped out, and soft-dirty.</summary>
    internal abstract void FindSoftDirty(PageRange range, List<PageRange> dirty);

    /// <summary>Whether a page that is mapped as part of a huge page belongs to the shared huge zero page. False also when this user may not know.</summary>
    internal abstract bool IsHugeZeroPage(ulong page);

    /// <inheritdoc/>
    public abstract void Dispose();
}
