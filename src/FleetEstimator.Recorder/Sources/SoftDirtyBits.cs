using System.Runtime.CompilerServices;

namespace FleetEstimator.Recorder;

/// <summary>
/// The soft-dirty bits of one process's page table: set by the processor's first write after they were cleared (Documentation/admin-guide/mm/soft-dirty.rst).
/// </summary>
internal sealed unsafe class SoftDirtyBits(KernelTree kernel)
{
    private readonly ConditionalWeakTable<RecordedProcess, Known> _known = [];
    private readonly List<PageRange> _reliable = [];
    private readonly List<PageRange> _told = [];
    private readonly List<PageRange> _dirtyNow = [];
    private Known _process = new([], []);
    private int _nextReliable;
    private int _nextCarried;

    /// <summary>Whether this kernel has soft-dirty bits and this user may clear them.</summary>
    internal static Availability Check(KernelTree kernel)
    {
        if (!PageTable.HasSoftDirtyBits(kernel))
            return new("This kernel has no soft-dirty bits.", "It needs CONFIG_MEM_SOFT_DIRTY (with CONFIG_CHECKPOINT_RESTORE), on x86-64, s390 or powerpc.");
        return default;
    }

    /// <summary>The pages of a process are about to be looked at.</summary>
    internal void Begin(RecordedProcess process, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded)
    {
        var before = _known.TryGetValue(process, out var known) ? known : new Known([], []);
        FindReliable(before.Vmas, vmas, recorded);
        _process = before with { Vmas = [.. vmas.Select(vma => vma.Range)] };
        _told.Clear();
        (_nextReliable, _nextCarried) = (0, 0);
    }

    /// <summary>Whether a page was written since the scan before; <see cref="PageUse.NotKnown"/> where the bit does not tell. Ask in ascending order.</summary>
    /// <param name="page">Virtual page number.</param>
    /// <param name="isDirty">Its bit now.</param>
    /// <param name="before">Its state after the scan before.</param>
    /// <param name="isHuge">Whether it is part of a huge page now.</param>
    internal PageUse Use(ulong page, bool isDirty, in PageState before, bool isHuge)
    {
        if (!Contains(_reliable, ref _nextReliable, page))
            return PageUse.NotKnown;
        if (isDirty)
            AddOrExtend(_told, page);
        // khugepaged sets the bit when it makes a huge page of small ones (collapse_huge_page in mm/khugepaged.c).
        if (isHuge && !before.IsHuge)
            return PageUse.NotKnown;
        return isDirty || Contains(_process.Carried, ref _nextCarried, page) ? PageUse.Written : PageUse.Untouched;
    }

    /// <summary>
    /// The pages have been looked at: clears the bits. Those set since each page was asked about are read right before and kept for the next scan, so that only a
    /// write between this reading and the clearing is lost, and of those only the ones that change nothing: contents, read before, tell the others.
    /// </summary>
    /// <exception cref="RecordingException">This user may not clear them.</exception>
    internal void End(int pid, RecordedProcess process, PageMap pageMap)
    {
        _dirtyNow.Clear();
        foreach (var range in _reliable)
            pageMap.FindSoftDirty(range, _dirtyNow);
        Clear(kernel, pid);
        _known.AddOrUpdate(process, _process with { Carried = [.. PageRange.Difference(_dirtyNow, _told)] });
    }

    /// <summary>Clears the bits of a process; on any kernel this also makes its processors forget the translations they hold (flush_tlb_mm in fs/proc/task_mmu.c).</summary>
    /// <exception cref="RecordingException">This user may not.</exception>
    internal static void Clear(KernelTree kernel, int pid)
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

    /// <summary>
    /// A VMA that is new or has grown is dirty as a whole (VM_SOFTDIRTY), whatever its pages' own bits, and neighbours that merge with it catch that. Only VMAs with
    /// the same edges as at the scan before are free of it. A child of a fork inherits the bits of its parent: of a process not scanned before, none is reliable.
    /// </summary>
    private void FindReliable(List<PageRange> before, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded)
    {
        _reliable.Clear();
        for (int old = 0, vma = 0, part = 0; part < recorded.Count; part++)
        {
            while (vmas[vma].Range.End <= recorded[part].Start)
                vma++;
            while (old < before.Count && before[old].Start < vmas[vma].Range.Start)
                old++;
            if (old < before.Count && before[old] == vmas[vma].Range)
                _reliable.Add(recorded[part]);
        }
    }

    private static void AddOrExtend(List<PageRange> ranges, ulong page)
    {
        if (ranges.Count > 0 && ranges[^1].End == page)
            ranges[^1] = ranges[^1] with { End = page + 1 };
        else
            ranges.Add(new PageRange(page, page + 1));
    }

    private static bool Contains(List<PageRange> ranges, ref int next, ulong page)
    {
        while (next < ranges.Count && ranges[next].End <= page)
            next++;
        return next < ranges.Count && ranges[next].Start <= page;
    }

    /// <summary>What is known of a process since it was looked at.</summary>
    /// <param name="Vmas">Its VMAs then.</param>
    /// <param name="Carried">Pages written after they had been asked about, and before the bits were cleared.</param>
    private sealed record Known(List<PageRange> Vmas, List<PageRange> Carried);
}
