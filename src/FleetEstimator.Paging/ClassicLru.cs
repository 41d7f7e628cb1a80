namespace FleetEstimator.Paging;

/// <summary>
/// The classic LRU for anonymous frames of one memory cgroup (mm/vmscan.c, mm/workingset.c, mm/swap.c): an inactive list that reclaim takes
/// from, and an active list of frames found in use twice or brought back soon after they went.
/// </summary>
/// <remarks>
///   event                                         frame goes to
///   faulted in                                    inactive head
///   swapped in, evictions and activations
///     since it went at most the active size       active head (a refault of the working set)
///   inactive tail, not young                      out
///   inactive tail, young for the first time       inactive head, Referenced
///   inactive tail, young again, or of two mappers active head
///   inactive tail, under write-back, no slot      active head
///   active tail, if refaults were activated or
///     inactive is smaller than active             inactive head, WorkingSet
///   MADV_FREE                                     inactive file head
///   MADV_COLD, active                             inactive head, WorkingSet
///   write-back ends                               inactive tail
///   locked, when reclaim meets it                 unevictable, until it is unlocked
///
/// There are no file pages but lazily freed ones (MADV_FREE), so the file's active list is always empty.
/// </remarks>
internal sealed class ClassicLru(Kernel kernel, int group) : ReclaimPolicy(kernel, group)
{
    private const int Inactive = 0;
    private const int Active = 1;
    private const int InactiveFile = 2;
    private const int Unevictable = 3;
    private const int ListCount = 4;
    private const int IsolationList = ListCount;

    // SWAP_CLUSTER_MAX: frames looked at in one go, and what I/O costs in looks.
    private const int Batch = 32;

    // vm.swappiness at its default, of at most 200: the less, the more of the scan goes to the file's lists.
    private const int Swappiness = 60;
    private const int SwappinessMax = 200;

    private readonly long[] _sizes = new long[ListCount];
    private readonly int[] _isolated = new int[Batch];

    /// <summary>The statistics as last flushed: what the kernel's heuristics go by.</summary>
    private Statistics _flushed;
    private long _changesOfLists;
    private long _changesFlushed;

    /// <summary>Frames evicted or activated so far: the clock by which a page's absence is measured (nonresident_age).</summary>
    private long _age;
    private long _refaultsActivated;
    private long _refaultsActivatedAtLastReclaim;
    private long _costAnon;
    private long _costFile;
    private bool _mayDeactivate;
    private bool _deactivationSkipped;
    private bool _deactivationForced;

    private record struct Statistics(long Inactive, long Active, long InactiveFile, long RefaultsActivated)
    {
        public readonly long Total => Inactive + Active + InactiveFile;

        /// <summary>inactive_is_low; the more memory, the smaller a share the inactive list may have.</summary>
        public readonly bool InactiveIsLow(int pageBytes)
        {
            var gibibytes = (Inactive + Active) * pageBytes >> 30;
            var ratio = gibibytes == 0 ? 1 : (long)Math.Sqrt(10 * gibibytes);
            return Inactive * ratio < Active;
        }
    }

    private bool InactiveIsLow => _flushed.InactiveIsLow(Kernel.PageBytes);

    // ---- Frames come and go ----------------------------------------------------------------------------------------------------

    protected override void Insert(int node) => Add(node, NodeFlags.None);

    protected override void InsertRefaulted(int node, long shadow)
    {
        var state = NodeFlags.None;
        _changesOfLists++;
        if (WorkingSetHasRoom(shadow))
        {
            var pages = Kernel.FolioPages(node);
            state |= NodeFlags.Active;
            _age += pages;
            _refaultsActivated += pages;
            _changesOfLists++;
            if ((shadow & 1) != 0)
            {
                state |= NodeFlags.WorkingSet;
                _changesOfLists++;
                NoteCost(pages * (Kernel.Mechanism.ReclaimCostCountsLooks ? Batch : 1), ref _costAnon);
            }
        }

        Add(node, state);
    }

    /// <summary>workingset_test_recent: could the page have stayed, had the active list been the shorter for it?</summary>
    private bool WorkingSetHasRoom(long shadow) =>
        _age - (shadow >> 1) <= _flushed.InactiveFile + (Kernel.HasFreeSlot ? _flushed.Active : 0);

    protected override void TakeOff(int node, int pages, NodeFlags flags)
    {
        _sizes[ListOf(flags)] -= pages;
        Lists.Remove(node);
    }

    /// <summary>workingset_eviction: the page's shadow is the time, and whether it ever was active.</summary>
    public override long Evict(int pages, NodeFlags flags)
    {
        var shadow = (_age << 1) | ((flags & NodeFlags.WorkingSet) != 0 ? 1L : 0);
        _age += pages;
        return shadow;
    }

    public override void Activate(int node) => Move(node, NodeFlags.Active, NodeFlags.None);

    public override void Deactivate(int node)
    {
        var state = Kernel.LruStateOf(node) & ~NodeFlags.Referenced;
        Kernel.SetLruState(node, state);
        if ((state & (NodeFlags.Active | NodeFlags.Unevictable)) == NodeFlags.Active)
            Move(node, NodeFlags.WorkingSet, NodeFlags.Active);
    }

    public override void FreeLazily(int node)
    {
        var unevictable = (Kernel.LruStateOf(node) & NodeFlags.Unevictable) != 0;
        if (!unevictable)
            TakeOff(node);
        Kernel.AddFlags(node, NodeFlags.LazilyFreed);
        if (!unevictable)
            Add(node, Kernel.LruStateOf(node) & ~(NodeFlags.Active | NodeFlags.Referenced));
    }

    public override void WriteBackEnded(int node)
    {
        // lru_move_tail.
        var flags = Kernel.FlagsOf(node);
        if ((flags & (NodeFlags.Unevictable | NodeFlags.Dirty)) != 0)
            return;
        TakeOff(node);
        flags &= ~NodeFlags.Active;
        _sizes[ListOf(flags)] += Kernel.FolioPages(node);
        AddTail(ListOf(flags), node, flags & NodeFlags.LruState);
    }

    public override void Unlocked(int node)
    {
        if ((Kernel.FlagsOf(node) & NodeFlags.Unevictable) != 0)
            Move(node, NodeFlags.None, NodeFlags.Unevictable | NodeFlags.Active);
    }

    public override IEnumerable<(string What, long Kept, long Recounted)> Counts()
    {
        var recounted = new long[ListCount];
        for (var list = 0; list < FrameLists.PerGroup; list++)
        {
            foreach (var node in FromTail(list))
                recounted[ListOf(Kernel.FlagsOf(node))] += Kernel.FolioPages(node);
        }

        for (var list = 0; list < ListCount; list++)
            yield return ($"frames of LRU list {list}", _sizes[list], recounted[list]);
    }

    private static int ListOf(NodeFlags flags)
    {
        if ((flags & NodeFlags.Unevictable) != 0)
            return Unevictable;
        if ((flags & NodeFlags.Active) != 0)
            return Active;
        return (flags & NodeFlags.LazilyFreed) != 0 ? InactiveFile : Inactive;
    }

    private void Add(int node, NodeFlags state)
    {
        _changesOfLists++;
        var list = ListOf((Kernel.FlagsOf(node) & ~NodeFlags.LruState) | state);
        _sizes[list] += Kernel.FolioPages(node);
        AddHead(list, node, state);
    }

    /// <summary>Puts a frame where its state, changed, says.</summary>
    private void Move(int node, NodeFlags set, NodeFlags clear)
    {
        TakeOff(node);
        Add(node, (Kernel.LruStateOf(node) & ~clear) | set);
    }

    // ---- Statistics ------------------------------------------------------------------------------------------------------------

    public override void FlushStatistics()
    {
        _flushed = new Statistics(_sizes[Inactive], _sizes[Active], _sizes[InactiveFile], _refaultsActivated);
        _changesFlushed = Changes();
    }

    public override void FlushStatisticsIfChanged()
    {
        // Of one CPU's batches, one more than there are CPUs. Counted as for one CPU.
        if (Changes() - _changesFlushed >= 2 * Kernel.Mechanism.StatisticsBatch)
            FlushStatistics();
    }

    /// <summary>Changes of the cgroup's statistics so far (calls of memcg_rstat_updated, times what changed).</summary>
    private long Changes()
    {
        var counters = Kernel.Counters;
        var swapIns = counters.SwapIns + counters.ZeroSwapIns + counters.ZswapIns;
        return _changesOfLists
            + counters.MinorFaults + (2 * counters.MajorFaults) // PGFAULT, PGMAJFAULT
            + counters.NewFrames                                // NR_ANON_MAPPED
            + (2 * swapIns)                                     // NR_ANON_MAPPED, MEMCG_SWAP
            + counters.ZeroPagesMappedAtSwapIn                  // MEMCG_SWAP
            + (4 * Kernel.PageOuts)                             // NR_ANON_MAPPED, MEMCG_SWAP, NR_SWAPCACHE up and down
            + counters.ZeroSwapIns + counters.ZeroSwapOuts;     // SWPIN_ZERO, SWPOUT_ZERO
    }

    // ---- Reclaim ---------------------------------------------------------------------------------------------------------------

    /// <summary>prepare_scan_control and shrink_lruvec.</summary>
    public override long Shrink(int priority, long wanted)
    {
        if (Kernel.Mechanism.FlushesStatisticsAtReclaim)
            FlushStatisticsIfChanged();
        _mayDeactivate = _deactivationForced || InactiveIsLow || _flushed.RefaultsActivated != _refaultsActivatedAtLastReclaim;
        var before = Frames;
        Scan(ScanTargets(priority), wanted);
        if (InactiveIsLow)
            ShrinkActive(Batch);
        return before - Frames;
    }

    /// <summary>do_try_to_free_pages after its passes: start over, deactivating come what may?</summary>
    public override bool PassesEnd(long reclaimed)
    {
        _refaultsActivatedAtLastReclaim = _flushed.RefaultsActivated;
        var again = reclaimed == 0 && _deactivationSkipped && !_deactivationForced;
        _deactivationForced = again;
        _deactivationSkipped = false;
        return again;
    }

    /// <summary>get_scan_count: frames to look at in this pass.</summary>
    private (long Inactive, long Active, long File) ScanTargets(int priority)
    {
        var (inactive, active, file) = (_sizes[Inactive] >> priority, _sizes[Active] >> priority, _sizes[InactiveFile] >> priority);

        // can_reclaim_anon_pages; cache_trim_mode.
        if (!Kernel.HasFreeSlot || (priority > 0 && _flushed.InactiveFile >> priority > 0))
            return (0, 0, file);
        if (priority == 0)
            return (inactive, active, file);

        // The pressure on a kind of frames is inversely proportional to what reclaiming them has cost lately. With no cost yet anonymous
        // frames get 60 of 200; with all cost theirs, 90 of 510.
        var total = _costAnon + _costFile;
        var (costAnon, costFile) = (total + _costAnon, total + _costFile);
        total = costAnon + costFile;
        var shareAnon = Swappiness * (total + 1) / (costAnon + 1);
        var shareFile = (SwappinessMax - Swappiness) * (total + 1) / (costFile + 1);
        var whole = shareAnon + shareFile;
        return (inactive * shareAnon / whole, active * shareAnon / whole, file * shareFile / whole);
    }

    /// <summary>shrink_lruvec's loop: batches of each list in turn, until all is looked at or enough is reclaimed.</summary>
    private void Scan((long Inactive, long Active, long File) targets, long wanted)
    {
        var left = targets;
        for (var reclaimed = 0L; left.Inactive > 0 || left.File > 0;)
        {
            reclaimed += ShrinkInactive(Inactive, TakeBatch(ref left.Inactive), ref _costAnon);
            var active = TakeBatch(ref left.Active);
            if (active > 0 && _mayDeactivate)
                ShrinkActive(active);
            _deactivationSkipped |= active > 0 && !_mayDeactivate;
            reclaimed += ShrinkInactive(InactiveFile, TakeBatch(ref left.File), ref _costFile);
            if (reclaimed < wanted)
                continue;

            // Enough: the kind with less left is done, of the other only as large a part is looked at as was of it.
            var (anonLeft, fileLeft) = (left.Inactive + left.Active, left.File);
            if (anonLeft == 0 || fileLeft == 0)
                return;
            if (fileLeft > anonLeft)
            {
                var percent = anonLeft * 100 / (targets.Inactive + targets.Active + 1);
                left = (0, 0, Remaining(targets.File, left.File, percent));
            }
            else
            {
                var percent = fileLeft * 100 / (targets.File + 1);
                left = (Remaining(targets.Inactive, left.Inactive, percent), Remaining(targets.Active, left.Active, percent), 0);
            }
        }

        static int TakeBatch(ref long left)
        {
            var batch = (int)Math.Min(left, Batch);
            left -= batch;
            return batch;
        }

        static long Remaining(long target, long left, long percent) => Math.Max(0, target * (100 - percent) / 100 - (target - left));
    }

    /// <summary>shrink_inactive_list: looks at frames from the tail. Returns how many went.</summary>
    private long ShrinkInactive(int list, int pages, ref long cost)
    {
        if (pages == 0)
            return 0;
        var (framesBefore, pageOutsBefore) = (Frames, Kernel.PageOuts);
        var count = Isolate(list, pages, out var looked);
        for (var k = 0; k < count; k++)
            Look(_isolated[k]);

        // move_folios_to_lru, after the whole batch.
        for (var k = 0; k < count; k++)
        {
            var node = _isolated[k];
            if (!Kernel.HasFrame(node))
                continue;
            Move(node, NodeFlags.None, NodeFlags.None);
            if ((Kernel.FlagsOf(node) & NodeFlags.Active) == 0)
                continue;
            _age += Kernel.FolioPages(node);
            _changesOfLists++; // PGACTIVATE
        }

        var (reclaimed, pageOuts) = (framesBefore - Frames, Kernel.PageOuts - pageOutsBefore);
        _changesOfLists += 2 * looked + reclaimed; // off the list, PGSCAN, PGSTEAL
        NoteCost(Kernel.Mechanism.ReclaimCostCountsLooks ? pageOuts * Batch + looked - reclaimed : pageOuts, ref cost);
        return reclaimed;
    }

    /// <summary>shrink_active_list: frames from the tail go to the inactive list, in use or not.</summary>
    private void ShrinkActive(int pages)
    {
        var count = Isolate(Active, pages, out var looked);
        _changesOfLists += 3 * looked; // off the list, PGREFILL, PGDEACTIVATE
        for (var k = 0; k < count; k++)
        {
            var node = _isolated[k];
            if ((Kernel.FlagsOf(node) & NodeFlags.Locked) != 0)
            {
                Move(node, NodeFlags.Unevictable, NodeFlags.Active);
                continue;
            }

            TakeYoung(node);
            Move(node, NodeFlags.WorkingSet, NodeFlags.Active);
        }
    }

    /// <summary>isolate_lru_folios. Isolated frames are still counted and linked, so that swap-out can take them off as usual.</summary>
    private int Isolate(int list, int pages, out int looked)
    {
        var count = 0;
        for (looked = 0; looked < pages && !IsEmpty(list); looked += Kernel.FolioPages(_isolated[count - 1]))
        {
            var node = Tail(list);
            Lists.Remove(node);
            AddHead(IsolationList, node, Kernel.LruStateOf(node));
            _isolated[count++] = node;
        }

        return count;
    }

    /// <summary>shrink_folio_list for one frame: it goes, or its flags say where it will stay.</summary>
    private void Look(int node)
    {
        var flags = Kernel.FlagsOf(node);
        if ((flags & NodeFlags.Locked) != 0)
        {
            SetState(node, NodeFlags.Unevictable);
            return;
        }

        if ((flags & NodeFlags.UnderWriteback) != 0)
        {
            SetState(node, NodeFlags.Active);
            return;
        }

        // folio_check_references.
        var youngMappers = TakeYoung(node);
        var wasReferenced = (flags & NodeFlags.Referenced) != 0;
        var state = flags & NodeFlags.LruState;
        Kernel.SetLruState(node, youngMappers > 0 ? state | NodeFlags.Referenced : state & ~NodeFlags.Referenced);
        if (youngMappers > 0)
        {
            if (wasReferenced || youngMappers > 1)
                SetState(node, NodeFlags.Active);
            return;
        }

        Kernel.SwapOut(node);

        // It has no slot, or is large and has locked pages. What an asynchronous device writes, and what is pinned, waits where it is.
        if (Kernel.HasFrame(node) && (Kernel.FlagsOf(node) & NodeFlags.UnderWriteback) == 0 && !Kernel.IsPinned(node))
            SetState(node, NodeFlags.Active);
    }

    /// <summary>Counts an isolated frame to another list.</summary>
    private void SetState(int node, NodeFlags state)
    {
        var flags = Kernel.FlagsOf(node);
        _sizes[ListOf(flags)] -= Kernel.FolioPages(node);
        flags = (flags & ~(NodeFlags.Active | NodeFlags.Unevictable)) | state;
        Kernel.SetLruState(node, flags & NodeFlags.LruState);
        _sizes[ListOf(flags)] += Kernel.FolioPages(node);
    }

    /// <summary>folio_referenced: how many of its mappers have accessed the frame since last asked.</summary>
    private int TakeYoung(int node)
    {
        if (node < 0)
        {
            var mappers = 0;
            foreach (var index in Kernel.CollectMappers(node))
                mappers += TakeYoungEntry(index) ? 1 : 0;
            return mappers;
        }

        var pages = Kernel.FolioPages(node);
        if (pages == 1)
            return TakeYoungEntry(node) ? 1 : 0;
        var young = false;
        for (var index = node; index < (node | (pages - 1)) + 1; index++)
            young |= Kernel.FolioOf(index) == node && TakeYoungEntry(index);
        return young ? 1 : 0;
    }

    private bool TakeYoungEntry(int index)
    {
        ref var entry = ref Kernel.Entries[index];
        if (!PteRuns.IsYoungFrame(entry))
            return false;
        entry &= unchecked((byte)~Pte.Young);
        return true;
    }

    /// <summary>lru_note_cost: a floating sum that is halved as soon as it exceeds a quarter of the lists.</summary>
    private void NoteCost(long added, ref long cost)
    {
        cost += added;
        if (_costAnon + _costFile > _flushed.Total / 4)
            (_costAnon, _costFile) = (_costAnon / 2, _costFile / 2);
    }
}
