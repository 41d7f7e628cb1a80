namespace FleetEstimator.KernelTruthTests.Naive;

/// <summary>
/// The multi-generational LRU (mm/vmscan.c of 6.12) with plain lists: the end of a list is its head, where frames join; eviction takes from the front. What
/// the model leaves out stands in the README of FleetEstimator.Paging and is left out here too: exact sets for Bloom filters, no per-CPU batches, mlocked
/// frames stay on their list, charges are not batched, what was written is on the device when the caller of reclaim looks again.
/// </summary>
internal sealed class NaiveLru(NaiveKernel kernel)
{
    // MIN_NR_GENS, MAX_NR_GENS, MIN_LRU_BATCH, MAX_LRU_BATCH, DEF_PRIORITY, SWAP_CLUSTER_MAX, MAX_RECLAIM_RETRIES; eight entries to a cache line.
    private const int GenerationsMin = 2;
    private const int GenerationsMax = 4;
    private const int BatchMin = 64;
    private const int BatchMax = 4096;
    private const int PriorityAtFirst = 12;
    private const int ReclaimMin = 32;
    private const int Retries = 16;
    private const int EntriesPerCacheLine = 8;

    private readonly List<Folio>[] _lists = [[], [], [], []];
    private readonly List<Folio> _isolated = [];
    private readonly HashSet<(Process Process, ulong Table)>?[] _filters = new HashSet<(Process, ulong)>?[2];
    private long _oldest;
    private long _youngest = 3;
    private bool _mayWalk = true;

    /// <summary>Pages of all folios there are.</summary>
    public long Frames => Sizes().Sum();

    private int Generations => (int)(_youngest - _oldest + 1);

    public void ProcessesRan() => _mayWalk = true;

    /// <summary>lru_gen_add_folio of what a fault brought in.</summary>
    public void AddFaulted(Folio folio)
    {
        folio.Generation = _youngest;
        AddHead(ListOf(_youngest), folio);
    }

    public static void Remove(Folio folio)
    {
        if (folio.List?.Remove(folio) != true)
            throw new InvalidOperationException("A folio that is not on its list.");
        folio.List = null;
    }

    public void ForgetTable(Process process, ulong table)
    {
        foreach (var filter in _filters)
            filter?.Remove((process, table));
    }

    public void ForgetTables(Process process)
    {
        foreach (var filter in _filters)
            filter?.RemoveWhere(table => table.Process == process);
    }

    // ---- Who asks --------------------------------------------------------------------------------------------------------------

    /// <summary>try_charge_memcg.</summary>
    public bool TryMakeRoom(int frames)
    {
        for (var attempt = 0; kernel.Frames + frames > kernel.LimitFrames && attempt < Retries;)
        {
            if (TryToFree(frames) == 0)
                attempt++;
        }

        return kernel.Frames + frames <= kernel.LimitFrames;
    }

    /// <summary>memory_max_write.</summary>
    public void ReclaimTo(long frames)
    {
        for (var attempt = 0; kernel.Frames > frames && attempt < Retries;)
        {
            if (TryToFree(kernel.Frames - frames) == 0)
                attempt++;
        }
    }

    /// <summary>memory_reclaim: a quarter of what is left at a time.</summary>
    public void ReclaimProactively(long frames)
    {
        var done = 0L;
        for (var attempt = 0; done < frames && attempt < Retries;)
        {
            var freed = TryToFree((frames - done) / (kernel.Mechanism.ReclaimsOnRequestInParts ? 4 : 1));
            done += freed;
            if (freed == 0)
                attempt++;
        }
    }

    /// <summary>do_try_to_free_pages.</summary>
    private long TryToFree(long wanted)
    {
        wanted = Math.Max(wanted, ReclaimMin);
        var freed = 0L;
        for (var priority = PriorityAtFirst; priority >= 0 && freed < wanted; priority--)
        {
            freed += Shrink(priority);
            kernel.ShrinkDeferredSplits(priority);
        }

        kernel.Settle();
        return freed;
    }

    /// <summary>try_to_shrink_lruvec: the whole budget, even when enough was freed before (should_abort_scan, for a memory cgroup).</summary>
    private long Shrink(int priority)
    {
        // get_swappiness: with fewer free slots than a batch anonymous memory is left alone.
        if (kernel.FreeSlots < BatchMin)
            return 0;
        var (freed, scanned) = (0L, 0L);
        while (true)
        {
            var budget = Budget(priority);
            if (budget <= 0)
                return freed;
            var now = Evict(ref freed);
            scanned += now;
            if (now == 0 || scanned >= budget)
                return freed;
        }
    }

    /// <summary>get_nr_to_scan.</summary>
    private long Budget(int priority)
    {
        if (!MustAge(out var total) || priority == PriorityAtFirst)
            return total >> priority;
        Age();
        return 0;
    }

    /// <summary>should_run_aging.</summary>
    private bool MustAge(out long total)
    {
        var sizes = Sizes();
        total = 0;
        if (_oldest + GenerationsMin > _youngest)
            return true;
        for (var generation = _oldest; generation <= _youngest; generation++)
            total += sizes[generation % GenerationsMax];
        if (_oldest + GenerationsMin < _youngest)
            return false;
        var (young, old) = (sizes[_youngest % GenerationsMax], sizes[(_youngest - GenerationsMin) % GenerationsMax]);
        return young * GenerationsMin > total || old * (GenerationsMin + 2) < total;
    }

    // ---- Eviction --------------------------------------------------------------------------------------------------------------

    /// <summary>evict_folios: one batch.</summary>
    private long Evict(ref long freed)
    {
        var scanned = Isolate(out var batch);

        // try_to_inc_min_seq.
        var before = _oldest;
        while (_oldest + GenerationsMin <= _youngest && ListOf(_oldest).Count == 0)
            _oldest++;
        if (_oldest > before)
            scanned++;
        if (Generations == GenerationsMin)
            scanned = 0;

        var kept = new List<Folio>();
        var frames = Frames;
        foreach (var folio in batch)
        {
            folio.Isolated = false;
            if (!WasAccessed(folio) && SwapOut(folio) is { } rest)
                kept.Add(rest);
            else if (folio.List != null)
                kept.Add(folio);
        }

        freed += frames - Frames;
        foreach (var folio in kept)
            MoveToYoungest(folio);
        return scanned;
    }

    /// <summary>Of a folio that was split, the small one whose page stood for it on the list, if it is still there.</summary>
    private Folio? SwapOut(Folio folio)
    {
        if (!folio.IsLarge)
        {
            kernel.SwapOut(folio);
            return null;
        }

        var (process, page, _) = kernel.MappersOf(folio)[0];
        kernel.SwapOut(folio);
        return folio.List == null && kernel.FolioOf(process.EntryOf(page)) is { List: not null } rest ? rest : null;
    }

    /// <summary>scan_folios: off the front of the oldest list; what a page table walk has promoted goes where it belongs (sort_folio).</summary>
    private long Isolate(out List<Folio> batch)
    {
        batch = [];
        if (Generations == GenerationsMin)
            return 0;
        var list = ListOf(_oldest);
        var (remaining, scanned, isolated) = (BatchMax, 0L, 0);
        while (list.Count > 0 && isolated < BatchMin && remaining > 0)
        {
            remaining--;
            var folio = list[0];
            Remove(folio);
            scanned += folio.Pages;
            if (folio.Generation != _oldest)
            {
                AddHead(ListOf(folio.Generation), folio);
                continue;
            }

            folio.Isolated = true;
            AddHead(_isolated, folio);
            batch.Add(folio);
            isolated += folio.Pages;
        }

        return isolated > 0 || remaining == 0 ? scanned : 0;
    }

    /// <summary>shrink_folio_list's look at the referenced flag, then folio_referenced with lru_gen_look_around.</summary>
    private bool WasAccessed(Folio folio)
    {
        var promoted = folio.Referenced && kernel.IsMapped(folio);
        folio.Referenced = false;
        if (promoted)
            return true;
        var accessed = false;
        foreach (var (process, page, entry) in kernel.MappersOf(folio))
        {
            if (!entry.Young)
                continue;
            entry.Young = false;
            accessed = true;
            LookAround(process, page);
        }

        return accessed;
    }

    /// <summary>lru_gen_look_around: neighbours in the VMA and the table, at most a batch of them.</summary>
    private void LookAround(Process process, ulong page)
    {
        var area = process.AreaOf(page);
        var table = Process.TableOf(page) * Process.PagesPerTable;
        var start = Math.Max(area.Start, table);
        var end = Math.Min(area.End, table + Process.PagesPerTable);
        if (end - start == 1)
            return;
        if (end - start > BatchMin)
        {
            if (page - start < BatchMin / 2)
                end = start + BatchMin;
            else if (end - page <= BatchMin / 2)
                start = end - BatchMin;
            else
                (start, end) = (page - BatchMin / 2, page + BatchMin / 2);
        }

        var young = 1UL;
        for (var near = start; near < end; near++)
        {
            if (process.EntryOf(near) is not { Kind: EntryKind.Mapped, Young: true } entry)
                continue;
            entry.Young = false;
            young++;
            if (entry.Folio!.Isolated)
                entry.Folio.Referenced = true;
            else if (entry.Folio.Generation != _youngest)
                MoveToYoungest(entry.Folio);
        }

        if (young * EntriesPerCacheLine >= end - start)
            _filters[_youngest % 2]?.Add((process, Process.TableOf(page)));
    }

    // ---- Aging -----------------------------------------------------------------------------------------------------------------

    /// <summary>try_to_inc_max_seq.</summary>
    private void Age()
    {
        if (_mayWalk)
            WalkPageTables();
        _mayWalk = false;
        if (Generations == GenerationsMax)
            MergeOldest();
        _youngest++;
    }

    /// <summary>walk_pmd_range: tables whose accessed bit is set and which the filter lets through; the first walk takes all.</summary>
    private void WalkPageTables()
    {
        var filter = _filters[_youngest % 2];
        var next = new HashSet<(Process, ulong)>();
        foreach (var process in kernel.Processes)
        {
            foreach (var table in process.Tables.Keys)
            {
                var accessed = process.AccessedTables.Contains(table);
                if (filter != null && !accessed)
                    continue;
                process.AccessedTables.Remove(table);
                if ((filter == null || filter.Contains((process, table))) && WalkTable(process, table))
                    next.Add((process, table));
            }
        }

        _filters[(_youngest + 1) % 2] = next;
    }

    /// <summary>walk_pte_range and suitable_to_scan: promotes what is young, without moving it yet (folio_update_gen).</summary>
    private bool WalkTable(Process process, ulong table)
    {
        var (total, young) = (0, 0);
        foreach (var area in process.Areas)
        {
            var start = Math.Max(area.Start, table * Process.PagesPerTable);
            var end = Math.Min(area.End, (table + 1) * Process.PagesPerTable);
            for (var page = start; page < end; page++)
            {
                total++;
                if (process.EntryOf(page) is not { Kind: EntryKind.Mapped, Young: true } entry)
                    continue;
                young++;
                entry.Young = false;
                entry.Folio!.Generation = _youngest;
            }
        }

        return young * EntriesPerCacheLine >= total;
    }

    /// <summary>inc_min_seq: the two oldest generations become one.</summary>
    private void MergeOldest()
    {
        var oldest = ListOf(_oldest);
        while (oldest.Count > 0)
        {
            var folio = oldest[0];
            Remove(folio);
            if (folio.Generation == _oldest)
                folio.Generation++;
            folio.List = ListOf(folio.Generation);
            folio.List.Insert(0, folio);
        }

        _oldest++;
    }

    // ---- Generations -----------------------------------------------------------------------------------------------------------

    private List<Folio> ListOf(long generation) => _lists[generation % GenerationsMax];

    /// <summary>Pages of each generation, by its number modulo four: what a walk has promoted counts where it belongs, not where it stands.</summary>
    private long[] Sizes()
    {
        var sizes = new long[GenerationsMax];
        foreach (var list in _lists)
            AddSizes(list, sizes);
        AddSizes(_isolated, sizes);
        return sizes;
    }

    private static void AddSizes(List<Folio> list, long[] sizes)
    {
        foreach (var folio in list)
            sizes[folio.Generation % GenerationsMax] += folio.Pages;
    }

    private static void AddHead(List<Folio> list, Folio folio)
    {
        folio.List = list;
        list.Add(folio);
    }

    public void MoveToYoungest(Folio folio)
    {
        Remove(folio);
        AddFaulted(folio);
    }
}
