namespace FleetEstimator.Paging;

/// <content>From the slot back into memory (do_swap_page).</content>
internal sealed partial class Kernel
{
    private void SwapIn(in Run run, int index, bool write)
    {
        SwapInEntry(run, index, write);
        KeepIfLocked(run, index);
    }

    private void SwapInEntry(in Run run, int index, bool write)
    {
        _areas[run.Area.Id].HasAnonymousPages = true;
        var node = NodeOf(index);
        var flags = StoredFlags(node);
        if ((flags & NodeFlags.InSwapCache) != 0)
        {
            _counters.MinorFaults++;
            var marked = (flags & NodeFlags.ReadAhead) != 0;
            if (marked)
            {
                RemoveFlags(node, NodeFlags.ReadAhead);
                _counters.ReadAheadHits++;
            }

            if (_settings.SwapDevice != SwapDevice.Disk)
                _areas[run.Area.Id].ReadAhead.Hit(run.PageAt(index), marked);
            else if (marked)
                _readAheadBySlot.Hit();
            MapFromSwapCache(run, index, node, write);
            return;
        }

        var onlyEntry = SwapCountOf(node) == 1;
        if (Mechanism.ZeroPageAtSwapIn && !write && onlyEntry && !ForbidsZeroPage(index) && (flags & NodeFlags.ZeromapBit) != 0)
        {
            _counters.MinorFaults++;
            _counters.ZeroPagesMappedAtSwapIn++;
            _counters.ZeroFilledSwapIns++;
            FreeSlotOfOnlyEntry(index, node);
            _pte[index] = Pte.Zero | Pte.HiddenZero | Pte.Young;
            HiddenZeroEntries++;
            return;
        }

        _counters.MajorFaults++;
        if (_settings.Proactive is { } proactive)
            _waitedNanoseconds[GroupOf(index)] += proactive.Costs.MajorFaultNanoseconds(_settings, (flags & NodeFlags.ZeromapBit) != 0, (flags & NodeFlags.InZswap) != 0);
        if (onlyEntry && _settings.SwapIsSynchronous)
        {
            if (TrySwapInFolio(run, index, write))
                return;

            // Synchronous device (SWP_SYNCHRONOUS_IO): past the swap cache into a fresh, exclusive frame.
            Charge(index);
            CountRead(node);
            var (content, shadow) = (ContentOf(index, node), Lists.ShadowOf(node));
            FreeSlotOfOnlyEntry(index, node);
            MapFrame(index, Pte.Young | (write ? Pte.Writable | Pte.Dirty : Mechanism.MapsSwappedInPagesWritable ? Pte.Writable : 0));
            LruOf(index).AddRefaulted(index, shadow);
            SetContent(index, content);
            return;
        }

        if (_settings.SwapDevice == SwapDevice.Disk)
            ReadAheadBySlot(node);
        else
            ReadAheadByAddress(run, index);

        // After the neighbours, so that charging them cannot reclaim it before it is mapped.
        ReadIntoSwapCache(node);
        MapFromSwapCache(run, index, node, write);
    }

    /// <summary>swap_vma_readahead: reads the window's swapped pages into the swap cache, all but the faulting one.</summary>
    private void ReadAheadByAddress(in Run run, int index)
    {
        var page = run.PageAt(index);
        var (first, last) = _areas[run.Area.Id].ReadAhead.Fault(page, _settings.PageCluster);
        var (start, end) = run.Clip(index, first, last);
        for (var near = start; near < end; near++)
        {
            if (near != index && (_pte[near] & Pte.KindMask) == Pte.Swapped)
                ReadAhead(NodeOf(near));
        }
    }

    /// <summary>swap_cluster_readahead: reads what is swapped to the slots around the faulting one, whoever's it is.</summary>
    private void ReadAheadBySlot(int node)
    {
        var slot = SlotOf(node);
        var (start, end) = _readAheadBySlot.Fault(slot, _settings.PageCluster, _slots!.Pages);
        for (var near = start; near < end; near++)
        {
            if (near != slot && _slots.TryNode(near, out var neighbour) && SwapCountOf(neighbour) > 0)
                ReadAhead(neighbour);
        }
    }

    private void ReadAhead(int node)
    {
        var flags = FlagsOf(node);
        if ((flags & NodeFlags.InSwapCache) != 0 || (Mechanism.ReadAheadSparesZeros && (flags & NodeFlags.ZeromapBit) != 0 && SwapCountOf(node) == 1))
            return;
        var swapIns = _counters.SwapIns;
        ReadIntoSwapCache(node);
        AddFlags(node, NodeFlags.ReadAhead);
        _counters.ReadAheads++;
        _counters.SwapInsAhead += _counters.SwapIns - swapIns;
    }

    private void ReadIntoSwapCache(int node)
    {
        Charge(node);
        CountRead(node);
        var flags = FlagsOf(node) | NodeFlags.InSwapCache;
        if ((flags & NodeFlags.InZswap) != 0 && !Mechanism.KeepsZswapCopies)
            flags = ForgetCopy(flags) | NodeFlags.Dirty;
        SetFlags(node, flags);
        UnmappedCacheFrames++;
        LruOf(node).AddRefaulted(node, Lists.ShadowOf(node));
    }

    private void CountRead(int node)
    {
        var flags = StoredFlags(node);
        if ((flags & NodeFlags.ZeromapBit) != 0)
            _counters.ZeroSwapIns++;
        else if ((flags & NodeFlags.InZswap) != 0)
            _counters.ZswapIns++;
        else
            _counters.SwapIns++;

        if (HoldsZeros(node))
            _counters.ZeroFilledSwapIns++;
    }

    /// <summary>Whether a frame, or a slot without one, holds zeros.</summary>
    internal bool HoldsZeros(int node) =>
        node >= 0 ? (_pte[node] & Pte.ContentMask) == Pte.ContentZero : _shared[node].ContentBits == Pte.ContentZero;

    /// <summary>The tail of do_swap_page for a frame in the swap cache.</summary>
    private void MapFromSwapCache(in Run run, int index, int node, bool write)
    {
        var isShared = node < 0;
        var content = ContentOf(index, node);
        if (MapCountOf(node) == 0)
        {
            UnmappedCacheFrames--;
            MappedFrames++;
            if (content == Pte.ContentZero)
                ZeroFilledFrames++;
        }

        if (!isShared)
        {
            // Exclusive although in the swap cache: read ahead, or shared no more before it was swapped out.
            _pte[index] = (byte)(Pte.Mapped | Pte.Young | content);
            if ((write || SwapIsHalfFull || run.Area.Locked) && (StoredFlags(index) & NodeFlags.UnderWriteback) == 0)
                DropFromSwapCache(index);
            if (write)
                _pte[index] |= Pte.Writable | Pte.Dirty;
            else if (Mechanism.MapsSwappedInPagesWritable)
                _pte[index] |= Pte.Writable;
            return;
        }

        ref var shared = ref _shared[node];
        shared.MapCount++;
        shared.SwapCount--;
        _pte[index] = Pte.Mapped | Pte.Young | Pte.Shared;
        var onlyReference = shared.MapCount == 1;
        if (shared.SwapCount == 0 && ((write && onlyReference) || SwapIsHalfFull || run.Area.Locked) && (shared.Flags & NodeFlags.UnderWriteback) == 0)
            DropFromSwapCache(node);
        if (onlyReference && (shared.Flags & NodeFlags.InSwapCache) == 0)
        {
            BecomeExclusive(index);
            if (write || Mechanism.MapsSwappedInPagesWritable)
                _pte[index] |= Pte.Writable;
            if (write)
                _pte[index] |= Pte.Dirty;
        }
        else if (write)
        {
            WriteProtectedAfterSwapIn(index);
        }
    }

    /// <summary>do_wp_page called by do_swap_page: no further fault is counted, and the frame is held, so charging cannot reclaim it.</summary>
    private void WriteProtectedAfterSwapIn(int index)
    {
        if (TryReuse(index))
            return;
        var content = _shared[SharedNode(index)].ContentBits;
        UnmapShared(index);
        _pte[index] = Pte.None;
        Charge(index);
        CountCopy();
        MapNewFrame(index, Pte.Writable | Pte.Young | Pte.Dirty);
        SetContent(index, content);
    }

    /// <summary>Ends a slot that one entry names and no frame belongs to; the entry is about to say something else.</summary>
    private void FreeSlotOfOnlyEntry(int index, int node)
    {
        ForgetCopy(StoredFlags(node));
        ReturnSlot(node);
        if (node < 0)
            _shared.Remove(node);
        else
            ForgetFlags(index);
    }

    private NodeFlags ForgetCopy(NodeFlags flags)
    {
        if ((flags & NodeFlags.SlotHoldsData) != 0)
            SlotsHoldingData--;
        if ((flags & NodeFlags.InZswap) != 0)
            ZswapEntryBytes -= BytesOfZswapEntry(flags);
        return flags & ~NodeFlags.SlotCopy;
    }

    /// <summary>folio_free_swap on a frame whose slot no entry names: no copy of it is left, which marks it dirty.</summary>
    private void DropFromSwapCache(int node)
    {
        SetFlags(node, (ForgetCopy(FlagsOf(node)) & ~NodeFlags.SlotState) | NodeFlags.Dirty);
        ReturnSlot(node);
    }
}
