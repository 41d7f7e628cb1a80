namespace FleetEstimator.Recorder;

/// <summary>
/// The soft-dirty bits of one process's page table: set by the processor's first write after they were cleared (Documentation/admin-guide/mm/soft-dirty.rst).
/// </summary>
internal sealed unsafe class SoftDirtyBits(KernelTree kernel)
{
    private readonly List<PageRange> _dirty = [];
    private readonly List<PageRange> _reliable = [];
    private int _nextDirty;
    private int _nextReliable;

    /// <summary>Whether this kernel has soft-dirty bits and this user may clear them.</summary>
    internal static Availability Check(KernelTree kernel)
    {
        if (!PageTable.HasSoftDirtyBits(kernel))
            return new("This kernel has no soft-dirty bits.", "It needs CONFIG_MEM_SOFT_DIRTY (with CONFIG_CHECKPOINT_RESTORE), on x86-64, s390 or powerpc.");
        return default;
    }

    /// <summary>
    /// Reads all bits and clears them at once, so that as little as possible falls in between; contents are read afterwards, so that a write in between that
    /// changes something is still seen as a change.
    /// </summary>
    /// <exception cref="RecordingException">This user may not clear them.</exception>
    internal void ReadAndClear(int pid, RecordedProcess process, PageMap pageMap, IReadOnlyList<PageRange> mapped)
    {
        // A child inherits the bits of its parent with the page table.
        FindReliable(process.IsFirstScan ? [] : process.Mapped, mapped);
        _dirty.Clear();
        foreach (var range in _reliable)
            pageMap.FindSoftDirty(range, _dirty);
        Clear(pid);
        (_nextDirty, _nextReliable) = (0, 0);
    }

    /// <summary>Whether a page was written since the bits were cleared before; <see cref="PageUse.NotKnown"/> where the bit does not tell. Ask in ascending order.</summary>
    /// <param name="page">Virtual page number.</param>
    /// <param name="before">Its state after the scan before.</param>
    /// <param name="isHuge">Whether it is part of a huge page now.</param>
    internal PageUse Use(ulong page, in PageState before, bool isHuge)
    {
        // khugepaged sets the bit when it makes a huge page of small ones (collapse_huge_page in mm/khugepaged.c).
        if ((isHuge && !before.IsHuge) || !Contains(_reliable, ref _nextReliable, page))
            return PageUse.NotKnown;
        return Contains(_dirty, ref _nextDirty, page) ? PageUse.Written : PageUse.Untouched;
    }

    /// <summary>
    /// A VMA that is new or has grown is dirty as a whole (VM_SOFTDIRTY), whatever its pages' own bits, and neighbours that merge with it catch that. Only VMAs with
    /// the same edges as at the scan before are free of it.
    /// </summary>
    private void FindReliable(IReadOnlyList<PageRange> before, IReadOnlyList<PageRange> now)
    {
        _reliable.Clear();
        for (int old = 0, current = 0; old < before.Count && current < now.Count;)
        {
            if (before[old] == now[current])
                _reliable.Add(now[current]);
            if (before[old].Start < now[current].Start)
                old++;
            else
                current++;
        }
    }

    private void Clear(int pid)
    {
        var path = $"{kernel.Proc}/{pid}/clear_refs";
        var descriptor = Linux.Open(path, Linux.WriteOnly | Linux.CloseOnExec);
        nint written;
        fixed (byte* four = "4"u8)
            written = descriptor < 0 ? -1 : Linux.WriteAt(descriptor, four, 1, 0);
        var errno = written < 0 ? Linux.Errno : 0;
        if (descriptor >= 0)
            _ = Linux.Close(descriptor);
        if (errno is not (0 or Linux.NoEntry or Linux.NoSuchProcess))
            throw new RecordingException(RecordingFailure.NotPermitted, $"{path} cannot be written: {Linux.Describe(errno)}. Run as root, or use --source content.");
    }

    private static bool Contains(List<PageRange> ranges, ref int next, ulong page)
    {
        while (next < ranges.Count && ranges[next].End <= page)
            next++;
        return next < ranges.Count && ranges[next].Start <= page;
    }
}
