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

        ref var flags = ref FlagsOf(node);
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

        var written = (flags & NodeFlags.Dirty) != 0 && WriteOut(ref flags, zeroFilled, ContentBits(node));
        flags &= ~(NodeFlags.Dirty | NodeFlags.ReadAhead);
        if (written && !_settings.SwapIsSynchronous)
        {
            // The device has it later; until then, and until reclaim comes by again, the frame stays in the swap cache.
            flags |= NodeFlags.UnderWriteback;
            _underWriteback.Add(node);
            return;
        }

        LruOf(node).Remove(node);
        Lists.SetShadow(node, LruOf(node).Evict(1, flags));
        UnmappedCacheFrames--;
        flags &= ~NodeFlags.InSwapCache;
    }

    /// <summary>Asynchronous write-back has ended.</summary>
    public void Settle()
    {
        foreach (var node in _underWriteback)
        {
            if ((FlagsOf(node) & NodeFlags.UnderWriteback) == 0)
                continue;
            FlagsOf(node) &= ~NodeFlags.UnderWriteback;
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
        ref var flags = ref FlagsOf(node);
        foreach (var index in mappers)
        {
            if ((_pte[index] & Pte.Dirty) != 0)
                flags |= NodeFlags.Dirty;
            if ((flags & NodeFlags.Dirty) != 0 || IsPinned(node))
            {
                LruOf(node).Remove(node);
                flags &= ~NodeFlags.LazilyFreed;
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
            _flags[index] = NodeFlags.None;
        }
    }

    private byte ContentBits(int node) => node >= 0 ? (byte)(_pte[node] & Pte.ContentMask) : _shared[node].ContentBits;

    /// <summary>swap_writepage; false if the device was spared by the zeromap or zswap.</summary>
    private bool WriteOut(ref NodeFlags flags, bool zeroFilled, byte contentBits)
    {
        ForgetCopy(ref flags);
        if (zeroFilled)
            _counters.ZeroFilledSwapOuts++;
        if (zeroFilled && Mechanism.Zeromap)
        {
            flags |= NodeFlags.ZeromapBit;
            _counters.ZeroSwapOuts++;
            return false;
        }

        var compressible = contentBits != Pte.Incompressible;
        if (_settings.Zswap && compressible)
        {
            _counters.ZswapOuts++;
            flags |= NodeFlags.InZswap;
        }
        else
        {
            _counters.SwapOuts++;
        }

        CountCopyInMemory(ref flags, contentBits);
        return (flags & NodeFlags.InZswap) == 0;
    }

    /// <summary>
    /// zram keeps a page of one repeated word, zeros among them, as the word in its table, and so does zswap on 6.1 in its entry; both tables are there
    /// anyway. On 6.12 zeros never get as far as zswap, and other words are compressed.
    /// </summary>
    private void CountCopyInMemory(ref NodeFlags flags, byte contentBits)
    {
        var inZswap = (flags & NodeFlags.InZswap) != 0;
        if ((inZswap || _settings.SwapDevice == SwapDevice.Zram) && contentBits != Pte.ContentZero && contentBits != Pte.ContentBits(PageContent.Repeated))
        {
            flags |= NodeFlags.SlotHoldsData;
            SlotsHoldingData++;
        }

        if (inZswap)
            ZswapEntryBytes += BytesOfZswapEntry(flags);
    }

    internal int BytesOfZswapEntry(NodeFlags flags) =>
        Mechanism.ZswapEntryBytes + ((flags & NodeFlags.SlotHoldsData) != 0 || Mechanism.ZswapKeepsRepeatedWords ? 0 : RepeatedWordBytes);
}
