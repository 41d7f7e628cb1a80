namespace FleetEstimator.Paging;

/// <content>
/// Large folios: 2 MiB (a whole page table) and 64 KiB (16 aligned entries). Every entry of a folio carries its flag; the first one that still maps
/// it stands for the folio on the LRU. Large folios are exclusive: fork makes small ones.
/// </content>
internal sealed partial class Kernel
{
    private const int PagesOf64K = 16;
    private const NodeFlags LargeMask = NodeFlags.Folio64K | NodeFlags.Folio2M;

    /// <summary>What stands where a page table would: by table.</summary>
    private TableState[] _tableStates = [];

    // The small folios that the last split left, as indices.
    private readonly int[] _splitOff = new int[PageTables.EntriesPerTable];

    /// <summary>Frames of large folios that no entry maps any more: they are freed when the folio is split or goes.</summary>
    public long StrandedFrames { get; private set; }

    private enum TableState : byte
    {
        /// <summary>Nothing yet: a fault may map 2 MiB.</summary>
        None,

        /// <summary>A page table with entries.</summary>
        Entries,

        /// <summary>One mapping of a 2 MiB folio.</summary>
        HugeFrame,

        /// <summary>The huge zero page.</summary>
        HugeZeroPage,
    }

    /// <summary>The node that stands on the LRU for the frame an entry maps.</summary>
    internal int FolioOf(int index)
    {
        if ((_pte[index] & Pte.Shared) != 0)
            return SharedNode(index);
        var pages = FolioPages(index);
        if (pages == 1)
            return index;
        var first = index & ~(pages - 1);
        while ((StoredFlags(first) & LargeMask) == 0)
            first++;
        return first;
    }

    /// <summary>Pages of the folio that a node belongs to, mapped or not: 1, 16 or 512.</summary>
    internal int FolioPages(int node) => node < 0 || _flagTables[node / PageTables.EntriesPerTable] is not { } flags ? 1 : (flags[node % PageTables.EntriesPerTable] & LargeMask) switch
    {
        NodeFlags.Folio64K => PagesOf64K,
        NodeFlags.Folio2M => PageTables.EntriesPerTable,
        _ => 1,
    };

    /// <summary>A page table has been taken away: nothing stands there any more.</summary>
    public void ForgetTable(int first)
    {
        if (first / PageTables.EntriesPerTable < _tableStates.Length)
        {
            StateOf(first) = TableState.None;
            _tableAccessed[first / PageTables.EntriesPerTable] = false;
            ForgetFlagTable(first);
            LruOf(first).ForgetTable(first);
        }

        _ksmTables.Remove(first / PageTables.EntriesPerTable);
    }

    /// <summary>A VMA is cut inside the 2 MiB range of this entry: what was mapped as one becomes small entries of the same folio.</summary>
    public void PartHugeMapping(int index)
    {
        if (StateOf(index) is TableState.HugeFrame or TableState.HugeZeroPage)
            StateOf(index) = TableState.Entries;
    }

    private ref TableState StateOf(int index) => ref _tableStates[index / PageTables.EntriesPerTable];

    /// <summary>do_huge_pmd_anonymous_page: the fault maps the whole range, if there is no page table yet and the VMA holds all of it.</summary>
    private bool TryHugeFault(in Run run, int index, bool write)
    {
        ref var state = ref StateOf(index);
        if (state != TableState.None)
            return false;
        state = TableState.Entries;
        var first = index & ~(PageTables.EntriesPerTable - 1);
        if (!Allows(run.Area, _settings.HugePages2M) || !Covers(run, index, first, PageTables.EntriesPerTable))
            return false;
        _areas[run.Area.Id].HasAnonymousPages = true;
        if (write)
        {
            MapLargeFolio(first, PageTables.EntriesPerTable, NodeFlags.Folio2M);
            state = TableState.HugeFrame;
        }
        else
        {
            _pte.AsSpan(first, PageTables.EntriesPerTable).Fill(Pte.Zero | Pte.Young);
            state = TableState.HugeZeroPage;
        }

        return true;
    }

    /// <summary>alloc_anon_folio: a store maps the aligned block of 16 entries, if the VMA holds all of it and nothing is there.</summary>
    private bool TryFault64K(in Run run, int index)
    {
        var first = index & ~(PagesOf64K - 1);
        if (!Mechanism.MultiSizeFolios || !Allows(run.Area, _settings.HugePages64K) || !Covers(run, index, first, PagesOf64K) || NextInUse(first, first + PagesOf64K) < first + PagesOf64K)
            return false;
        MapLargeFolio(first, PagesOf64K, NodeFlags.Folio64K);
        return true;
    }

    private static bool Allows(Vma area, HugePages setting) =>
        setting == HugePages.Always ? area.Advice != HugeAdvice.Never : setting == HugePages.Madvise && area.Advice == HugeAdvice.Wanted;

    private static bool Covers(in Run run, int index, int first, int pages)
    {
        var start = run.PageAt(index) - (ulong)(index - first);
        return run.Area.Start <= start && start + (ulong)pages <= run.Area.End;
    }

    private void MapLargeFolio(int first, int pages, NodeFlags size)
    {
        Charge(first, pages);
        _counters.NewFrames += pages;
        _pte.AsSpan(first, pages).Fill(Pte.Mapped | Pte.Writable | Pte.Young | Pte.Dirty | Pte.ContentZero);
        FlagTable(first).AsSpan(first % PageTables.EntriesPerTable, pages).Fill(size);
        MappedFrames += pages;
        ZeroFilledFrames += pages;
        LruOf(first).AddFaulted(first);
        if (size == NodeFlags.Folio2M && Mechanism.ShrinksUnderusedFolios && _settings.ShrinkUnderused)
            DeferredSplitsOf(first).Add(new FolioKey(first, pages));
    }

    /// <summary>
    /// madvise on a run that reaches part of a large folio splits it, and the run goes on with small pages. True if the entry belongs to a large folio
    /// that the run covers whole and that is still mapped whole.
    /// </summary>
    private bool CoversWholeFolio(in Run run, int index)
    {
        var pages = FolioPages(index);
        if (pages == 1)
            return false;
        var first = index & ~(pages - 1);
        var whole = first >= run.Index && first + pages <= run.End && !IsPartlyMapped(FolioOf(index))
            && (Mechanism.SwapsOutFoliosMappedSmall || pages == PagesOf64K || StateOf(index) == TableState.HugeFrame);
        if (!whole && !IsPinned(index))
            Split(FolioOf(index));
        return whole;
    }

    /// <summary>Whether any entry maps the folio.</summary>
    internal bool IsMapped(FolioKey folio)
    {
        for (var index = folio.First; index < folio.First + folio.Pages; index++)
        {
            if ((_pte[index] & (Pte.KindMask | Pte.Shared)) == Pte.Mapped && FolioPages(index) == folio.Pages)
                return true;
        }

        return false;
    }

    /// <summary>Whether the entry maps a page of a large folio: one that could not be split, since it is pinned.</summary>
    private bool IsPartOfLargeFolio(int index) => (_pte[index] & Pte.KindMask) == Pte.Mapped && FolioPages(index) > 1;

    private bool IsPartlyMapped(int folio) => (StoredFlags(folio) & NodeFlags.PartlyMapped) != 0;

    /// <summary>
    /// split_folio: the folio's pages become small ones. From 6.12 on those filled with zeros become the shared zero page on the way
    /// (try_to_map_unused_to_zeropage). Frames that nothing maps are freed. How many small folios are left, <see cref="_splitOff"/> says which.
    /// </summary>
    private int Split(int folio, bool mapsZeros = true)
    {
        var pages = FolioPages(folio);
        var first = folio & ~(pages - 1);
        DeferredSplitsOf(folio).Remove(KeyOf(folio));
        PartHugeMapping(folio);
        LruOf(folio).Remove(folio);
        var (mapped, left) = (0, 0);
        for (var index = first; index < first + pages; index++)
        {
            if ((StoredFlags(index) & LargeMask) == 0)
                continue;
            mapped++;
            var kept = StoredFlags(index) & (NodeFlags.Locked | NodeFlags.Dirty);
            SetStoredFlags(index, kept);
            if (mapsZeros && Mechanism.SplitMapsZeroPage && (kept & NodeFlags.Locked) == 0 && !ForbidsZeroPage(index) && (_pte[index] & Pte.ContentMask) == Pte.ContentZero)
            {
                MappedFrames--;
                ZeroFilledFrames--;
                _pte[index] = Pte.Zero;
            }
            else
            {
                LruOf(index).AddFaulted(index);
                _splitOff[left++] = index;
            }
        }

        StrandedFrames -= pages - mapped;
        return left;
    }

    /// <summary>Takes one entry off a large folio; the entry is about to say something else.</summary>
    private void UnmapFromFolio(int index)
    {
        var pages = FolioPages(index);
        var first = index & ~(pages - 1);
        var folio = FolioOf(index);
        var key = KeyOf(index);
        DeferredSplitsOf(index).Add(key);
        PartHugeMapping(index);
        MappedFrames--;
        if ((_pte[index] & Pte.ContentMask) == Pte.ContentZero)
            ZeroFilledFrames--;
        StrandedFrames++;
        var flags = FlagsOf(folio);
        ForgetFlags(index);
        if (folio != index)
        {
            AddFlags(folio, NodeFlags.PartlyMapped);
            return;
        }

        var next = first;
        while (next < first + pages && (StoredFlags(next) & LargeMask) == 0)
            next++;
        if (next < first + pages)
        {
            LruOf(index).Rename(index, next);
            AddFlags(next, (flags & ~NodeFlags.Locked) | NodeFlags.PartlyMapped);
            return;
        }

        // Nothing maps it any more. Its size has gone with its flags, so the LRU is told.
        LruOf(index).Remove(index, pages, flags);
        DeferredSplitsOf(index).Remove(key);
        StrandedFrames -= pages;
        Pins.Unmapped(key);
    }

    /// <summary>Swap-out of a large folio: as a whole if it is mapped whole and there are slots, else split.</summary>
    private void SwapOutLarge(int folio)
    {
        var pages = FolioPages(folio);
        var first = folio & ~(pages - 1);
        if (IsPinned(folio))
            return;
        if (IsPartlyMapped(folio) || (!Mechanism.SwapsOutFoliosMappedSmall && pages > PagesOf64K && StateOf(folio) != TableState.HugeFrame))
        {
            SplitAndSwapOut(folio);
        }
        else if (IsLocked(first, pages))
        {
            return;
        }
        else if (!TryTakeSlots(first, pages))
        {
            if (pages > PagesOf64K)
                _counters.HugeSwapOutFallbacks++;
            SplitAndSwapOut(folio);
        }
        else
        {
            LruOf(folio).Remove(folio);
            DeferredSplitsOf(folio).Remove(KeyOf(folio));
            PartHugeMapping(folio);
            WriteOutLarge(first, pages, LruOf(folio).Evict(pages, FlagsOf(folio)));
        }
    }

    private bool IsLocked(int first, int pages)
    {
        for (var index = first; index < first + pages; index++)
        {
            if ((StoredFlags(index) & NodeFlags.Locked) != 0)
                return true;
        }

        return false;
    }

    private void SplitAndSwapOut(int folio)
    {
        var left = Split(folio);
        for (var k = 0; k < left; k++)
            SwapOut(_splitOff[k]);
    }

    private void WriteOutLarge(int first, int pages, long shadow)
    {
        var zeroFilled = 0;
        for (var index = first; index < first + pages; index++)
            zeroFilled += (_pte[index] & Pte.ContentMask) == Pte.ContentZero ? 1 : 0;
        MappedFrames -= pages;
        ZeroFilledFrames -= zeroFilled;
        _counters.ZeroFilledSwapOuts += zeroFilled;
        _counters.ReclaimedEntries += pages;

        // A large folio counts as zero-filled only if all its pages are.
        var spared = Mechanism.Zeromap && zeroFilled == pages;
        if (spared)
            _counters.ZeroSwapOuts += pages;
        else
            _counters.SwapOuts += pages;
        if (!spared && pages > PagesOf64K)
            _counters.HugeSwapOuts++;
        for (var index = first; index < first + pages; index++)
        {
            var content = (byte)(_pte[index] & Pte.ContentMask);
            _pte[index] = (byte)(Pte.Swapped | content);
            var flags = spared ? NodeFlags.ZeromapBit : CopyInMemory(content, inZswap: false);
            if ((flags & NodeFlags.SlotHoldsData) != 0)
                SlotsHoldingData++;
            SetStoredFlags(index, flags);
            Lists.SetShadow(index, shadow);
        }
    }
}
