using System.Numerics;

namespace FleetEstimator.Paging;

/// <summary>
/// The multi-generational LRU of Linux 6.12 for anonymous frames of one memory cgroup (mm/vmscan.c). Frames belong to one of at most four
/// generations; eviction takes the oldest first in, first out, and gives frames that were accessed to the youngest; aging walks page
/// tables and opens a new generation.
/// </summary>
/// <remarks>
/// As in the kernel a frame's generation (its flags) runs ahead of the list it stands on after a walk; eviction sorts it when it gets
/// there. The kernel's Bloom filters over page tables are exact sets here.
/// </remarks>
internal sealed class MultiGenerationalLru(Kernel kernel, PageTables tables, int group) : ReclaimPolicy(kernel, group)
{
    private const int GenerationsMin = 2;
    private const int GenerationsMax = 4;

    // MIN_LRU_BATCH and MAX_LRU_BATCH: frames isolated and looked at in one go.
    private const int BatchMin = 64;
    private const int BatchMax = 4096;

    // One young entry per cache line of eight makes a table worth walking again (suitable_to_scan).
    private const int EntriesPerCacheLine = 8;

    private readonly long[] _sizes = new long[GenerationsMax];
    private readonly HashSet<int>?[] _worthWalking = new HashSet<int>?[2];
    private readonly int[] _isolated = new int[BatchMin];
    private long _oldest;
    private long _youngest = GenerationsMin + 1;
    private long _reclaimed;

    // PageTables.ProcessesRan at the last look: page tables are walked again only after a process has run (lru_gen_use_mm).
    private long _ranAtWalk = -1;

    private int Generations => (int)(_youngest - _oldest + 1);

    private int YoungestList => (int)(_youngest % GenerationsMax);

    /// <summary>A frame that a fault brought in joins the youngest generation.</summary>
    protected override void Insert(int node) => AddYoungest(node);

    protected override void TakeOff(int node, int pages, NodeFlags flags)
    {
        _sizes[GenerationIn(flags)] -= pages;
        Lists.Remove(node);
    }

    public override void Activate(int node) => MoveToYoungest(node);

    public override IEnumerable<(string What, long Kept, long Recounted)> Counts()
    {
        var recounted = new long[GenerationsMax];
        for (var list = 0; list < FrameLists.PerGroup; list++)
        {
            foreach (var node in FromTail(list))
                recounted[GenerationOf(node)] += Kernel.FolioPages(node);
        }

        for (var generation = 0; generation < GenerationsMax; generation++)
            yield return ($"frames of generation {generation}", _sizes[generation], recounted[generation]);
    }

    public override void ForgetTable(int first)
    {
        foreach (var tablesWorthIt in _worthWalking)
            tablesWorthIt?.Remove(first);
    }

    public override long Shrink(int priority, long wanted)
    {
        var before = _reclaimed;

        // get_swappiness: with fewer free slots than a batch, anonymous memory is not looked at.
        if (Kernel.FreeSlots >= BatchMin)
            Shrink(priority);
        return _reclaimed - before;
    }

    /// <summary>try_to_shrink_lruvec: scans its budget out, without an early stop when enough was reclaimed.</summary>
    private void Shrink(int priority)
    {
        for (var scanned = 0L; ;)
        {
            var budget = Budget(priority);
            if (budget <= 0)
                return;
            var now = Evict();
            scanned += now;
            if (now == 0 || scanned >= budget)
                return;
        }
    }

    /// <summary>get_nr_to_scan: frames to look at, or none after aging instead.</summary>
    private long Budget(int priority)
    {
        var mustAge = MustAge(out var total);
        if (!mustAge || priority == MemoryGroup.PriorityAtFirst)
            return total >> priority;
        Age();
        return 0;
    }

    /// <summary>should_run_aging.</summary>
    private bool MustAge(out long total)
    {
        total = 0;
        if (_oldest + GenerationsMin > _youngest)
            return true;
        var (young, old) = (0L, 0L);
        for (var generation = _oldest; generation <= _youngest; generation++)
        {
            var size = _sizes[generation % GenerationsMax];
            total += size;
            if (generation == _youngest)
                young += size;
            else if (generation + GenerationsMin == _youngest)
                old += size;
        }

        if (_oldest + GenerationsMin < _youngest)
            return false;
        return young * GenerationsMin > total || old * (GenerationsMin + 2) < total;
    }

    // ---- Eviction --------------------------------------------------------------------------------------------------------------

    /// <summary>evict_folios: one batch from the oldest generation. Frames looked at, 0 when eviction has to stop.</summary>
    private int Evict()
    {
        var scanned = Isolate(out var isolated);
        var oldestBefore = _oldest;
        while (_oldest + GenerationsMin <= _youngest && IsEmpty((int)(_oldest % GenerationsMax)))
            _oldest++;
        if (_oldest != oldestBefore)
            scanned++;
        if (Generations == GenerationsMin)
            scanned = 0;

        var kept = 0;
        for (var k = 0; k < isolated; k++)
        {
            var node = _isolated[k];
            if (!WasAccessed(node))
            {
                var frames = Frames;
                Kernel.SwapOut(node);
                _reclaimed += frames - Frames;
                if (!Kernel.HasFrame(node))
                    continue;
            }

            _isolated[kept++] = node;
        }

        // move_folios_to_lru, after the whole batch: what could not be evicted joins the youngest generation.
        for (var k = 0; k < kept; k++)
            MoveToYoungest(_isolated[k]);
        return scanned;
    }

    /// <summary>scan_folios: takes up to a batch off the oldest list, sorting away what a walk has promoted.</summary>
    private int Isolate(out int isolated)
    {
        isolated = 0;
        if (Generations == GenerationsMin)
            return 0;
        var oldest = (int)(_oldest % GenerationsMax);
        var remaining = BatchMax;
        var (scannedPages, isolatedPages) = (0, 0);
        for (var node = Tail(oldest); isolatedPages < BatchMin && remaining > 0 && !IsHead(oldest, node);)
        {
            remaining--;
            var above = Lists.Above(node);
            Kernel.PrefetchEntry(node);
            var pages = Kernel.FolioPages(node);
            scannedPages += pages;
            var state = Kernel.LruStateOf(node);
            if (GenerationIn(state) != oldest)
            {
                Lists.Remove(node);
                AddHead(GenerationIn(state), node, state);
            }
            else
            {
                Kernel.SetLruState(node, state | NodeFlags.Isolated);
                _isolated[isolated++] = node;
                isolatedPages += pages;
            }

            node = above;
        }

        // Still counted and linked as a list of its own, so that swap-out and unmapping can take it off as usual.
        if (isolated > 0)
            MoveTail(oldest, _isolated[isolated - 1], IsolationList);
        return isolated > 0 || remaining == 0 ? scannedPages : 0;
    }

    private const int IsolationList = GenerationsMax;

    /// <summary>folio_check_references with lru_gen_look_around: was any entry young, here or found so while a neighbour was looked at?</summary>
    private bool WasAccessed(int node)
    {
        var state = Kernel.LruStateOf(node);
        Kernel.SetLruState(node, state & ~(NodeFlags.Isolated | NodeFlags.Referenced));
        if ((state & NodeFlags.Referenced) != 0 && Kernel.MapCountOf(node) > 0)
            return true;

        var accessed = false;
        if (node >= 0)
        {
            if (Kernel.FolioPages(node) == 1)
                return TakeYoungAndLookAround(node);
            for (var index = node; index < (node | (Kernel.FolioPages(node) - 1)) + 1; index++)
                accessed |= Kernel.FolioOf(index) == node && TakeYoungAndLookAround(index);
            return accessed;
        }

        // Looking around collects no mappers, so the span stays valid.
        foreach (var index in Kernel.CollectMappers(node))
            accessed |= TakeYoungAndLookAround(index);
        return accessed;
    }

    private bool TakeYoungAndLookAround(int index)
    {
        if (!TakeYoung(index))
            return false;
        LookAround(index);
        return true;
    }

    /// <summary>lru_gen_look_around: an accessed page's neighbours are likely accessed too; those that are join the youngest generation.</summary>
    private void LookAround(int index)
    {
        var (process, page) = tables.Locate(index);
        var area = process.Space.Find(page)!;
        var run = new Run(area, page, index, 1);
        var (start, end) = run.Clip(index, (long)area.Start, (long)area.End);
        if (end - start == 1)
            return;
        if (end - start > BatchMin)
        {
            if (index - start < BatchMin / 2)
                end = start + BatchMin;
            else if (end - index <= BatchMin / 2)
                start = end - BatchMin;
            else
                (start, end) = (index - BatchMin / 2, index + BatchMin / 2);
        }

        var young = 1;
        for (var left = PteRuns.TakeYoung(Kernel.Entries.AsSpan(start, end - start)); left != 0; left &= left - 1)
        {
            young++;
            var node = Kernel.FolioOf(start + BitOperations.TrailingZeroCount(left));
            var state = Kernel.LruStateOf(node);
            if ((state & NodeFlags.Isolated) != 0)
                Kernel.SetLruState(node, state | NodeFlags.Referenced);
            else if (GenerationIn(state) != YoungestList)
                MoveToYoungest(node);
        }

        if (young * EntriesPerCacheLine >= end - start)
            _worthWalking[_youngest % 2]?.Add(TableOf(index));
    }

    private bool TakeYoung(int index)
    {
        ref var entry = ref Kernel.Entries[index];
        if (!PteRuns.IsYoungFrame(entry))
            return false;
        entry &= unchecked((byte)~Pte.Young);
        return true;
    }

    // ---- Aging -----------------------------------------------------------------------------------------------------------------

    /// <summary>try_to_inc_max_seq: moves what page tables say was accessed to the youngest generation, then opens a new one.</summary>
    private void Age()
    {
        if (_ranAtWalk != tables.ProcessesRan)
            WalkPageTables();
        _ranAtWalk = tables.ProcessesRan;
        while (Generations == GenerationsMax && !MergeOldest())
        {
        }

        _youngest++;
    }

    private void WalkPageTables()
    {
        var filter = _worthWalking[_youngest % 2];
        var next = _worthWalking[(_youngest + 1) % 2] ??= [];
        next.Clear();
        foreach (var process in tables.Processes)
        {
            if (process.Family.Group != Group)
                continue;
            foreach (var (table, first) in process.Tables)
            {
                ref var accessed = ref Kernel.TableAccessed[first / PageTables.EntriesPerTable];
                if (filter != null && !accessed)
                    continue;
                accessed = false;
                if (filter != null && !filter.Contains(first))
                    continue;
                if (WalkTable(process, table, first))
                    next.Add(first);
            }
        }
    }

    /// <summary>walk_pte_range; true if enough entries were young for the table to be walked again next time.</summary>
    private bool WalkTable(Process process, ulong table, int first)
    {
        var (tableStart, tableEnd) = (table * PageTables.EntriesPerTable, (table + 1) * PageTables.EntriesPerTable);
        var (total, young) = (0, 0);
        foreach (var area in process.Space.AreasIn(tableStart, tableEnd))
        {
            var start = first + (int)(Math.Max(area.Start, tableStart) - tableStart);
            var end = first + (int)(Math.Min(area.End, tableEnd) - tableStart);
            total += end - start;
            for (; start < end; start += PteRuns.YoungAtOnce)
            {
                var taken = PteRuns.TakeYoung(Kernel.Entries.AsSpan(start, Math.Min(end - start, PteRuns.YoungAtOnce)));
                young += BitOperations.PopCount(taken);
                for (; taken != 0; taken &= taken - 1)
                    SetGeneration(Kernel.FolioOf(start + BitOperations.TrailingZeroCount(taken)), YoungestList);
            }
        }

        return young * EntriesPerCacheLine >= total;
    }

    /// <summary>inc_min_seq: the two oldest generations become one; false after a batch, to be continued.</summary>
    private bool MergeOldest()
    {
        var oldest = (int)(_oldest % GenerationsMax);
        var second = (int)((_oldest + 1) % GenerationsMax);
        for (var remaining = BatchMax; !IsEmpty(oldest);)
        {
            var node = Tail(oldest);
            Lists.Remove(node);
            if (GenerationOf(node) == oldest)
                SetGeneration(node, second);
            AddTail(GenerationOf(node), node, Kernel.LruStateOf(node));
            if (--remaining == 0)
                return false;
        }

        _oldest++;
        return true;
    }

    // ---- Generations -----------------------------------------------------------------------------------------------------------

    private const NodeFlags GenerationMask = NodeFlags.GenerationLow | NodeFlags.GenerationHigh;

    private int GenerationOf(int node) => GenerationIn(Kernel.LruStateOf(node));

    private static int GenerationIn(NodeFlags flags) => (int)(flags & GenerationMask);

    private void SetGeneration(int node, int generation)
    {
        var state = Kernel.LruStateOf(node);
        if (GenerationIn(state) == generation)
            return;
        var pages = Kernel.FolioPages(node);
        _sizes[GenerationIn(state)] -= pages;
        Kernel.SetLruState(node, (state & ~GenerationMask) | (NodeFlags)generation);
        _sizes[generation] += pages;
    }

    private void AddYoungest(int node)
    {
        _sizes[YoungestList] += Kernel.FolioPages(node);
        AddHead(YoungestList, node, (NodeFlags)YoungestList);
    }

    private void MoveToYoungest(int node)
    {
        TakeOff(node);
        AddYoungest(node);
    }

    private static int TableOf(int index) => index - index % PageTables.EntriesPerTable;
}
