namespace FleetEstimator.Recorder;

/// <summary>
/// Pages a process out so that the next scan sees which pages came back: those were accessed. Changes what it measures, so it is asked for explicitly.
/// </summary>
internal sealed unsafe class PageOutSource : AccessSource
{
    // include/uapi/asm-generic/mman-common.h
    private const int AdvicePageOut = 21;

    private readonly int _pageSize = Environment.SystemPageSize;
    private readonly Linux.IoVector[] _ranges = GC.AllocateUninitializedArray<Linux.IoVector>(Linux.MaxVectors, pinned: true);
    private readonly List<PageRun> _runs = [];
    private PageTally _tally;

    /// <summary>Whether there is swap to page out to.</summary>
    internal static Availability Check(KernelTree kernel) => KernelTree.Text($"{kernel.Proc}/swaps") is { } text && text.Contains('\n', StringComparison.Ordinal)
        ? default
        : new("This machine has no swap (/proc/swaps).", "Set some up, for instance zram.");

    /// <inheritdoc/>
    internal override string Name => "page-out";

    /// <inheritdoc/>
    internal override bool SwapsPagesOut => true;

    /// <inheritdoc/>
    internal override IReadOnlyDictionary<string, string> Labels => new Dictionary<string, string> { ["perturbed"] = "yes" };

    /// <summary>Asks the kernel to page out every page that <paramref name="process"/> has in memory, and notes which of them really went.</summary>
    /// <remarks>Pages that stay (shared by fork, locked, pinned, in use) are noted as in memory: finding them there again proves nothing.</remarks>
    /// <exception cref="RecordingException">This user or this kernel cannot advise other processes.</exception>
    internal override void Provoke(int pid, RecordedProcess process)
    {
        var descriptor = Linux.PidfdOpen(pid);
        if (descriptor < 0)
        {
            if (Linux.Errno == Linux.NoSuchProcess)
                return;
            throw Refused(pid);
        }

        try
        {
            Advise(pid, descriptor, process);
        }
        finally
        {
            _ = Linux.Close(descriptor);
        }

        NoteWhatWent(pid, process);
    }

    /// <inheritdoc/>
    internal override PageTally TakeTally()
    {
        var tally = _tally;
        _tally = default;
        return tally;
    }

    private void Advise(int pid, int descriptor, RecordedProcess process)
    {
        var count = 0;
        foreach (var range in process.Mapped)
        {
            for (var start = FirstInMemory(process, range); start < range.End;)
            {
                var end = start + 1;
                while (end < range.End && IsInMemory(process, end))
                    end++;
                _ranges[count++] = new Linux.IoVector { Address = (nuint)start * (nuint)_pageSize, Length = (nuint)(end - start) * (nuint)_pageSize };
                if (count == _ranges.Length)
                {
                    Advise(pid, descriptor, count);
                    count = 0;
                }

                start = FirstInMemory(process, range with { Start = end });
            }
        }

        Advise(pid, descriptor, count);
    }

    private void Advise(int pid, int descriptor, int count)
    {
        for (var first = 0; first < count;)
        {
            nint advised;
            fixed (Linux.IoVector* ranges = &_ranges[first])
                advised = Linux.ProcessMadvise(descriptor, ranges, count - first, AdvicePageOut);
            if (advised < 0)
            {
                switch (Linux.Errno)
                {
                    case Linux.NoSuchProcess:
                        return;
                    case Linux.Interrupted:
                        continue;
                    case Linux.InvalidArgument or Linux.OutOfMemory:
                        // A locked mapping, or one that was unmapped meanwhile: these pages stay, which is noted below.
                        first++;
                        continue;
                    default:
                        throw Refused(pid);
                }
            }

            while (first < count && advised >= (nint)_ranges[first].Length)
                advised -= (nint)_ranges[first++].Length;
            // What was refused after a success is reported by the byte count alone.
            if (first < count)
                first++;
        }
    }

    private void NoteWhatWent(int pid, RecordedProcess process)
    {
        using var pageMap = PageMaps.Open(pid);
        if (pageMap is null)
            return;
        foreach (var range in process.Mapped)
        {
            for (var next = range.Start; next < range.End;)
            {
                next = pageMap.Find(range with { Start = next }, PageBatch.Capacity, _runs);
                foreach (var run in _runs)
                {
                    if (run.Categories.HasFlag(PageCategories.SwappedOut))
                        NoteOut(process, run.Range);
                    else if (!run.Categories.HasFlag(PageCategories.ZeroPage))
                        _tally.UnprobedPages += (long)run.Range.Pages;
                }
            }
        }
    }

    private void NoteOut(RecordedProcess process, PageRange range)
    {
        for (var page = range.Start; page < range.End; page++)
        {
            var state = process.Pages[page];
            if (!state.IsPrivatePage || state.IsOut)
                continue;
            process.Pages[page] = state with { IsOut = true, IsHuge = false, IsWatched = false };
            _tally.ProbedPages++;
        }
    }

    private static ulong FirstInMemory(RecordedProcess process, PageRange range)
    {
        var page = process.Pages.FirstHeld(range);
        while (page < range.End && !IsInMemory(process, page))
            page = process.Pages.FirstHeld(range with { Start = page + 1 });
        return page;
    }

    private static bool IsInMemory(RecordedProcess process, ulong page)
    {
        var state = process.Pages[page];
        return state.IsPrivatePage && !state.IsOut;
    }

    private static RecordingException Refused(int pid) => new(
        RecordingFailure.NotPermitted,
        $"Process {pid} cannot be paged out: {Linux.Describe(Linux.Errno)}. Probing needs Linux 5.10 and root, or CAP_SYS_PTRACE with CAP_SYS_NICE.");
}
