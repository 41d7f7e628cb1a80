using System.Numerics;

namespace FleetEstimator.Paging;

/// <content>Unmapping, discarding, exit and fork.</content>
internal sealed partial class Kernel
{
    /// <summary>munmap, MADV_DONTNEED and exit: every entry becomes empty.</summary>
    public void Zap(in Run run)
    {
        var stateAfter = StateOf(run.Index) switch
        {
            TableState.None => TableState.None,
            TableState.Entries => TableState.Entries,
            _ => run.Count == PageTables.EntriesPerTable ? TableState.None : TableState.Entries,
        };
        for (var index = run.Index; index < run.End; index++)
        {
            var entry = _pte[index];
            switch (entry & Pte.KindMask)
            {
                case Pte.None:
                    index = NextInUse(index, run.End) - 1;
                    continue;
                case Pte.Zero:
                    if ((entry & Pte.HiddenZero) != 0)
                        HiddenZeroEntries--;
                    break;
                case Pte.Mapped when (entry & Pte.Shared) != 0:
                    UnmapShared(index);
                    break;
                case Pte.Mapped when FolioPages(index) > 1:
                    UnmapFromFolio(index);
                    break;
                case Pte.Mapped:
                    if ((StoredFlags(index) & NodeFlags.InSwapCache) != 0)
                        DropFromSwapCache(index);
                    FreeMappedFrame(index, (entry & Pte.ContentMask) == Pte.ContentZero);
                    Pins.Unmapped(KeyOf(index));
                    break;
                default:
                    index = ZapSwapEntries(index, run.End) - 1;
                    continue;
            }

            _pte[index] = Pte.None;
        }

        if (StateOf(run.Index) != TableState.None && stateAfter == TableState.None)
            _tableAccessed[run.Index / PageTables.EntriesPerTable] = false;
        StateOf(run.Index) = stateAfter;
    }

    private int NextInUse(int index, int end) => index + PteRuns.FirstInUse(_pte.AsSpan(index, end - index));

    private void ZapSwapEntry(int index)
    {
        var node = NodeOf(index);
        if (node < 0 && --_shared[node].SwapCount > 0)
            return;
        var inCache = (FlagsOf(node) & NodeFlags.InSwapCache) != 0;
        if (node < 0 && _shared[node].MapCount > 0)
        {
            // __try_to_reclaim_swap: the slot of a mapped frame goes if swap is half full.
            if (inCache && SwapIsHalfFull && (FlagsOf(node) & NodeFlags.UnderWriteback) == 0)
                DropFromSwapCache(node);
            return;
        }

        if (inCache)
        {
            LruOf(node).Remove(node);
            UnmappedCacheFrames--;
        }

        FreeSlotOfOnlyEntry(index, node);
    }

    /// <summary>Takes one entry off a shared frame; the entry is about to say something else.</summary>
    private void UnmapShared(int index)
    {
        var node = SharedNode(index);
        ref var shared = ref _shared[node];
        if ((shared.Flags & NodeFlags.Locked) != 0 && !IsLockedBesides(node, index))
        {
            shared.Flags &= ~NodeFlags.Locked;
            LruOf(node).Unlocked(node);
        }

        if (--shared.MapCount > 0)
            return;
        if ((shared.Flags & NodeFlags.InSwapCache) != 0)
        {
            if (shared.SwapCount > 0)
            {
                MappedFrames--;
                if (shared.ContentBits == Pte.ContentZero)
                    ZeroFilledFrames--;
                UnmappedCacheFrames++;
                return;
            }

            DropFromSwapCache(node);
        }

        FreeMappedFrame(node, shared.ContentBits == Pte.ContentZero);
        _shared.Remove(node);
    }

    /// <summary>Whether a frame is mapped by a locked VMA, that of <paramref name="leaving"/> not counted.</summary>
    private bool IsLockedBesides(int node, int leaving)
    {
        foreach (var index in CollectMappers(node))
        {
            var (process, page) = _tables.Locate(index);
            if (index != leaving && process.Space.Find(page)!.Locked)
                return true;
        }

        return false;
    }

    private void FreeMappedFrame(int node, bool zeroFilled)
    {
        LruOf(node).Remove(node);
        MappedFrames--;
        if (zeroFilled)
            ZeroFilledFrames--;
    }

    /// <summary>copy_page_range: the child's entries come to say what the parent's say, and both lose the right to write.</summary>
    public void Fork(ForkFamily family, in Run parent, int child)
    {
        // copy_page_range copies nothing of a VMA without an anon_vma, in which no store or swap-in ever faulted: the child faults anew.
        if (!_areas[parent.Area.Id].HasAnonymousPages)
            return;
        if (StateOf(parent.Index) != TableState.None)
            StateOf(child) = StateOf(parent.Index) == TableState.HugeZeroPage ? TableState.HugeZeroPage : TableState.Entries;
        for (var k = 0; k < parent.Count; k++)
        {
            var (from, to) = (parent.Index + k, child + k);
            switch (_pte[from] & Pte.KindMask)
            {
                case Pte.None:
                    break;
                case Pte.Zero:
                    if ((_pte[from] & Pte.HiddenZero) != 0)
                        HiddenZeroEntries++;
                    _pte[to] = (byte)(_pte[from] & ~Pte.Young);
                    break;
                case Pte.Mapped when IsPinned(from):
                    CopyPinned(from, to);
                    break;
                default:
                    if (FolioPages(from) > 1)
                        Split(FolioOf(from), mapsZeros: false);
                    BecomeShared(family, parent.PageAt(from), from);
                    _pte[to] = (byte)(_pte[from] & ~Pte.Young);
                    Lists.SetSharedNode(to, SharedNode(from));
                    ref var shared = ref _shared[SharedNode(from)];
                    if ((_pte[from] & Pte.KindMask) == Pte.Mapped)
                        shared.MapCount++;
                    else
                        shared.SwapCount++;
                    break;
            }
        }
    }

    /// <summary>A VMA that comes of another, by fork or a cut, inherits its state (vm_area_dup copies it).</summary>
    public void CopyArea(int from, int to) => _areas[to] = _areas[from];

    /// <summary>A VMA goes over into the one before it, whose read-ahead state stays.</summary>
    public void JoinArea(int stays, int goes) => _areas[stays].HasAnonymousPages |= _areas[goes].HasAnonymousPages;

    /// <summary>Moves an exclusive frame or slot into a shared node, in its place on the LRU.</summary>
    private void BecomeShared(ForkFamily family, ulong page, int index)
    {
        var entry = _pte[index];
        if ((entry & Pte.Shared) != 0)
            return;
        var mapped = (entry & Pte.KindMask) == Pte.Mapped;
        var node = _shared.Add(family, page);
        Lists.EnsureCapacity(0, (int)BitOperations.RoundUpToPowerOf2((uint)_shared.Capacity));
        ref var shared = ref _shared[node];
        shared.ContentBits = (byte)(entry & Pte.ContentMask);
        shared.Flags = StoredFlags(index);
        (shared.MapCount, shared.SwapCount) = mapped ? (1, 0) : (0, 1);
        if (mapped || (shared.Flags & NodeFlags.InSwapCache) != 0)
            Rename(index, node);
        else
            Lists.SetShadow(node, Lists.ShadowOf(index));
        MoveSlot(index, node);
        ForgetFlags(index);
        _pte[index] = (byte)((entry & ~(Pte.Writable | Pte.ContentMask)) | Pte.Shared);
        Lists.SetSharedNode(index, node);
    }

    private void Rename(int old, int node)
    {
        LruOf(old).Rename(old, node);
        if ((FlagsOf(node) & NodeFlags.UnderWriteback) != 0)
            _underWriteback.Add(node);
    }

    /// <summary>Moves a shared frame that one entry maps, outside the swap cache, into the entry's own node.</summary>
    private void BecomeExclusive(int index)
    {
        var node = SharedNode(index);
        var shared = _shared[node];
        Rename(node, index);
        _pte[index] = (byte)((_pte[index] & ~(Pte.Shared | Pte.ContentMask)) | shared.ContentBits);
        SetStoredFlags(index, shared.Flags);
        _shared.Remove(node);
    }
}
