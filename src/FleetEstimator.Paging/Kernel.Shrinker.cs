namespace FleetEstimator.Paging;

/// <content>
/// The deferred split shrinker (deferred_split_scan in mm/huge_memory.c): under memory pressure it splits folios that lost pages, and from 6.12 on
/// 2 MiB folios of which more than max_ptes_none pages are filled with zeros; the split maps these to the zero page.
/// </content>
internal sealed partial class Kernel
{
    private readonly DeferredSplits[] _deferredSplits;

    /// <summary>shrink_slab after a pass of reclaim over the LRU lists of a group.</summary>
    internal void ShrinkDeferredSplits(int group, int priority)
    {
        if (_deferredSplits[group].Count > 0)
            Shrink(_deferredSplits[group], priority);
    }

    internal IReadOnlyList<DeferredSplits> DeferredSplits => _deferredSplits;

    private DeferredSplits DeferredSplitsOf(int node) => _deferredSplits[GroupOf(node)];

    private void Shrink(DeferredSplits queue, int priority) => queue.Shrink(priority, folios => ScanDeferredSplits(queue, folios));

    private bool ScanDeferredSplits(DeferredSplits queue, int folios)
    {
        var split = 0;
        for (var left = Math.Min(folios, queue.Count); left > 0; left--)
        {
            var key = queue.Take();
            var folio = FirstMapped(key);
            var partlyMapped = IsPartlyMapped(folio);
            if (!partlyMapped && !IsUnderused(key))
                continue;
            if (IsPinned(folio))
            {
                // Cannot be split: a folio that lost pages waits on, any other counts as used.
                if (partlyMapped)
                    queue.Add(key);
                continue;
            }

            if (!partlyMapped)
                _counters.UnderusedSplits++;
            Split(folio);
            split++;
        }

        return split > 0 || queue.Count > 0;
    }

    /// <summary>thp_underused.</summary>
    private bool IsUnderused(FolioKey folio)
    {
        if (_settings.MaxPtesNone == PageTables.EntriesPerTable - 1)
            return false;
        var zeros = 0;
        foreach (var entry in _pte.AsSpan(folio.First, folio.Pages))
            zeros += (entry & Pte.ContentMask) == Pte.ContentZero ? 1 : 0;
        return zeros > _settings.MaxPtesNone;
    }

    private int FirstMapped(FolioKey folio)
    {
        var index = folio.First;
        while (FolioPages(index) != folio.Pages)
            index++;
        return index;
    }
}
