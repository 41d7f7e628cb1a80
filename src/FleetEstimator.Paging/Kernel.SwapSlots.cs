namespace FleetEstimator.Paging;

/// <content>Slots: counted always, numbered only where their order matters (read-ahead by slot, swap-in of large folios).</content>
internal sealed partial class Kernel
{
    /// <summary>Null unless slots have numbers.</summary>
    private readonly SwapSlots? _slots;

    // By page table entry that is a node: its slot's number. 4 bytes a page, only where slots have numbers.
    private int[] _slotOf = [];
    private SlotReadAhead _readAheadBySlot = new();

    internal SwapSlots? NumberedSlots => _slots;

    internal long FreeSlots => _slots?.Free ?? _settings.SwapPages - Slots;

    /// <summary>The number of a node's slot, <see cref="SwapArea.NoSlot"/> if it has none. Only where slots have numbers.</summary>
    internal ref int SlotOf(int node) => ref node >= 0 ? ref _slotOf[node] : ref _shared[node].Slot;

    private bool TryTakeSlot(int node)
    {
        if (_slots == null ? !HasFreeSlot : (SlotOf(node) = _slots.Take(node)) == SwapArea.NoSlot)
            return false;
        Slots++;
        return true;
    }

    private bool TryTakeSlots(int first, int pages)
    {
        if (_slots == null)
        {
            if (FreeSlots < pages)
                return false;
        }
        else
        {
            var slot = _slots.TakeBlock(first, pages);
            if (slot == SwapArea.NoSlot)
                return false;
            for (var k = 0; k < pages; k++)
                _slotOf[first + k] = slot + k;
        }

        Slots += pages;
        return true;
    }

    private void ReturnSlot(int node)
    {
        Slots--;
        if (_slots == null)
            return;
        ref var slot = ref SlotOf(node);
        if (slot != SwapArea.NoSlot)
            _slots.Return(slot);
        slot = SwapArea.NoSlot;
    }

    private void MoveSlot(int old, int node)
    {
        if (_slots == null || SlotOf(old) == SwapArea.NoSlot)
            return;
        (SlotOf(node), SlotOf(old)) = (SlotOf(old), SwapArea.NoSlot);
        _slots.Rename(SlotOf(node), node);
    }

    /// <summary>
    /// Empties the swap entry at <paramref name="index"/> and those after it that continue its slots, up to <paramref name="end"/>
    /// (free_swap_and_cache_nr). Returns the index after the last one.
    /// </summary>
    private int ZapSwapEntries(int index, int end)
    {
        var batchEnd = index + 1;
        if (_slots != null && Mechanism.TakesSwapEntriesTogether)
        {
            batchEnd = EndOfBatch(index, end);
            if (batchEnd - index > 1)
                ReturnTogether(index, batchEnd - index);
        }

        for (; index < batchEnd; index++)
        {
            ZapSwapEntry(index);
            _pte[index] = Pte.None;
        }

        return batchEnd;
    }

    /// <summary>swap_pte_batch: entries alike whose slots follow each other.</summary>
    private int EndOfBatch(int index, int end)
    {
        var kind = _pte[index] & (Pte.KindMask | Pte.Shared);
        var slot = SlotOf(NodeOf(index));
        do
        {
            index++;
            slot++;
        }
        while (index < end && (_pte[index] & (Pte.KindMask | Pte.Shared)) == kind && SlotOf(NodeOf(index)) == slot);
        return index;
    }

    /// <summary>__swap_entries_free: slots of one cluster that no one else names and that are not in the swap cache go back as a range, past the batches of single slots.</summary>
    private void ReturnTogether(int index, int count)
    {
        var slot = SlotOf(NodeOf(index));
        if (count > SwapArea.ClusterSlots - slot % SwapArea.ClusterSlots)
            return;
        for (var k = index; k < index + count; k++)
        {
            var node = NodeOf(k);
            if (SwapCountOf(node) != 1 || (FlagsOf(node) & NodeFlags.InSwapCache) != 0)
                return;
        }

        for (var k = index; k < index + count; k++)
            SlotOf(NodeOf(k)) = SwapArea.NoSlot;
        _slots!.ReturnRange(slot, count);
    }

    /// <summary>
    /// alloc_swap_folio: the aligned block of 16 entries comes in as one folio if its slots follow each other, aligned, agree on the zeromap
    /// bit and none is in the swap cache.
    /// </summary>
    private bool TrySwapInFolio(in Run run, int index, bool write)
    {
        var first = index & ~(PagesOf64K - 1);
        if (_slots == null || !Allows(run.Area, _settings.HugePages64K) || !Covers(run, index, first, PagesOf64K) || !CanSwapInTogether(first))
            return false;

        // vma_thp_gfp_mask: a large folio is worth reclaim only where madvise asked for it.
        if (run.Area.Advice == HugeAdvice.Wanted ? !TryCharge(index, PagesOf64K) : !HasRoom(index, PagesOf64K))
            return false;
        var shadow = Lists.ShadowOf(NodeOf(first));
        var bits = Pte.Mapped | Pte.Young | Pte.Writable | (write ? Pte.Dirty : 0);
        for (var k = first; k < first + PagesOf64K; k++)
        {
            var node = NodeOf(k);
            CountRead(node);
            var content = ContentOf(k, node);
            ReleaseEntry(k, node);
            _pte[k] = (byte)(bits | content);
            SetStoredFlags(k, NodeFlags.Folio64K | (run.Area.Locked ? NodeFlags.Locked : 0));
            if (content == Pte.ContentZero)
                ZeroFilledFrames++;
        }

        MappedFrames += PagesOf64K;
        LruOf(first).AddRefaulted(first, shadow);
        return true;
    }

    private bool CanSwapInTogether(int first)
    {
        if ((_pte[first] & Pte.KindMask) != Pte.Swapped || SlotOf(NodeOf(first)) % PagesOf64K != 0 || EndOfBatch(first, first + PagesOf64K) < first + PagesOf64K)
            return false;
        var zeromapBit = FlagsOf(NodeOf(first)) & NodeFlags.ZeromapBit;
        for (var index = first; index < first + PagesOf64K; index++)
        {
            if ((FlagsOf(NodeOf(index)) & (NodeFlags.InSwapCache | NodeFlags.ZeromapBit)) != zeromapBit)
                return false;
        }

        return true;
    }

    /// <summary>Takes an entry off its slot, which lives on where other entries name it.</summary>
    private void ReleaseEntry(int index, int node)
    {
        if (SwapCountOf(node) > 1)
            _shared[node].SwapCount--;
        else
            FreeSlotOfOnlyEntry(index, node);
    }
}
