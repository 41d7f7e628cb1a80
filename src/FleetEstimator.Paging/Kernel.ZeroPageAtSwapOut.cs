namespace FleetEstimator.Paging;

/// <content>
/// Putting the zero page in the place of zero-filled pages at reclaim, before a slot is taken. linux-6.12+zero-at-swapout checks content after the TLB
/// flush, in a second reverse-map walk, and leaves pinned frames alone. linux-6.12+zero-at-unmap checks while it unmaps, so what is stored afterwards,
/// through a pin or through a translation that a TLB still holds, goes to a frame that the process no longer sees.
/// </content>
internal sealed partial class Kernel
{
    private readonly StaleTranslations _staleTranslations;

    private void ReplaceByZeroPage(int node, ReadOnlySpan<int> mappers)
    {
        _counters.ZeroPagesMappedAtSwapOut++;
        _counters.ReclaimedEntries += mappers.Length;
        _counters.ZeroFilledSwapOuts++;
        LruOf(node).Remove(node);
        if (Mechanism.ChecksBeforeFlush)
            CountUnmapAtRisk(node, mappers);
        foreach (var index in mappers)
        {
            _pte[index] = Pte.Zero | Pte.HiddenZero;
            ForgetFlags(index);
            HiddenZeroEntries++;
        }

        MappedFrames--;
        ZeroFilledFrames--;
        if (node < 0)
            _shared.Remove(node);
        else
            Pins.Unmapped(new FolioKey(node, 1), replaced: true);
    }

    /// <summary>
    /// A store may still reach the frame if it is pinned, or if its entry is dirty and writable: only a translation that a TLB holds as dirty lets a
    /// store through without a walk of the page table (the comment on should_defer_flush in try_to_unmap_one). That a TLB does hold it is assumed;
    /// clearing the accessed bit does not flush it.
    /// </summary>
    private void CountUnmapAtRisk(int node, ReadOnlySpan<int> mappers)
    {
        const int dirtyAndWritable = Pte.Dirty | Pte.Writable;
        var atRisk = IsPinned(node);
        foreach (var index in mappers)
        {
            if ((_pte[index] & dirtyAndWritable) != dirtyAndWritable)
            {
                _staleTranslations.Forget(index);
                continue;
            }

            atRisk = true;
            _staleTranslations.Add(index, _now);
        }

        if (atRisk)
            _counters.UnmapsAtRisk++;
    }

    /// <summary>A store that the page table sends to a fault. Zeros over zeros lose nothing.</summary>
    private void CountStoreLostToStaleTranslation(int index, byte contentBits)
    {
        if (contentBits != Pte.ContentZero && IsReplaced(index) && _staleTranslations.Take(index, _now))
            _counters.LostStores++;
    }

    /// <summary>Content that came to be without an access through the page table.</summary>
    private void CountStoreLostThroughPin(in Run run, int index)
    {
        if (IsReplaced(index) && Pins.TakeStoreThroughPin(_tables.Locate(index).Process.Number, run.PageAt(index)))
            _counters.LostStores++;
    }

    private bool IsReplaced(int index) => (_pte[index] & (Pte.KindMask | Pte.HiddenZero)) == (Pte.Zero | Pte.HiddenZero);
}
