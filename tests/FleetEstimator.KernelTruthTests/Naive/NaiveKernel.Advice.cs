using FleetEstimator.Paging;

namespace FleetEstimator.KernelTruthTests.Naive;

/// <content>madvise (mm/madvise.c), mlock (mm/mlock.c) and large folios (mm/huge_memory.c).</content>
internal sealed partial class NaiveKernel
{
    private const int PagesOf64K = 16;

    /// <summary>madvise_cold_or_pageout_pte_range: what only one process maps. Accesses do not matter; 6.1 forgets them on the way.</summary>
    private void PageOut(Process process, ulong start, ulong end)
    {
        for (var page = start; page < end; page++)
        {
            if (WholeFolioIn(process, page, start, end) is not { } folio || MapCount(folio) != folio.Pages)
                continue;
            SwapOut(folio);
        }
    }

    /// <summary>The same for MADV_COLD. The model leaves the frame's place on the LRU as it is.</summary>
    private void Cold(Process process, ulong start, ulong end)
    {
        for (var page = start; page < end; page++)
        {
            // A large folio is of this process alone.
            if (WholeFolioIn(process, page, start, end) is { } folio && (folio.IsLarge || MapCount(folio) == 1))
                process.EntryOf(page)!.Young = false;
        }
    }

    /// <summary>madvise_free_pte_range: a swapped page is gone at once. A large folio is given up page by page, which comes to the same.</summary>
    private void LazyFree(Process process, ulong start, ulong end)
    {
        for (var page = start; page < end; page++)
        {
            if (process.EntryOf(page) is { Kind: EntryKind.Swapped } swapped)
            {
                ZapSwapEntry(process, page, swapped.Slot!);
                continue;
            }

            if (WholeFolioIn(process, page, start, end) is { IsLarge: true } large)
                Split(large, mapsZeros: false);
            if (process.EntryOf(page) is { Kind: EntryKind.Mapped } entry)
                FreeLazily(entry);
        }
    }

    private void FreeLazily(Entry entry)
    {
        var folio = entry.Folio!;
        if (folio.InSwapCache || folio.Dirty)
        {
            if (MapCount(folio) > 1)
                return;
            if (folio.InSwapCache && !TryFreeSwap(folio))
                return;
            folio.Dirty = false;
        }

        (entry.Young, entry.Dirty) = (false, false);
        folio.LazilyFreed = true;
    }

    /// <summary>The folio a page maps; a large one that reaches out of [start, end) or is partly mapped is split on the way, and may leave no folio here.</summary>
    private Folio? WholeFolioIn(Process process, ulong page, ulong start, ulong end)
    {
        if (process.FolioAt(page) is not { IsLarge: true } folio || process.EntryOf(page)!.Kind != EntryKind.Mapped)
            return process.FolioAt(page);
        if (start <= folio.FirstPage && folio.End <= end && MayGoWhole(process, folio))
            return folio;
        Split(folio, mapsZeros: true);
        return process.FolioAt(page);
    }

    /// <summary>Whether no page of it was unmapped; 6.1 also wants 2 MiB mapped as one.</summary>
    private bool MayGoWhole(Process process, Folio folio) =>
        !folio.PartlyMapped && (Mechanism.SwapsOutFoliosMappedSmall || folio.Pages == PagesOf64K || process.TableAt(folio.FirstPage) == TableKind.HugeFrame);

    /// <summary>mlock: the VMAs are marked, then every page is touched for writing (populate_vma_page_range; follow_page_pte marks a clean one dirty).</summary>
    private void Lock(in Operation operation)
    {
        ChangeAreas(operation, area => area.Locked, (area, locked) => area.Locked = locked, true);
        var process = Existing(operation.Process);
        for (var page = operation.Page; page < operation.Page + operation.Pages; page++)
        {
            WriteFaultIfNeeded(process, page);
            var entry = process.EntryOf(page)!;
            entry.Young = true;
            if (process.TableAt(page) == TableKind.HugeFrame)
                entry.Dirty = true;
            else if (!entry.Dirty)
                entry.Folio!.Dirty = true;
        }
    }

    // ---- Large folios ----------------------------------------------------------------------------------------------------------

    /// <summary>__thp_vma_allowable_orders: what sysfs and madvise say.</summary>
    private static bool Allows(Area area, HugePages setting) =>
        (setting == HugePages.Always && area.Advice != HugeAdvice.Never) || (setting == HugePages.Madvise && area.Advice == HugeAdvice.Wanted);

    /// <summary>__handle_mm_fault: no page table yet, and one VMA holds the whole 2 MiB.</summary>
    private bool MayMapHuge(Process process, ulong page)
    {
        var area = process.AreaOf(page);
        var first = page - page % Process.PagesPerTable;
        return process.TableAt(page) == null && Allows(area, _settings.HugePages2M) && area.Holds(first) && area.Holds(first + Process.PagesPerTable - 1);
    }

    /// <summary>alloc_anon_folio: one VMA holds the aligned block, and nothing is there.</summary>
    private bool MayMap64K(Process process, ulong page)
    {
        var area = process.AreaOf(page);
        var first = page - page % PagesOf64K;
        var isEmpty = Enumerable.Range(0, PagesOf64K).All(k => process.EntryOf(first + (ulong)k) == null);
        return Mechanism.MultiSizeFolios && Allows(area, _settings.HugePages64K) && area.Holds(first) && area.Holds(first + PagesOf64K - 1) && isEmpty;
    }

    private void MapNewLarge(Process process, ulong page, int pages)
    {
        _counters.NewFrames += pages;
        var folio = new Folio(page - page % (ulong)pages, pages) { Exclusive = true };
        for (var near = folio.FirstPage; near < folio.End; near++)
            process.Entries[near] = new Entry { Kind = EntryKind.Mapped, Folio = folio, Young = true, Writable = true, Dirty = true };
        _lru.AddFaulted(folio);
        if (folio.Pages > PagesOf64K && Mechanism.ShrinksUnderusedFolios && _settings.ShrinkUnderused)
            _shrinker.Add(folio);
    }

    /// <summary>
    /// split_folio. From 6.12 on pages filled with zeros become the zero page (try_to_map_unused_to_zeropage), and pages that nothing maps are freed. The small
    /// folios that come of it, in order.
    /// </summary>
    public List<Folio> Split(Folio large, bool mapsZeros)
    {
        _shrinker.Remove(large);
        NaiveLru.Remove(large);
        var small = new List<Folio>();
        foreach (var (process, page, entry) in MappersOf(large))
        {
            process.PartHugeMapping(page);
            var content = large.ContentAt(page);
            if (mapsZeros && Mechanism.SplitMapsZeroPage && content == Content.Zeros && !process.AreaOf(page).Locked && !_settings.ForbidZeroPage)
            {
                process.Entries[page] = new Entry { Kind = EntryKind.ZeroPage };
                continue;
            }

            var folio = new Folio(page, 1) { Exclusive = true, Dirty = large.Dirty };
            folio.ContentAt(page) = content;
            entry.Folio = folio;
            small.Add(folio);
            _lru.AddFaulted(folio);
        }

        return small;
    }

    /// <summary>shrink_folio_list of a large folio: whole if it may and there are slots for all of it, otherwise split.</summary>
    private void SwapOutLarge(Folio folio)
    {
        var process = MappersOf(folio)[0].Process;
        if (!MayGoWhole(process, folio))
        {
            SplitAndSwapOut(folio);
        }
        else if (!IsLocked(folio))
        {
            if (FreeSlots >= folio.Pages)
            {
                SwapOutWhole(process, folio);
                return;
            }

            if (folio.Pages > PagesOf64K)
                _counters.HugeSwapOutFallbacks++;
            SplitAndSwapOut(folio);
        }
    }

    /// <summary>The shrinker splits a 2 MiB folio that is mostly zeros.</summary>
    public void SplitUnderused(Folio folio)
    {
        _counters.UnderusedSplits++;
        Split(folio, mapsZeros: true);
    }

    private void SplitAndSwapOut(Folio folio)
    {
        foreach (var small in Split(folio, mapsZeros: true))
            SwapOut(small);
    }

    /// <summary>swap_writepage of a large folio: filled with zeros only if all its pages are; never into zswap. The model does not wait for asynchronous devices here.</summary>
    private void SwapOutWhole(Process process, Folio folio)
    {
        process.PartHugeMapping(folio.FirstPage);
        NaiveLru.Remove(folio);
        _shrinker.Remove(folio);
        _counters.ReclaimedEntries += folio.Pages;
        _counters.ZeroFilledSwapOuts += folio.Contents.Count(content => content == Content.Zeros);
        var spared = Mechanism.Zeromap && folio.Contents.All(content => content == Content.Zeros);
        if (spared)
            _counters.ZeroSwapOuts += folio.Pages;
        else
            _counters.SwapOuts += folio.Pages;
        if (!spared && folio.Pages > PagesOf64K)
            _counters.HugeSwapOuts++;
        for (var page = folio.FirstPage; page < folio.End; page++)
        {
            var slot = new Slot(page, folio.ContentAt(page)) { Place = spared ? SlotPlace.Zeromap : SlotPlace.Device };
            _slots.Add(slot);
            process.Entries[page] = new Entry { Kind = EntryKind.Swapped, Slot = slot, SwapExclusive = true };
        }
    }
}
