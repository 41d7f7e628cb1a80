using System.IO.Hashing;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Recorder;

/// <summary>Looks at the sampled memory of one live process and tells its <see cref="RecordedProcess"/> what it sees. The buffers are reused from process to process.</summary>
internal sealed class ProcessScan(BlockSample sample, AccessSource source) : IDisposable
{
    private readonly ProcFile _file = new();
    private readonly PageContents _contents = new();
    private readonly PageBatch _batch = new();
    private readonly List<AnonymousMapping> _mappings = [];
    private readonly List<PageRange> _mapped = [];
    private readonly List<PageRun> _runs = [];
    private readonly List<PageRun> _runsAfter = [];
    private readonly List<PageRange> _parts = [];

    // Makes the hashes of pages that many machines share impossible to look up; never written anywhere.
    private readonly long _hashSecret = Linux.RandomNumber();

    /// <summary>What was looked at since <see cref="TakeTally"/>.</summary>
    private PageTally _tally;

    /// <summary>Scans a process once.</summary>
    /// <param name="expected">The process, and the program that it runs.</param>
    /// <param name="process">Compares and keeps what is seen.</param>
    /// <param name="timeMicroseconds">Time of the rows.</param>
    /// <param name="append">Receives the rows.</param>
    /// <param name="cancellation">Ends the scan early; what was seen until then is kept and written.</param>
    /// <returns>False, and nothing is seen, if there is no such process any more, or it runs another program.</returns>
    /// <exception cref="RecordingException">This user may not look, or the kernel cannot tell the zero page.</exception>
    internal bool Scan(in ProcessStat expected, RecordedProcess process, ulong timeMicroseconds, Action<TraceRow> append, CancellationToken cancellation)
    {
        var pid = expected.Pid;
        using var pageMap = PageMaps.Open(pid);
        using var memory = ProcessMemory.Open(pid);
        // What is open now stays one program's; until now another may have taken the pid, or the process may have executed another program.
        if (pageMap is null || memory is null || !ReadMappings(pid) || Stat(pid) is not { } now || !now.IsSameProgram(in expected))
            return false;
        FindMapped(pageMap, process.Lineage);
        source.BeginProcess(pid, process, _mappings, _mapped);
        process.Map(_mapped, timeMicroseconds, append);
        foreach (var range in _mapped)
        {
            for (var next = range.Start; next < range.End && !cancellation.IsCancellationRequested;)
            {
                var end = pageMap.Find(range with { Start = next }, PageBatch.Capacity, _runs);
                ScanBatch(pageMap, memory, process, new PageRange(next, end));
                process.FlushIfMany(timeMicroseconds, append);
                next = end;
            }
        }

        source.EndProcess(pid, process, pageMap);
        process.EndScan(timeMicroseconds, append);
        return true;
    }

    /// <summary>Reads a process's stat file.</summary>
    internal ProcessStat? Stat(int pid) => ProcessStat.Read(_file, pid);

    /// <summary>Returns what was seen since the last call, and begins anew.</summary>
    internal PageTally TakeTally()
    {
        var tally = _tally;
        _tally = default;
        return tally;
    }

    /// <inheritdoc/>
    public void Dispose() => _contents.Dispose();

    private bool ReadMappings(int pid)
    {
        var text = _file.Read($"/proc/{pid}/maps", out var errno);
        if (errno is Linux.NoEntry or Linux.NoSuchProcess)
            return false;
        if (errno != 0)
            throw PageMaps.NotPermitted(pid, "maps", errno);
        ProcessMaps.Parse(text, Environment.SystemPageSize, _mappings);
        return true;
    }

    /// <summary>
    /// Reservations (PROT_NONE) count as mapped only where they hold pages: runtimes reserve hundreds of gigabytes that way, which no page can enter before
    /// its protection changes. Of a sample, only the sampled blocks count as mapped.
    /// </summary>
    private void FindMapped(PageMap pageMap, ulong lineage)
    {
        _mapped.Clear();
        foreach (var (range, isAccessible) in _mappings)
        {
            var isSparse = !sample.IsEverything && range.Pages >= sample.SparsePages;
            if (isAccessible && !isSparse)
            {
                sample.Clip(lineage, range, _mapped);
                continue;
            }

            for (var next = range.Start; next < range.End;)
            {
                next = pageMap.Find(range with { Start = next }, PageBatch.Capacity, _runs);
                foreach (var run in _runs)
                    AddHeld(lineage, range, isAccessible ? sample.BlocksOf(run.Range, range) : run.Range);
            }
        }
    }

    private void AddHeld(ulong lineage, PageRange vma, PageRange held)
    {
        _parts.Clear();
        sample.Clip(lineage, held, _parts);
        foreach (var part in _parts)
            AddOrExtend(vma.Start, part);
    }

    private void AddOrExtend(ulong vmaStart, PageRange held)
    {
        if (_mapped.Count > 0 && _mapped[^1].End >= held.Start && _mapped[^1].Start >= vmaStart)
            _mapped[^1] = _mapped[^1] with { End = Math.Max(_mapped[^1].End, held.End) };
        else
            _mapped.Add(held);
    }

    /// <summary>Reads the pages found in <paramref name="range"/>, and keeps what was still there after the read.</summary>
    private void ScanBatch(PageMap pageMap, ProcessMemory memory, RecordedProcess process, PageRange range)
    {
        _batch.Fill(_runs);
        if (_batch.Count > 0)
            source.Ask(_batch, process);
        if (HasContent())
        {
            memory.Read(_batch, _contents);
            source.Watch(_batch);
            // Room for pages that came in meanwhile.
            _ = pageMap.Find(range, 2 * PageBatch.Capacity, _runsAfter);
            _batch.Settle(_runsAfter);
        }

        var next = range.Start;
        for (var index = 0; index < _batch.Count; index++)
        {
            var page = _batch.Pages[index];
            if (next < page)
                process.SeeNothing(new PageRange(next, page));
            next = page + 1;
            if (!_batch.IsSettled[index])
            {
                _tally.UnsettledPages++;
                continue;
            }

            var seen = Look(index, pageMap);
            process.See(page, in seen, _batch.HasContent(index) ? _contents[index] : default);
            _tally.Count(in seen, process.Pages[page]);
        }

        if (next < range.End)
            process.SeeNothing(range with { Start = next });
    }

    private bool HasContent()
    {
        for (var index = 0; index < _batch.Count; index++)
        {
            if (_batch.HasContent(index))
                return true;
        }

        return false;
    }

    private PageSighting Look(int index, PageMap pageMap)
    {
        var categories = _batch.Categories[index];
        if (!categories.HasFlag(PageCategories.Present))
            return new PageSighting(Presence.SwappedOut, Use: _batch.Uses[index]);
        if (categories.HasFlag(PageCategories.ZeroPage))
            return new PageSighting(Presence.ZeroPage);
        var isHuge = categories.HasFlag(PageCategories.Huge);
        var (use, isWatched) = (_batch.Uses[index], _batch.IsWatched[index]);
        var page = _contents[index];
        if (page.IsEmpty)
            return new PageSighting(Presence.Mapped, PageContent.Unknown, 0, isHuge, use, isWatched);
        var content = ContentScan.Classify(page, out var word);
        // PAGEMAP_SCAN itself knows the huge zero page only on recent kernels (seen on 6.18; 6.12 compares with the small one).
        if (isHuge && content == PageContent.Zero && pageMap.IsHugeZeroPage(_batch.Pages[index]))
            return new PageSighting(Presence.ZeroPage);
        return new PageSighting(Presence.Mapped, content, content == PageContent.Data ? XxHash3.HashToUInt64(page, _hashSecret) : word, isHuge, use, isWatched);
    }
}
