namespace FleetEstimator.Paging;

/// <content>Out of memory into a slot, or nowhere (shrink_folio_list).</content>
internal sealed partial class Kernel
{
    // A page of one repeated word compresses to about 30 bytes; with its handle that is an object of 48 in zsmalloc.
    private const int RepeatedWordBytes = 48;

    /// <summary>
    /// Takes a frame out of memory: shrink_folio_list for one order-0 anonymous folio on a synchronous device. It stays if it is
    /// locked, if no swap slot is free, or while an asynchronous device writes it.
    /// </summary>
    internal void SwapOut(int node)
    {
        if (FolioPages(node) > 1)
        {
            SwapOutLarge(node);
            return;
        }

        var flags = FlagsOf(node);
        var inCache = (flags & NodeFlags.InSwapCache) != 0;
        var mappers = CollectMappers(node);
        var zeroFilled = HoldsZeros(node);
        if ((flags & (NodeFlags.Locked | NodeFlags.UnderWriteback)) != 0)
            return;
        var replaceable = Mechanism.ZeroPageAtSwapOut && zeroFilled && !ForbidsZeroPage(node) && (flags & (NodeFlags.InSwapCache | NodeFlags.LazilyFreed)) == 0;
        if ((flags & NodeFlags.LazilyFreed) != 0)
        {
            DropLazily(node, mappers);
            return;
        }

        if (IsPinned(node) && !(replaceable && Mechanism.ChecksBeforeFlush))
        {
            KeepPinned(node);
            return;
        }

        if (!inCache)
        {
            if (replaceable)
            {
                ReplaceByZeroPage(node, mappers);
                return;
            }

            if (!TryTakeSlot(node))
                return;
            flags |= NodeFlags.InSwapCache | NodeFlags.Dirty;
        }

        _counters.ReclaimedEntries += mappers.Length;
        foreach (var index in mappers)
        {
            if ((_pte[index] & Pte.Dirty) != 0)
                flags |= NodeFlags.Dirty;
            _pte[index] = (byte)((_pte[index] & (Pte.Shared | Pte.ContentMask)) | Pte.Swapped);
        }

        if (node < 0)
        {
            ref var shared = ref _shared[node];
            shared.SwapCount += mappers.Length;
            shared.MapCount = 0;
        }

        if (mappers.Length > 0)
        {
            MappedFrames--;
            if (zeroFilled)
                ZeroFilledFrames--;
            UnmappedCacheFrames++;
        }

        var dirty = (flags & NodeFlags.Dirty) != 0;
        if (dirty)
            flags = WriteOut(flags, ContentBits(node));
        flags &= ~(NodeFlags.Dirty | NodeFlags.ReadAhead);
        if (dirty && !_settings.SwapIsSynchronous && (flags & (NodeFlags.ZeromapBit | NodeFlags.InZswap)) == 0)
        {
            // The device has it later; until then, and until reclaim comes by again, the frame stays in the swap cache.
            SetFlags(node, flags | NodeFlags.UnderWriteback);
            _underWriteback.Add(node);
            return;
        }

        var lru = LruOf(node);
        lru.Remove(node, 1, flags);
        SetStoredFlags(node, flags & ~(NodeFlags.InSwapCache | NodeFlags.LruState));
        Lists.SetShadow(node, lru.Evict(1, flags));
        UnmappedCacheFrames--;
    }

    /// <summary>Asynchronous write-back has ended.</summary>
    public void Settle()
    {
        foreach (var node in _underWriteback)
        {
            if ((FlagsOf(node) & NodeFlags.UnderWriteback) == 0)
                continue;
            RemoveFlags(node, NodeFlags.UnderWriteback);
            if (HasFrame(node))
                LruOf(node).WriteBackEnded(node);
        }

        _underWriteback.Clear();
    }

    /// <summary>
    /// try_to_unmap of a frame that MADV_FREE gave up: entry by entry it is dropped, until one has written to it since or a pin is found; with that and what
    /// comes after it is an ordinary frame again.
    /// </summary>
    private void DropLazily(int node, ReadOnlySpan<int> mappers)
    {
        var flags = FlagsOf(node);
        foreach (var index in mappers)
        {
            if ((_pte[index] & Pte.Dirty) != 0)
                flags |= NodeFlags.Dirty;
            if ((flags & NodeFlags.Dirty) != 0 || IsPinned(node))
            {
                LruOf(node).Remove(node);
                SetFlags(node, flags & ~NodeFlags.LazilyFreed);
                LruOf(node).AddFaulted(node);
                LruOf(node).Activate(node);
                return;
            }

            _counters.ReclaimedEntries++;
            if (MapCountOf(node) == 1)
                FreeMappedFrame(node, HoldsZeros(node));
            if (node < 0 && --_shared[node].MapCount == 0)
                _shared.Remove(node);
            _pte[index] = Pte.None;
            ForgetFlags(index);
        }
    }

    private byte ContentBits(int node) => node >= 0 ? (byte)(_pte[node] & Pte.ContentMask) : _shared[node].ContentBits;

    /// <summary>swap_writepage: counts where the content goes (the zeromap, zswap or the device), and says so in the flags.</summary>
    private NodeFlags WriteOut(NodeFlags flags, byte contentBits)
    {
        var copy = _flagsOfWrittenSlots[contentBits >> Pte.ContentShift];
        if (contentBits == Pte.ContentZero)
            _counters.ZeroFilledSwapOuts++;
        if ((copy & NodeFlags.ZeromapBit) != 0)
            _counters.ZeroSwapOuts++;
        else if ((copy & NodeFlags.InZswap) != 0)
            _counters.ZswapOuts++;
        else
            _counters.SwapOuts++;
        if ((copy & NodeFlags.SlotHoldsData) != 0)
            SlotsHoldingData++;
        if ((copy & NodeFlags.InZswap) != 0)
            ZswapEntryBytes += BytesOfZswapEntry(copy);
        return ForgetCopy(flags) | copy;
    }

    internal int BytesOfZswapEntry(NodeFlags flags) =>
        Mechanism.ZswapEntryBytes + ((flags & NodeFlags.SlotHoldsData) != 0 || Mechanism.ZswapKeepsRepeatedWords ? 0 : RepeatedWordBytes);
}
