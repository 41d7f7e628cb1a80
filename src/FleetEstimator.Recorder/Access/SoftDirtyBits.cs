using System.Runtime.CompilerServices;

namespace FleetEstimator.Recorder;

/// <summary>
/// The soft-dirty bits of one process's page table: set by the processor's first write after they were cleared (Documentation/admin-guide/mm/soft-dirty.rst).
/// </summary>
internal sealed unsafe class SoftDirtyBits(KernelTree kernel)
{
    // VMAs of each process as the scan before saw them.
    private readonly ConditionalWeakTable<RecordedProcess, List<PageRange>> _vmas = [];
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
    internal void ReadAndClear(int pid, RecordedProcess process, PageMap pageMap, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded)
    {
        FindReliable(process, vmas, recorded);
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
    /// the same edges as at the scan before are free of it. A child of a fork inherits the bits of its parent: of a process not scanned before, none is reliable.
    /// </summary>
    private void FindReliable(RecordedProcess process, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded)
    {
        _reliable.Clear();
        var before = _vmas.TryGetValue(process, out var known) ? known : [];
        for (int old = 0, vma = 0, part = 0; part < recorded.Count; part++)
        {
            while (vmas[vma].Range.End <= recorded[part].Start)
                vma++;
            while (old < before.Count && before[old].Start < vmas[vma].Range.Start)
                old++;
            if (old < before.Count && before[old] == vmas[vma].Range)
                _reliable.Add(recorded[part]);
        }

        _vmas.AddOrUpdate(process, [.. vmas.Select(vma => vma.Range)]);
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
