using FleetEstimator.Paging;

namespace FleetEstimator.KernelTruthTests.Naive;

/// <content>Loads, stores and the faults they take (mm/memory.c).</content>
internal sealed partial class NaiveKernel
{
    private void Read(Process process, ulong page)
    {
        process.AccessedTables.Add(Process.TableOf(page));
        if (process.EntryOf(page) is { Kind: EntryKind.ZeroPage or EntryKind.Mapped } present)
            present.Young = true;
        else if (process.EntryOf(page) is { Kind: EntryKind.Swapped } entry)
            SwapIn(process, page, entry, write: false);
        else
            ReadEmpty(process, page);
        process.AccessedTables.Add(Process.TableOf(page));
    }

    /// <summary>A store; of null the content is what it was before.</summary>
    private void Write(Process process, ulong page, Content? content)
    {
        process.AccessedTables.Add(Process.TableOf(page));
        if (content is not (null or Content.Zeros) && process.EntryOf(page) is { UnflushedSince: { } since } && _time - since < _settings.FlushWindowMicroseconds)
            _counters.LostStores++;
        WriteFaultIfNeeded(process, page);
        var entry = process.EntryOf(page)!;
        (entry.Young, entry.Dirty) = (true, true);
        if (content is { } known)
            entry.Folio!.ContentAt(page) = known;
        process.AccessedTables.Add(Process.TableOf(page));
    }

    /// <summary>
    /// What a scan has seen (trace-format.md, observe): an empty page becomes resident with it, without a fault and small; content that differs means a
    /// store that the recording missed, which is done without its minor fault.
    /// </summary>
    private void Observe(Process process, ulong page, Content content, bool isKnown)
    {
        switch (process.EntryOf(page))
        {
            case null:
                process.AreaOf(page).HasAnonVma = true;
                process.Tables[Process.TableOf(page)] = TableKind.PageTable;
                Charge(1);
                MapNewFrame(process, page, content).Writable = true;
                break;
            case { Kind: EntryKind.ZeroPage } when isKnown && content != Content.Zeros:
                ObserveStore(process, page, content);
                break;
            case { Kind: EntryKind.Mapped } entry when isKnown && entry.Folio!.ContentAt(page) != content:
                ObserveStore(process, page, content);
                process.EntryOf(page)!.Dirty = true;
                break;
        }
    }

    private void ObserveStore(Process process, ulong page, Content content)
    {
        var before = _counters;
        WriteFaultIfNeeded(process, page);
        (_counters.MinorFaults, _counters.NewFrames, _counters.CopyOnWrites, _counters.CopiedFrames) =
            (before.MinorFaults, before.NewFrames, before.CopyOnWrites, before.CopiedFrames);
        process.FolioAt(page)!.ContentAt(page) = content;
    }

    /// <summary>do_huge_pmd_anonymous_page, then do_anonymous_page: a load finds the zero page.</summary>
    private void ReadEmpty(Process process, ulong page)
    {
        if (_settings.ForbidZeroPage)
        {
            WriteEmpty(process, page);
            return;
        }

        _counters.MinorFaults++;
        if (MayMapHuge(process, page))
        {
            process.AreaOf(page).HasAnonVma = true;
            process.Tables[Process.TableOf(page)] = TableKind.HugeZeroPage;
            var first = page - page % Process.PagesPerTable;
            for (var near = first; near < first + Process.PagesPerTable; near++)
                process.Entries[near] = new Entry { Kind = EntryKind.ZeroPage, Young = true };
            return;
        }

        process.Tables[Process.TableOf(page)] = TableKind.PageTable;
        process.Entries[page] = new Entry { Kind = EntryKind.ZeroPage, Young = true };
    }

    private void WriteFaultIfNeeded(Process process, ulong page)
    {
        switch (process.EntryOf(page))
        {
            case null:
                WriteEmpty(process, page);
                break;
            case { Kind: EntryKind.ZeroPage }:
                WriteZeroPage(process, page);
                break;
            case { Kind: EntryKind.Swapped } entry:
                SwapIn(process, page, entry, write: true);
                break;
            case { Writable: false } entry:
                WriteProtected(process, page, entry);
                break;
        }
    }

    /// <summary>do_huge_pmd_anonymous_page, then do_anonymous_page with alloc_anon_folio.</summary>
    private void WriteEmpty(Process process, ulong page)
    {
        _counters.MinorFaults++;
        process.AreaOf(page).HasAnonVma = true;
        if (MayMapHuge(process, page) && TryMakeRoom(process, page, (int)Process.PagesPerTable))
        {
            process.Tables[Process.TableOf(page)] = TableKind.HugeFrame;
            MapNewLarge(process, page, (int)Process.PagesPerTable);
            return;
        }

        process.Tables[Process.TableOf(page)] = TableKind.PageTable;
        if (MayMap64K(process, page) && TryMakeRoom(process, page, PagesOf64K))
        {
            MapNewLarge(process, page, PagesOf64K);
            return;
        }

        Charge(1);
        MapCleared(process, page);
    }

    /// <summary>wp_page_copy of the zero page; the huge zero page becomes small entries first (do_huge_pmd_wp_page).</summary>
    private void WriteZeroPage(Process process, ulong page)
    {
        _counters.MinorFaults++;
        process.AreaOf(page).HasAnonVma = true;
        process.PartHugeMapping(page);
        Charge(1);
        _counters.CopyOnWrites++;
        MapCleared(process, page);
    }

    /// <summary>do_wp_page.</summary>
    private void WriteProtected(Process process, ulong page, Entry entry)
    {
        _counters.MinorFaults++;
        if (TryReuse(entry))
            return;
        var content = entry.Folio!.ContentAt(page);
        Charge(1);
        if (process.EntryOf(page) != entry)
        {
            // Reclaim took the very frame: the store faults once more.
            WriteFaultIfNeeded(process, page);
            return;
        }

        RemoveMapping(process, page, entry);
        MapCopy(process, page, content);
    }

    private void MapCleared(Process process, ulong page) => MapForStore(process, page, Content.Zeros);

    private void MapCopy(Process process, ulong page, Content content)
    {
        _counters.CopyOnWrites++;
        _counters.CopiedFrames++;
        MapForStore(process, page, content);
    }

    private void MapForStore(Process process, ulong page, Content content)
    {
        _counters.NewFrames++;
        var entry = MapNewFrame(process, page, content);
        (entry.Young, entry.Writable, entry.Dirty) = (true, true, true);
    }

    /// <summary>do_wp_page's PageAnonExclusive test and wp_can_reuse_anon_folio.</summary>
    private bool TryReuse(Entry entry)
    {
        var folio = entry.Folio!;
        if (!folio.Exclusive)
        {
            if (MapCount(folio) > 1)
                return false;
            if (folio.InSwapCache && !TryFreeSwap(folio))
                return false;
            folio.Exclusive = true;
        }

        (entry.Writable, entry.Young, entry.Dirty) = (true, true, true);
        return true;
    }

    /// <summary>A new frame of this process alone, in the place of whatever the entry said.</summary>
    private Entry MapNewFrame(Process process, ulong page, Content content)
    {
        var folio = new Folio(page, 1) { Exclusive = true };
        folio.ContentAt(page) = content;
        _lru.AddFaulted(folio);
        return process.Entries[page] = new Entry { Kind = EntryKind.Mapped, Folio = folio };
    }

    /// <summary>vma_thp_gfp_mask: for a large folio reclaim is worth the while only where madvise asked for it.</summary>
    private bool TryMakeRoom(Process process, ulong page, int frames) =>
        LimitFrames == 0 || Frames + frames <= LimitFrames || (process.AreaOf(page).Advice == HugeAdvice.Wanted && _lru.TryMakeRoom(frames));

    /// <summary>mem_cgroup_charge: reclaims where the limit is reached. Where that fails the frames are given all the same, and counted.</summary>
    private void Charge(int frames)
    {
        if (LimitFrames > 0 && Frames + frames > LimitFrames && !_lru.TryMakeRoom(frames))
            _counters.OutOfMemoryPages += frames;
    }

    /// <summary>zap_pte_range, for munmap, exit and MADV_DONTNEED; zap_huge_pmd for a whole huge mapping, after which no table is left.</summary>
    private void Zap(Process process, ulong start, ulong end)
    {
        for (var page = start; page < end; page++)
        {
            if (page % Process.PagesPerTable == 0 && page + Process.PagesPerTable <= end && process.TableAt(page) is TableKind.HugeFrame or TableKind.HugeZeroPage)
                ZapHuge(process, page);
            else
                ZapEntry(process, page);
        }
    }

    private void ZapHuge(Process process, ulong first)
    {
        for (var page = first; page < first + Process.PagesPerTable; page++)
            ZapEntry(process, page);
        process.Tables.Remove(Process.TableOf(first));
        process.AccessedTables.Remove(Process.TableOf(first));
    }

    private void ZapEntry(Process process, ulong page)
    {
        process.PartHugeMapping(page);
        if (process.EntryOf(page) is not { } entry)
            return;
        if (entry.Kind == EntryKind.Mapped)
            RemoveMapping(process, page, entry);
        else if (entry.Kind == EntryKind.Swapped)
            ZapSwapEntry(process, page, entry.Slot!);
        process.Entries.Remove(page);
    }

    /// <summary>
    /// folio_remove_rmap_pte, and free_swap_cache for a frame that nothing maps any more. The kernel leaves a frame under write-back that nothing
    /// refers to in the swap cache until reclaim comes by; here it goes at once.
    /// </summary>
    private void RemoveMapping(Process process, ulong page, Entry entry)
    {
        var folio = entry.Folio!;
        process.Entries.Remove(page);
        if (IsMapped(folio))
        {
            if (folio.IsLarge)
            {
                folio.PartlyMapped = true;
                _shrinker.Add(folio);
            }

            return;
        }

        if (folio.InSwapCache)
        {
            if (MapCount(folio.Slot!) > 0)
                return;
            ForgetSlot(folio);
        }

        _shrinker.Remove(folio);
        NaiveLru.Remove(folio);
    }

    /// <summary>free_swap_and_cache: without an entry the slot goes, unless a mapped frame keeps it in the swap cache and swap is not half full.</summary>
    private void ZapSwapEntry(Process process, ulong page, Slot slot)
    {
        process.Entries.Remove(page);
        if (MapCount(slot) > 0)
            return;
        if (!_swapCache.TryGetValue(slot, out var folio))
        {
            _slots.Remove(slot);
        }
        else if (!IsMapped(folio))
        {
            ForgetSlot(folio);
            NaiveLru.Remove(folio);
        }
        else if (SwapIsHalfFull)
        {
            TryFreeSwap(folio);
        }
    }

    /// <summary>copy_page_range, which copies nothing of a VMA that never had an anonymous page (vma_needs_copy).</summary>
    private void Fork(Process parent, uint number)
    {
        if (Find(number) != null)
            throw new InvalidOperationException($"Process {number} exists.");
        var child = FindOrAdd(number);
        foreach (var area in parent.Areas)
        {
            var copy = area.Copy(area.Start, area.End, _mappings++);
            copy.Locked = false;
            child.Areas.Add(copy);
            if (!area.HasAnonVma)
                continue;
            for (var page = area.Start; page < area.End; page++)
                CopyEntry(parent, child, page);
        }
    }

    private void CopyEntry(Process parent, Process child, ulong page)
    {
        // The kernel shares large folios; the model makes small ones of them.
        if (parent.FolioAt(page) is { IsLarge: true } large)
            Split(large, mapsZeros: false);
        if (parent.TableAt(page) is { } table)
            child.Tables[Process.TableOf(page)] = table;
        if (parent.EntryOf(page) is not { } entry)
            return;
        entry.SwapExclusive = false;
        if (entry.Kind == EntryKind.Mapped)
        {
            entry.Writable = false;
            entry.Folio!.Exclusive = false;
        }

        var copy = entry.Copy();
        (copy.Young, copy.UnflushedSince) = (false, null);
        child.Entries.Add(page, copy);
    }
}
