using System.Runtime.CompilerServices;

namespace FleetEstimator.Paging;

/// <summary>
/// A node replayed under several mechanisms at once: operations are decoded once and every kernel takes each run of pages in turn.
/// Single-threaded and deterministic; concurrency wraps it.
/// </summary>
public sealed class Simulator
{
    // Single reads that a kernel takes in a row: enough for memory to answer in time, few enough to stay in the nearest cache.
    private const int ReadsAtOnce = 32;

    // EINVAL.
    private const int InvalidArgument = 22;

    // FLUSH_TIME in mm/memcontrol.c.
    private const long StatisticsFlushPeriodMicroseconds = 2_000_000;

    private readonly NodeSettings _settings;
    private readonly PageTables _tables = new();
    private readonly Kernel[] _kernels;
    private readonly Usage[] _usage;
    private readonly ProactiveReclaimer[] _proactive = [];
    private readonly bool[] _accessesAreWrites;
    private long _nextProactive = long.MaxValue;
    private long _nextKsm = long.MaxValue;
    private int _pagesRoomed;
    private int _areasRoomed;
    private long _statisticsFlushed;

    /// <summary>An empty node: no process, no limit, time 0.</summary>
    /// <param name="lanes">One replay each: a mechanism and how accesses of unknown kind are taken (false: as loads; true: as stores of unchanged content).</param>
    /// <param name="settings">What all of them share.</param>
    public Simulator(IReadOnlyList<Lane> lanes, NodeSettings settings)
    {
        if (lanes.Count == 0)
            throw new ArgumentException("At least one replay.", nameof(lanes));
        if (settings.MaxPtesNone is < 0 or >= PageTables.EntriesPerTable)
            throw new ArgumentException($"max_ptes_none is {settings.MaxPtesNone}, not 0 to {PageTables.EntriesPerTable - 1}.", nameof(settings));
        if (settings.Ksm is { PagesToScan: < 1 } or { SleepMilliseconds: < 1 })
            throw new ArgumentException($"KSM reads {settings.Ksm.PagesToScan} pages every {settings.Ksm.SleepMilliseconds} ms; both are at least 1.", nameof(settings));
        Lanes = lanes;
        _settings = settings;
        var links = new FrameLinks(lanes.Count, settings.Groups);
        _kernels = [.. lanes.Select((lane, number) => new Kernel(lane.Mechanism, settings, _tables, links.ListsOf(number)))];
        _usage = [.. lanes.Select(_ => new Usage(settings))];
        if (settings.Proactive is { } proactive)
        {
            _proactive = [.. _kernels.Select(kernel => new ProactiveReclaimer(kernel, proactive))];
            _nextProactive = proactive.IntervalMicroseconds;
        }

        if (settings.Ksm is { } ksm)
            _nextKsm = ksm.SleepMilliseconds * 1000L;

        _accessesAreWrites = [.. lanes.Select(lane => lane.AccessesAreWrites)];
    }

    /// <summary>One replay of the node.</summary>
    /// <param name="Mechanism">The kernel's rules.</param>
    /// <param name="AccessesAreWrites">Whether operation <see cref="OperationKind.Access"/> is a store of unchanged content rather than a load.</param>
    public readonly record struct Lane(Mechanism Mechanism, bool AccessesAreWrites = false);

    /// <summary>The replays, in the order of every result.</summary>
    public IReadOnlyList<Lane> Lanes { get; }

    /// <summary>Now, in microseconds since the start.</summary>
    public long TimeMicroseconds { get; private set; }

    /// <summary>Page table entries in tables created so far.</summary>
    public int PageCapacity => _tables.Capacity;

    /// <summary>Everything counted since the start under lane <paramref name="lane"/>.</summary>
    public Counters Counters(int lane) => _kernels[lane].Counters;

    /// <summary>What the node uses now under lane <paramref name="lane"/>.</summary>
    public NodeState State(int lane)
    {
        var kernel = _kernels[lane];
        return new NodeState(kernel.MappedFrames, kernel.UnmappedCacheFrames, kernel.ZeroFilledFrames, kernel.Slots, kernel.SlotsHoldingData, kernel.HiddenZeroEntries,
            kernel.PinnedUnmappedFrames, kernel.ZswapEntryBytes, kernel.StrandedFrames);
    }

    /// <summary>What the frames mapped now hold under lane <paramref name="lane"/>: counted from every page table entry, 32 at a time.</summary>
    public FrameContents Contents(int lane) => _kernels[lane].CountContents();

    /// <summary>Content of a page that is in swap under lane <paramref name="lane"/>; null if it is not in swap, or not mapped.</summary>
    public PageContent? SwappedContent(int lane, uint process, ulong page) =>
        _tables.Find(process) is { } found && found.TryIndex(page, out var index) ? _kernels[lane].SwappedContent(index) : null;

    /// <summary>Usage over time since <see cref="BeginMeasuring"/> (or the start) under lane <paramref name="lane"/>.</summary>
    public UsageOverTime Usage(int lane) => _usage[lane].Result(_kernels[lane].Counters);

    /// <summary>Ends warm-up: means, peaks and counters of <see cref="Usage"/> start now.</summary>
    public void BeginMeasuring()
    {
        for (var lane = 0; lane < _kernels.Length; lane++)
            _usage[lane].Begin(_kernels[lane].Counters);
    }

    /// <summary>Lets time pass until <paramref name="microseconds"/>, which must not lie in the past.</summary>
    public void AdvanceTo(long microseconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(microseconds, TimeMicroseconds);
        while (Math.Min(_nextProactive, _nextKsm) is var next && next <= microseconds)
        {
            Pass(next);
            if (next == _nextKsm)
                WakeKsm(_settings.Ksm!);
            if (next == _nextProactive)
                ReclaimProactively(_settings.Proactive!);
        }

        Pass(microseconds);
    }

    private void WakeKsm(KsmSettings ksm)
    {
        MakeRoom();
        foreach (var kernel in _kernels)
            kernel.KsmScan(ksm.PagesToScan);
        _nextKsm += ksm.SleepMilliseconds * 1000L;
    }

    private void ReclaimProactively(ProactiveReclaim proactive)
    {
        foreach (var reclaimer in _proactive)
            reclaimer.Tick();
        _nextProactive += proactive.IntervalMicroseconds;
    }

    private void Pass(long microseconds)
    {
        var elapsed = microseconds - TimeMicroseconds;
        TimeMicroseconds = microseconds;
        if (elapsed == 0)
            return;
        foreach (var kernel in _kernels)
            kernel.AdvanceTo(microseconds);
        if (TimeMicroseconds - _statisticsFlushed >= StatisticsFlushPeriodMicroseconds)
        {
            _statisticsFlushed = TimeMicroseconds;
            foreach (var kernel in _kernels)
                kernel.FlushStatistics();
        }

        for (var lane = 0; lane < _usage.Length; lane++)
            _usage[lane].Pass(elapsed, State(lane));
    }

    /// <summary>What reading a cgroup's memory.stat does: brings the statistics that the classic LRU goes by up to date, as otherwise only every two seconds do.</summary>
    public void ReadStatistics()
    {
        foreach (var kernel in _kernels)
            kernel.ReadStatistics();
    }

    /// <summary>
    /// Puts the processes that will have a number, and all they fork, into a memory group (0 to <see cref="NodeSettings.Groups"/> - 1), and says whether they
    /// must not map the shared zero page (mm_forbids_zeropage: storage keys and protected virtual machines on s390). Holds from the next process of that
    /// number on, also after one has exited.
    /// </summary>
    public void Assign(uint process, int group, bool forbidsZeroPage = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)group, (uint)_settings.Groups, nameof(group));
        _tables.Assign(process, group, forbidsZeroPage);
    }

    /// <summary>Sets the memory limit of the whole node under lane <paramref name="lane"/> alone, in pages, 0 = none, and reclaims down to it.</summary>
    public void SetLimit(int lane, long pages) => _kernels[lane].SetLimit(pages);

    /// <summary>
    /// Most pages that were charged to the node under lane <paramref name="lane"/> at any moment, those asked for at that moment included (memory.peak). A node
    /// without a limit does exactly the same under a limit of as many pages.
    /// </summary>
    public long PeakPages(int lane) => _kernels[lane].PeakFrames;

    /// <summary>Sets the memory limit of a group in pages, 0 = none, and reclaims down to it; that of the whole node is <see cref="OperationKind.Limit"/>.</summary>
    public void SetGroupLimit(int group, long pages)
    {
        foreach (var kernel in _kernels)
            kernel.Groups[group].SetLimit(pages);
    }

    /// <summary>
    /// Does one operation, now. The caller has checked it: pages that are accessed are mapped, a forked child is new
    /// (<see cref="InvalidOperationException"/> otherwise).
    /// </summary>
    /// <returns>0, or the errno with which the kernel ends the operation, at the page where it does.</returns>
    public int Apply(in Operation operation)
    {
        var errno = 0;
        switch (operation.Kind)
        {
            case OperationKind.Map:
                _tables.Map(_tables.FindOrAdd(operation.Process), operation.Page, operation.Page + operation.Pages);
                break;
            case OperationKind.Fork:
                Fork(operation.Process, (uint)operation.Page);
                break;
            case OperationKind.Exit:
                Exit(operation.Process);
                break;
            case OperationKind.Unmap:
                Unmap(operation);
                break;
            case OperationKind.Limit:
                foreach (var kernel in _kernels)
                    kernel.SetLimit(operation.Pages);
                break;
            case OperationKind.Reclaim:
                foreach (var kernel in _kernels)
                    kernel.Reclaim(operation.Pages);
                break;
            case OperationKind.Settle:
                Settle();
                break;
            case OperationKind.Lock or OperationKind.Unlock:
                SetLocked(operation);
                break;
            case OperationKind.Huge or OperationKind.NoHuge:
                SetHugeAdvice(operation);
                break;
            case OperationKind.PageOut or OperationKind.Cold or OperationKind.LazyFree or OperationKind.Discard:
                errno = Advise(operation);
                break;
            case OperationKind.Unpin:
                // Of frames, mapped still or not.
                foreach (var kernel in _kernels)
                    kernel.Unpin(operation.Process, operation.Page, operation.Pages);
                break;
            case OperationKind.Read when operation.Pages == 1:
                if (!TryRead(operation))
                    ApplyToPages(operation);
                break;
            default:
                ApplyToPages(operation);
                break;
        }

        _tables.ProcessesRan++;
        return errno;
    }

    /// <summary>
    /// Does operations one after the other, now, whose errors are of no interest. The same as <see cref="Apply(in Operation)"/> for each, but faster for
    /// single reads: their entries are found first and loaded ahead of use, and each kernel takes many in a row.
    /// </summary>
    public void Apply(ReadOnlySpan<Operation> operations)
    {
        Span<int> indices = stackalloc int[ReadsAtOnce];
        while (!operations.IsEmpty)
        {
            var reads = FindSingleReads(operations, indices);
            if (reads == 0)
                Apply(operations[0]);
            else
                Read(indices[..reads]);
            operations = operations[Math.Max(1, reads)..];
        }
    }

    /// <summary>Indices of the leading operations that are reads of one page in an existing table each. How many there are.</summary>
    private int FindSingleReads(ReadOnlySpan<Operation> operations, Span<int> indices)
    {
        var count = Math.Min(operations.Length, indices.Length);
        for (var k = 0; k < count; k++)
        {
            ref readonly var operation = ref operations[k];
            if (operation.Kind != OperationKind.Read || operation.Pages != 1)
                return k;
            if (_tables.Find(operation.Process) is not { } process || !process.TryIndex(operation.Page, out indices[k]))
                return k;
        }

        return count;
    }

    /// <summary>Kernels do not depend on each other, so each takes all reads before the next does. Reads create neither tables nor VMAs.</summary>
    private void Read(ReadOnlySpan<int> indices)
    {
        var before = _tables.ProcessesRan;
        foreach (var kernel in _kernels)
        {
            _tables.ProcessesRan = before;
            kernel.Read(indices);
        }
    }

    /// <summary>MADV_PAGEOUT of all memory of all processes: what a recorder does that probes by page-out.</summary>
    public void PageOutAll()
    {
        foreach (var process in _tables.Processes)
        {
            foreach (var area in process.Space.Areas)
            {
                foreach (var run in PageTables.TouchedRuns(process, area.Start, area.End))
                {
                    foreach (var kernel in _kernels)
                        kernel.PageOut(run);
                }
            }
        }
    }

    /// <summary>Recounts every counter and list from scratch. Throws <see cref="InvalidOperationException"/> where they disagree.</summary>
    public void Audit()
    {
        foreach (var kernel in _kernels)
            KernelAudit.Check(kernel, _tables);
    }

    /// <summary>Page table of [page, page + pages) as kernel truth writes it: <c>. Z P C S c</c>, one letter a page.</summary>
    public string PageTable(int lane, uint process, ulong page, int pages) => string.Create(pages, (this, lane, process, page), static (letters, from) =>
    {
        var (simulator, lane, number, page) = from;
        var kernel = simulator._kernels[lane];
        var process = simulator._tables.Find(number);
        for (var k = 0; k < letters.Length; k++)
            letters[k] = process != null && process.TryIndex(page + (ulong)k, out var index) && index < kernel.Entries.Length ? kernel.Letter(index) : '.';
    });

    /// <summary>A load that takes no fault anywhere needs neither VMA nor run. False if it is still to be done, at least for one kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryRead(in Operation operation)
    {
        if (_tables.Find(operation.Process) is not { } process || !process.TryIndex(operation.Page, out var index))
            return false;
        var done = true;
        foreach (var kernel in _kernels)
            done &= kernel.TryTouch(index);
        return done;
    }

    private void ApplyToPages(in Operation operation)
    {
        var process = ProcessOf(operation);
        var end = operation.Page + operation.Pages;
        for (var page = operation.Page; page < end;)
        {
            var run = _tables.RunAt(process, page, end);
            MakeRoom();
            ApplyToRun(operation, run);
            page += (ulong)run.Count;
        }
    }

    /// <summary>madvise: goes through the VMAs in order and stops at the first that is locked (EINVAL).</summary>
    private int Advise(in Operation operation)
    {
        var process = ProcessOf(operation);
        var end = operation.Page + operation.Pages;
        var locked = process.Space.FirstLocked(operation.Page, end);
        foreach (var run in PageTables.TouchedRuns(process, operation.Page, locked?.Start ?? end))
            ApplyToRun(operation, run);
        return locked == null ? 0 : InvalidArgument;
    }

    private void Settle()
    {
        foreach (var kernel in _kernels)
            kernel.Settle();
    }

    private void SetLocked(in Operation operation)
    {
        var locked = operation.Kind == OperationKind.Lock;
        if (!locked)
            ApplyToPages(operation);
        Change(operation, area => area.Locked != locked, area => area.Locked = locked);
        if (!locked)
            return;
        foreach (var run in PageTables.TouchedRuns(ProcessOf(operation), operation.Page, operation.Page + operation.Pages))
        {
            foreach (var kernel in _kernels)
                kernel.LockPresent(run);
        }

        ApplyToPages(operation);
    }

    private void SetHugeAdvice(in Operation operation)
    {
        var advice = operation.Kind == OperationKind.Huge ? HugeAdvice.Wanted : HugeAdvice.Never;
        Change(operation, area => area.Advice != advice, area => area.Advice = advice);
    }

    private void Change(in Operation operation, Predicate<Vma> differs, Action<Vma> change)
    {
        var process = ProcessOf(operation);
        _tables.Change(process, operation.Page, operation.Page + operation.Pages, differs, change, (left, right) => Part(process, left, right), (left, right) =>
        {
            foreach (var kernel in _kernels)
                kernel.JoinArea(left.Id, right.Id);
        });
    }

    private void Part(Process process, Vma left, Vma right)
    {
        MakeRoom();
        foreach (var kernel in _kernels)
        {
            kernel.CopyArea(left.Id, right.Id);
            if (right.Start % PageTables.EntriesPerTable != 0 && process.TryIndex(right.Start, out var index))
                kernel.PartHugeMapping(index);
        }
    }

    private void ForgetTable(int first)
    {
        foreach (var kernel in _kernels)
            kernel.ForgetTable(first);
    }

    private Process ProcessOf(in Operation operation) =>
        _tables.Find(operation.Process) ?? throw new InvalidOperationException($"Process {operation.Process} maps nothing.");

    /// <summary>Gives the kernels room for entries and VMAs that have come to be.</summary>
    private void MakeRoom()
    {
        if (_tables.Capacity == _pagesRoomed && _tables.VmaCapacity == _areasRoomed)
            return;
        (_pagesRoomed, _areasRoomed) = (_tables.Capacity, _tables.VmaCapacity);
        foreach (var kernel in _kernels)
            kernel.EnsureCapacity();
    }

    private void ApplyToRun(in Operation operation, in Run run)
    {
        var incompressible = operation.Content == PageContent.Data
            ? operation.CompressedBytes >= _settings.PageBytes
            : operation.Content == PageContent.Unknown && _settings.UnknownIsIncompressible;
        var content = incompressible ? Pte.Incompressible : Pte.ContentBits(operation.Content);
        for (var lane = 0; lane < _kernels.Length; lane++)
        {
            var kernel = _kernels[lane];
            switch (operation.Kind)
            {
                case OperationKind.Read:
                    kernel.Read(run);
                    break;
                case OperationKind.Write:
                    kernel.Write(run, content);
                    break;
                case OperationKind.Access when _accessesAreWrites[lane] && operation.Content == PageContent.Unknown:
                    kernel.WriteUnchanged(run);
                    break;
                case OperationKind.Access when _accessesAreWrites[lane]:
                    kernel.Write(run, content);
                    break;
                case OperationKind.Access when operation.Content == PageContent.Unknown:
                    kernel.Read(run);
                    break;
                case OperationKind.Access:
                    kernel.ReadKnown(run, content);
                    break;
                case OperationKind.Observe:
                    kernel.Observe(run, content, known: operation.Content != PageContent.Unknown);
                    break;
                case OperationKind.Discard:
                    kernel.Zap(run);
                    break;
                case OperationKind.PageOut:
                    kernel.PageOut(run);
                    break;
                case OperationKind.Cold:
                    kernel.Cold(run);
                    break;
                case OperationKind.LazyFree:
                    kernel.LazyFree(run);
                    break;
                case OperationKind.Lock:
                    kernel.Lock(run);
                    break;
                case OperationKind.Unlock:
                    kernel.Unlock(run);
                    break;
                case OperationKind.Pin:
                    kernel.Pin(run);
                    break;
                case OperationKind.ObservedSwapOut:
                    if (_settings.RecordedReclaim)
                        kernel.SwapOutAsObserved(run);
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(operation), operation.Kind, "Not an operation.");
            }
        }
    }

    private void Unmap(in Operation operation)
    {
        var process = ProcessOf(operation);
        var (start, end) = (operation.Page, operation.Page + operation.Pages);
        _tables.CutForUnmap(process, start, end, (left, right) => Part(process, left, right));
        foreach (var run in PageTables.TouchedRuns(process, start, end))
        {
            foreach (var kernel in _kernels)
                kernel.Zap(run);
        }

        _tables.Unmap(process, start, end, ForgetTable);
    }

    private void Fork(uint parentNumber, uint childNumber)
    {
        if (_tables.Find(childNumber) != null)
            throw new InvalidOperationException($"Process {childNumber} exists and cannot be forked.");
        var child = _tables.AddForked(childNumber, parentNumber);
        if (_tables.Find(parentNumber) is not { } parent)
            return;
        foreach (var area in parent.Space.Areas)
        {
            var copy = _tables.Map(child, area.Start, area.End);
            copy.Advice = area.Advice;
            MakeRoom();
            foreach (var kernel in _kernels)
                kernel.CopyArea(area.Id, copy.Id);

            foreach (var run in PageTables.TouchedRuns(parent, area.Start, area.End))
            {
                var first = _tables.IndexOf(child, run.Page);
                MakeRoom();
                foreach (var kernel in _kernels)
                    kernel.Fork(parent.Family, run, first);
            }
        }
    }

    private void Exit(uint number)
    {
        if (_tables.Find(number) is not { } process)
            return;
        foreach (var area in process.Space.Areas)
        {
            foreach (var run in PageTables.TouchedRuns(process, area.Start, area.End))
            {
                foreach (var kernel in _kernels)
                    kernel.Zap(run);
            }
        }

        foreach (var kernel in _kernels)
            kernel.EndPins(number);
        _tables.Remove(process, ForgetTable);
    }
}
