namespace FleetEstimator.Paging;

/// <content>madvise and mlock.</content>
internal sealed partial class Kernel
{
    /// <summary>MADV_PAGEOUT: what only one process maps, regardless of accesses.</summary>
    public void PageOut(in Run run) => PageOut(run, asReclaim: false);

    /// <summary>What the recording kernel's reclaim did: pages leave whoever else maps them, and part of a large folio parts with the rest.</summary>
    public void SwapOutAsObserved(in Run run) => PageOut(run, asReclaim: true);

    private void PageOut(in Run run, bool asReclaim)
    {
        for (var index = NextInUse(run.Index, run.End); index < run.End; index = NextInUse(index + 1, run.End))
        {
            if ((_pte[index] & Pte.KindMask) != Pte.Mapped)
                continue;
            if (CoversWholeFolio(run, index))
            {
                LruOf(FolioOf(index)).Deactivate(FolioOf(index));
                SwapOutLarge(FolioOf(index));
                continue;
            }

            if (asReclaim && IsPartOfLargeFolio(index) && !IsPinned(index))
                Split(FolioOf(index));
            if ((_pte[index] & Pte.KindMask) != Pte.Mapped || IsPartOfLargeFolio(index))
                continue;
            var node = NodeOf(index);
            if (MapCountOf(node) > 1 && !asReclaim)
                continue;
            LruOf(node).Deactivate(node);
            SwapOut(node);
        }
    }

    /// <summary>MADV_COLD: forgets accesses of what only one process maps.</summary>
    public void Cold(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & Pte.KindMask) == Pte.Mapped && (CoversWholeFolio(run, index) || (MapCountOf(NodeOf(index)) == 1 && !IsPartOfLargeFolio(index))))
            {
                _pte[index] &= unchecked((byte)~Pte.Young);
                LruOf(FolioOf(index)).Deactivate(FolioOf(index));
            }
        }
    }

    /// <summary>MADV_FREE: swapped pages are gone at once; frames are dropped by the next reclaim unless they are written before.</summary>
    public void LazyFree(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            switch (_pte[index] & Pte.KindMask)
            {
                case Pte.Swapped:
                    index = ZapSwapEntries(index, run.End) - 1;
                    break;
                case Pte.Mapped:
                    // The kernel marks a large folio as a whole; small pages that are dropped one by one come to the same.
                    if (CoversWholeFolio(run, index) && !IsPinned(index))
                        Split(FolioOf(index), mapsZeros: false);
                    if ((_pte[index] & Pte.KindMask) == Pte.Mapped && !IsPartOfLargeFolio(index))
                        FreeLazily(index);
                    break;
            }
        }
    }

    private void FreeLazily(int index)
    {
        var node = NodeOf(index);
        var flags = FlagsOf(node);
        if ((flags & (NodeFlags.InSwapCache | NodeFlags.Dirty)) != 0)
        {
            if (MapCountOf(node) > 1)
                return;
            if ((flags & NodeFlags.InSwapCache) != 0)
            {
                if (SwapCountOf(node) > 0 || (flags & NodeFlags.UnderWriteback) != 0)
                    return;
                DropFromSwapCache(node);
            }

            RemoveFlags(node, NodeFlags.Dirty);
        }

        _pte[index] &= unchecked((byte)~(Pte.Young | Pte.Dirty));
        LruOf(node).FreeLazily(node);
    }

    /// <summary>mlock_vma_pages_range: what is there already stays from now on, before the rest is faulted in.</summary>
    public void LockPresent(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & Pte.KindMask) == Pte.Mapped)
                AddFlags(NodeOf(index), NodeFlags.Locked);
        }
    }

    /// <summary>mlock: faults every page in for writing, and keeps it.</summary>
    public void Lock(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & (Pte.KindMask | Pte.Writable)) != (Pte.Mapped | Pte.Writable))
                WriteFault(run, index);

            // populate_vma_page_range touches for writing (FOLL_TOUCH | FOLL_WRITE): follow_page_pte marks what is not dirty yet.
            _pte[index] |= Pte.Young;
            AddFlags(NodeOf(index), (_pte[index] & Pte.Dirty) != 0 ? NodeFlags.Locked : NodeFlags.Dirty | NodeFlags.Locked);
        }
    }

    /// <summary>munlock, before the VMA ceases to be locked.</summary>
    public void Unlock(in Run run)
    {
        // mlock_fixup: nothing to be done where nothing was locked.
        if (!run.Area.Locked)
            return;
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & Pte.KindMask) == Pte.Mapped)
            {
                RemoveFlags(NodeOf(index), NodeFlags.Locked);
                LruOf(FolioOf(index)).Unlocked(FolioOf(index));
            }
        }
    }
}
