using System.Runtime.CompilerServices;

namespace FleetEstimator.Recorder;

/// <summary>A page map read with the PAGEMAP_SCAN ioctl of /proc/PID/pagemap, Linux 6.7 and later (Documentation/admin-guide/mm/pagemap.rst).</summary>
[SkipLocalsInit]
internal sealed unsafe class PageMapScan : PageMap
{
    // _IOWR('f', 16, struct pm_scan_arg)
    private const nuint ScanRequest = 0xc0606610;

    private const PageCategories Wanted = PageCategories.Present | PageCategories.SwappedOut;
    private const PageCategories Returned = Wanted | PageCategories.ZeroPage | PageCategories.Huge;

    // 12 KiB of stack; a scan never asks for more pages than this, so that no region is lost.
    private const int MaxRegions = 512;

    // Guard pages show as swapped out, and only kernels that know the category (6.16) let it be asked for.
    private static bool _knowsGuardPages = true;

    private readonly ulong _pageSize = (ulong)Environment.SystemPageSize;
    private readonly int _descriptor;
    // One page table: as many entries as fit into a page.
    private readonly ulong _pagesPerHugePage = (ulong)(Environment.SystemPageSize / sizeof(ulong));
    private int? _pageFlags;
    private ulong? _lastHugePage;
    private bool _isLastHugePageZero;

    private PageMapScan(int descriptor) => _descriptor = descriptor;

    /// <summary>Takes over an open /proc/PID/pagemap; null if this kernel has no PAGEMAP_SCAN, and then the descriptor stays the caller's.</summary>
    internal static PageMapScan? TryCreate(int descriptor)
    {
        var empty = new ScanArgument { Size = (ulong)sizeof(ScanArgument), ReturnMask = (ulong)Returned, CategoryAnyOfMask = (ulong)Wanted };
        return Linux.IoControl(descriptor, ScanRequest, &empty) >= 0 || Linux.Errno == Linux.NoSuchProcess ? new PageMapScan(descriptor) : null;
    }

    /// <inheritdoc/>
    internal override ulong Find(PageRange range, int maxPages, List<PageRun> runs)
    {
        runs.Clear();
        var regions = stackalloc Region[MaxRegions];
        var argument = Argument(range, regions, maxPages);
        argument.ReturnMask = (ulong)Returned;
        var found = Scan(ref argument, PageCategories.None);
        for (var region = 0; region < found; region++)
        {
            var pages = new PageRange(regions[region].Start / _pageSize, regions[region].End / _pageSize);
            runs.Add(new PageRun(pages, (PageCategories)regions[region].Categories));
        }

        return found == 0 ? range.End : argument.WalkEnd / _pageSize;
    }

    /// <inheritdoc/>
    internal override void FindSoftDirty(PageRange range, List<PageRange> dirty)
    {
        var regions = stackalloc Region[MaxRegions];
        for (var next = range.Start; next < range.End;)
        {
            var argument = Argument(range with { Start = next }, regions, maxPages: 0);
            argument.ReturnMask = (ulong)PageCategories.SoftDirty;
            var found = Scan(ref argument, PageCategories.SoftDirty);
            for (var region = 0; region < found; region++)
                dirty.Add(new PageRange(regions[region].Start / _pageSize, regions[region].End / _pageSize));
            next = found == 0 ? range.End : argument.WalkEnd / _pageSize;
        }
    }

    /// <inheritdoc/>
    internal override bool IsHugeZeroPage(ulong page)
    {
        if (page / _pagesPerHugePage == _lastHugePage)
            return _isLastHugePageZero;
        _lastHugePage = page / _pagesPerHugePage;
        ulong entry, flags;
        _isLastHugePageZero = Linux.ReadAt(_descriptor, &entry, sizeof(ulong), (long)(page * sizeof(ulong))) == sizeof(ulong)
            && (entry & PageMapEntries.FrameMask) is not 0 and var frame
            && (_pageFlags ??= Linux.Open("/proc/kpageflags", Linux.ReadOnly | Linux.CloseOnExec)) >= 0
            && Linux.ReadAt(_pageFlags.Value, &flags, sizeof(ulong), (long)(frame * sizeof(ulong))) == sizeof(ulong)
            && (flags & PageMapEntries.FlagZeroPage) != 0;
        return _isLastHugePageZero;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _ = Linux.Close(_descriptor);
        if (_pageFlags is >= 0 and var pageFlags)
            _ = Linux.Close(pageFlags);
    }

    /// <param name="range">Pages to walk.</param>
    /// <param name="regions">Room for <see cref="MaxRegions"/>; when it is full the walk ends early.</param>
    /// <param name="maxPages">Most pages to find; 0 = any number.</param>
    private ScanArgument Argument(PageRange range, Region* regions, int maxPages) => new()
    {
        Size = (ulong)sizeof(ScanArgument),
        Start = range.Start * _pageSize,
        End = range.End * _pageSize,
        Regions = (ulong)regions,
        RegionsLength = MaxRegions,
        MaxPages = (ulong)maxPages,
        CategoryAnyOfMask = (ulong)Wanted,
    };

    private int Scan(ref ScanArgument argument, PageCategories required)
    {
        while (true)
        {
            // Inverted and required: pages that are neither guards nor of a file.
            var excluded = PageCategories.File | (_knowsGuardPages ? PageCategories.Guard : PageCategories.None);
            argument.CategoryInverted = (ulong)excluded;
            argument.CategoryMask = (ulong)(excluded | required);
            int found;
            fixed (ScanArgument* pointer = &argument)
                found = Linux.IoControl(_descriptor, ScanRequest, pointer);
            if (found >= 0)
                return found;
            switch (Linux.Errno)
            {
                case Linux.InvalidArgument when _knowsGuardPages:
                    _knowsGuardPages = false;
                    break;
                case Linux.Interrupted:
                    break;
                case Linux.NoSuchProcess:
                    return 0;
                default:
                    throw new RecordingException(
                        RecordingFailure.NotSupported,
                        $"PAGEMAP_SCAN of {argument.Start:x}-{argument.End:x} failed: {Linux.Describe(Linux.Errno)}.");
            }
        }
    }

    /// <summary>struct page_region: addresses, the end exclusive.</summary>
    private readonly record struct Region(ulong Start, ulong End, ulong Categories);

    /// <summary>struct pm_scan_arg.</summary>
    private struct ScanArgument
    {
        public ulong Size;
        public ulong Flags;
        public ulong Start;
        public ulong End;
        public ulong WalkEnd;
        public ulong Regions;
        public ulong RegionsLength;
        public ulong MaxPages;
        public ulong CategoryInverted;
        public ulong CategoryMask;
        public ulong CategoryAnyOfMask;
        public ulong ReturnMask;
    }
}
