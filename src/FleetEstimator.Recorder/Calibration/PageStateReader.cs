namespace FleetEstimator.Recorder.Calibration;

/// <summary>Reads page tables in the terms of scenarios (<see cref="Traces.KernelTruth.PageStates"/>), from /proc/PID/pagemap and /proc/kpageflags. Root only.</summary>
internal sealed unsafe class PageStateReader : IDisposable
{
    // Documentation/admin-guide/mm/pagemap.rst
    private const ulong PresentBit = 1UL << 63;
    private const ulong SwappedBit = 1UL << 62;
    private const ulong FlagWriteback = 1UL << 8;
    private const ulong FlagSwapCache = 1UL << 13;
    private const ulong FlagsLargeFolio = (1UL << 15) | (1UL << 16);

    private readonly int _flags;

    internal PageStateReader()
    {
        _flags = Linux.Open("/proc/kpageflags", Linux.ReadOnly | Linux.CloseOnExec);
        if (_flags < 0)
            throw new CalibrationException($"/proc/kpageflags cannot be opened: {Linux.Describe(Linux.Errno)}. Run as root, on a kernel with CONFIG_PROC_PAGE_MONITOR.");
    }

    /// <summary>The state of each page of a region.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="firstPage">First virtual page number.</param>
    /// <param name="pages">Length of the region.</param>
    /// <param name="frames">Receives the frames it maps, the zero page not among them.</param>
    /// <param name="residence">mincore of the process on its own pages from one on, asked only where pages are swapped out: whether the swap cache has them.</param>
    internal char[] Read(int pid, ulong firstPage, int pages, HashSet<ulong> frames, Func<int, byte[]> residence)
    {
        var entries = new ulong[pages];
        ReadEntries(pid, firstPage, entries);
        var states = new char[pages];
        byte[] resident = [];
        var residentFrom = 0;
        for (var page = 0; page < pages; page++)
        {
            if ((entries[page] & PresentBit) != 0)
            {
                states[page] = StateOf(entries[page] & PageMapEntries.FrameMask, frames);
            }
            else if ((entries[page] & SwappedBit) != 0)
            {
                if (page >= residentFrom + resident.Length)
                    (resident, residentFrom) = (residence(page), page);
                states[page] = (resident[page - residentFrom] & 1) != 0 ? 'c' : 'S';
            }
            else
            {
                states[page] = '.';
            }
        }

        return states;
    }

    /// <summary>Whether any of these frames is being written to its device.</summary>
    internal bool AnyUnderWriteback(IEnumerable<ulong> frames) => frames.Any(frame => (FlagsOf(frame) & FlagWriteback) != 0);

    /// <inheritdoc/>
    public void Dispose() => _ = Linux.Close(_flags);

    private static void ReadEntries(int pid, ulong firstPage, ulong[] entries)
    {
        var pageMap = Linux.Open($"/proc/{pid}/pagemap", Linux.ReadOnly | Linux.CloseOnExec);
        nint got;
        fixed (ulong* start = entries)
            got = pageMap < 0 ? -1 : Linux.ReadAt(pageMap, start, (nuint)entries.Length * sizeof(ulong), (long)(firstPage * sizeof(ulong)));
        var errno = Linux.Errno;
        _ = Linux.Close(pageMap);
        if (got != entries.Length * sizeof(ulong))
            throw new CalibrationException($"/proc/{pid}/pagemap cannot be read: {Linux.Describe(errno)}. Run as root.");
    }

    private char StateOf(ulong frame, HashSet<ulong> frames)
    {
        var flags = FlagsOf(frame);
        if ((flags & PageMapEntries.FlagZeroPage) != 0)
            return 'Z';
        frames.Add(frame);
        var isCached = (flags & FlagSwapCache) != 0;
        return (flags & FlagsLargeFolio) != 0 ? (isCached ? 'G' : 'H') : isCached ? 'C' : 'P';
    }

    private ulong FlagsOf(ulong frame)
    {
        ulong flags;
        return frame != 0 && Linux.ReadAt(_flags, &flags, sizeof(ulong), (long)(frame * sizeof(ulong))) == sizeof(ulong)
            ? flags
            : throw new CalibrationException("Page frame numbers are hidden. Run as root with CAP_SYS_ADMIN.");
    }
}
