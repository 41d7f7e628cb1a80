using FleetEstimator.Paging;

namespace FleetEstimator.KernelTruthTests.Naive;

/// <content>Into swap and back (mm/memory.c, swap_state.c, page_io.c, vmscan.c).</content>
internal sealed partial class NaiveKernel
{
    // SWAP_RA_ORDER_CEILING, SWAP_RA_HITS_MAX.
    private const int ReadAheadOrderMax = 5;
    private const int ReadAheadHitsMax = 63;

    // ---- Back: do_swap_page ----------------------------------------------------------------------------------------------------

    private void SwapIn(Process process, ulong page, Entry entry, bool write)
    {
        process.AreaOf(page).HasAnonVma = true;
        if (_swapCache.TryGetValue(entry.Slot!, out var cached))
        {
            _counters.MinorFaults++;
            NoteSwapCacheHit(process.AreaOf(page), page, cached);
            MapFromSwapCache(process, page, entry, cached, write);
        }
        else if (ServesZeroPage(entry.Slot!, write))
        {
            _counters.MinorFaults++;
            _counters.ZeroPagesMappedAtSwapIn++;
            _counters.ZeroFilledSwapIns++;
            _slots.Remove(entry.Slot!);
            process.Entries[page] = new Entry { Kind = EntryKind.ZeroPage, Young = true, Hidden = true };
        }
        else if (IsSynchronous && MapCount(entry.Slot!) == 1)
        {
            _counters.MajorFaults++;
            SwapInPastTheCache(process, page, entry.Slot!, write);
        }
        else
        {
            _counters.MajorFaults++;
            MapFromSwapCache(process, page, entry, ReadWithReadAhead(process, page, entry.Slot!), write);
        }
    }

    /// <summary>The RFC's rule.</summary>
    private bool ServesZeroPage(Slot slot, bool write) =>
        Mechanism.ZeroPageAtSwapIn && !write && !_settings.ForbidZeroPage && slot.Place == SlotPlace.Zeromap && MapCount(slot) == 1;

    /// <summary>SWP_SYNCHRONOUS_IO: a fresh frame, and the slot is freed.</summary>
    private void SwapInPastTheCache(Process process, ulong page, Slot slot, bool write)
    {
        Charge(1);
        CountRead(slot);
        _slots.Remove(slot);
        var entry = MapNewFrame(process, page, slot.Content);
        (entry.Young, entry.Dirty, entry.Writable) = (true, write, write || Mechanism.MapsSwappedInPagesWritable);
    }

    /// <summary>The tail of do_swap_page.</summary>
    private void MapFromSwapCache(Process process, ulong page, Entry old, Folio folio, bool write)
    {
        var othersMapIt = IsMapped(folio);
        var entry = process.Entries[page] = new Entry { Kind = EntryKind.Mapped, Folio = folio, Young = true };

        // should_try_to_free_swap.
        if (SwapIsHalfFull || IsLocked(folio) || (write && !othersMapIt))
            TryFreeSwap(folio);
        if (old.SwapExclusive || (!othersMapIt && !folio.InSwapCache))
        {
            folio.Exclusive = true;
            (entry.Writable, entry.Dirty) = (write || Mechanism.MapsSwappedInPagesWritable, write);
        }
        else if (write && !TryReuse(entry))
        {
            // do_wp_page once more; the frame is held by the fault, so that charging cannot take it.
            var content = folio.ContentAt(page);
            RemoveMapping(process, page, entry);
            Charge(1);
            MapCopy(process, page, content);
        }
    }

    /// <summary>swap_cache_get_folio: a mark is taken off and counts as a hit; the address is remembered either way.</summary>
    private void NoteSwapCacheHit(Area area, ulong page, Folio folio)
    {
        if (folio.ReadAhead)
        {
            folio.ReadAhead = false;
            _counters.ReadAheadHits++;
            area.ReadAhead.Hits = Math.Min(area.ReadAhead.Hits + 1, ReadAheadHitsMax);
        }

        area.ReadAhead.Page = page;
    }

    /// <summary>swap_vma_readahead. The faulting page is read last here, so that charging its neighbours cannot take it away again.</summary>
    private Folio ReadWithReadAhead(Process process, ulong page, Slot slot)
    {
        foreach (var near in ReadAheadWindow(process.AreaOf(page), page))
        {
            if (near == page || process.EntryOf(near) is not { Kind: EntryKind.Swapped } entry || _swapCache.ContainsKey(entry.Slot!))
                continue;
            if (Mechanism.ReadAheadSparesZeros && entry.Slot!.Place == SlotPlace.Zeromap && MapCount(entry.Slot) == 1)
                continue;
            var swapIns = _counters.SwapIns;
            ReadIntoSwapCache(entry.Slot!).ReadAhead = true;
            _counters.ReadAheads++;
            _counters.SwapInsAhead += _counters.SwapIns - swapIns;
        }

        return ReadIntoSwapCache(slot);
    }

    /// <summary>swap_vma_ra_win.</summary>
    private IEnumerable<ulong> ReadAheadWindow(Area area, ulong page)
    {
        var most = 1 << Math.Min(_settings.PageCluster, ReadAheadOrderMax);
        if (most == 1)
            return [page];
        var state = area.ReadAhead;
        var last = (long)state.Page;
        var at = (long)page;
        var window = WindowOf(at, last, state.Hits, most, state.Window);
        (state.Page, state.Window, state.Hits) = (page, window, 0);
        if (window == 1)
            return [page];
        var start = at == last + 1 ? at : last == at + 1 ? at - window + 1 : at - (window - 1) / 2;
        var table = Process.TableOf(page);
        return from offset in Enumerable.Range(0, window)
               let near = (ulong)(start + offset)
               where start + offset >= 0 && area.Holds(near) && Process.TableOf(near) == table
               select near;
    }

    /// <summary>__swapin_nr_pages.</summary>
    private static int WindowOf(long page, long last, int hits, int most, int lastWindow)
    {
        int window;
        if (hits > 0)
        {
            window = 4;
            while (window < hits + 2)
                window *= 2;
        }
        else
        {
            window = page == last + 1 || page == last - 1 ? 2 : 1;
        }

        return Math.Max(Math.Min(window, most), lastWindow / 2);
    }

    private Folio ReadIntoSwapCache(Slot slot)
    {
        Charge(1);
        var folio = new Folio(slot.Page, 1) { Slot = slot };
        folio.ContentAt(slot.Page) = slot.Content;
        _swapCache.Add(slot, folio);
        _lru.AddFaulted(folio);
        if (slot.Place == SlotPlace.Zswap && !Mechanism.KeepsZswapCopies)
            folio.Dirty = true;
        CountRead(slot);
        return folio;
    }

    /// <summary>swap_read_folio. From 6.12 on zswap gives the copy away (zswap_load).</summary>
    private void CountRead(Slot slot)
    {
        if (slot.Content == Content.Zeros)
            _counters.ZeroFilledSwapIns++;
        switch (slot.Place)
        {
            case SlotPlace.Zeromap:
                _counters.ZeroSwapIns++;
                break;
            case SlotPlace.Zswap:
                _counters.ZswapIns++;
                if (!Mechanism.KeepsZswapCopies)
                    slot.Place = SlotPlace.Nowhere;
                break;
            default:
                _counters.SwapIns++;
                break;
        }
    }

    // ---- Out: shrink_folio_list ------------------------------------------------------------------------------------------------

    /// <summary>One folio, without a look at whether it was accessed. It stays where it cannot go.</summary>
    public void SwapOut(Folio folio)
    {
        if (folio.IsLarge)
        {
            SwapOutLarge(folio);
            return;
        }

        if (IsLocked(folio) || folio.UnderWriteback)
            return;
        if (folio.LazilyFreed)
        {
            DropLazily(folio);
            return;
        }

        var zeros = folio.Contents[0] == Content.Zeros;
        if (!folio.InSwapCache && Mechanism.ZeroPageAtSwapOut && zeros && !_settings.ForbidZeroPage)
        {
            ReplaceByZeroPage(folio);
            return;
        }

        if (!folio.InSwapCache && !TryAddToSwap(folio))
            return;
        foreach (var (process, page, entry) in MappersOf(folio))
        {
            _counters.ReclaimedEntries++;
            folio.Dirty |= entry.Dirty;
            process.Entries[page] = new Entry { Kind = EntryKind.Swapped, Slot = folio.Slot, SwapExclusive = folio.Exclusive };
        }

        (folio.Exclusive, folio.ReadAhead) = (false, false);
        if (folio.Dirty && WritesToDevice(folio) && !IsSynchronous)
        {
            (folio.Dirty, folio.UnderWriteback) = (false, true);
            return;
        }

        _swapCache.Remove(folio.Slot!);
        NaiveLru.Remove(folio);
    }

    /// <summary>add_to_swap.</summary>
    private bool TryAddToSwap(Folio folio)
    {
        if (FreeSlots == 0)
            return false;
        folio.Slot = new Slot(folio.FirstPage, folio.Contents[0]);
        _slots.Add(folio.Slot);
        _swapCache.Add(folio.Slot, folio);
        folio.Dirty = true;
        return true;
    }

    /// <summary>swap_writepage: zeros, then zswap, then the device.</summary>
    private bool WritesToDevice(Folio folio)
    {
        var slot = folio.Slot!;
        slot.Content = folio.Contents[0];
        if (slot.Content == Content.Zeros)
            _counters.ZeroFilledSwapOuts++;
        if (slot.Content == Content.Zeros && Mechanism.Zeromap)
        {
            slot.Place = SlotPlace.Zeromap;
            _counters.ZeroSwapOuts++;
        }
        else if (_settings.Zswap && slot.Content != Content.Incompressible)
        {
            slot.Place = SlotPlace.Zswap;
            _counters.ZswapOuts++;
        }
        else
        {
            slot.Place = SlotPlace.Device;
            _counters.SwapOuts++;
        }

        return slot.Place == SlotPlace.Device;
    }

    /// <summary>linux-6.12+zero-at-swapout; +zero-at-unmap does it before the TLB flush.</summary>
    private void ReplaceByZeroPage(Folio folio)
    {
        _counters.ZeroPagesMappedAtSwapOut++;
        _counters.ZeroFilledSwapOuts++;
        var isAtRisk = false;
        foreach (var (process, page, entry) in MappersOf(folio))
        {
            // Only a translation that a TLB holds as dirty lets a store through without a walk (should_defer_flush).
            var mayBeStoredTo = Mechanism.ChecksBeforeFlush && entry is { Dirty: true, Writable: true };
            isAtRisk |= mayBeStoredTo;
            process.Entries[page] = new Entry { Kind = EntryKind.ZeroPage, Hidden = true, UnflushedSince = mayBeStoredTo ? _time : null };
            _counters.ReclaimedEntries++;
        }

        _counters.UnmapsAtRisk += isAtRisk ? 1 : 0;
        NaiveLru.Remove(folio);
    }

    /// <summary>
    /// try_to_unmap_one of a frame that MADV_FREE gave up: mapping by mapping it is dropped, until one is met that was written since; from there on it is an
    /// ordinary frame again.
    /// </summary>
    private void DropLazily(Folio folio)
    {
        foreach (var (process, page, entry) in MappersOf(folio))
        {
            folio.Dirty |= entry.Dirty;
            if (folio.Dirty)
            {
                folio.LazilyFreed = false;
                _lru.MoveToYoungest(folio);
                return;
            }

            _counters.ReclaimedEntries++;
            process.Entries.Remove(page);
        }

        NaiveLru.Remove(folio);
    }

    /// <summary>Asynchronous write-back has ended.</summary>
    public void Settle()
    {
        foreach (var folio in _swapCache.Values)
            folio.UnderWriteback = false;
    }

    /// <summary>folio_free_swap: not under write-back, and no entry names the slot.</summary>
    private bool TryFreeSwap(Folio folio)
    {
        if (!folio.InSwapCache || folio.UnderWriteback || MapCount(folio.Slot!) > 0)
            return false;
        ForgetSlot(folio);
        folio.Dirty = true;
        return true;
    }

    private void ForgetSlot(Folio folio)
    {
        _slots.Remove(folio.Slot!);
        _swapCache.Remove(folio.Slot!);
        folio.Slot = null;
        folio.ReadAhead = false;
    }
}
