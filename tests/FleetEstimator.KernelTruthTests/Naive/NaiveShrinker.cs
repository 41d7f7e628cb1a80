using FleetEstimator.Paging;

namespace FleetEstimator.KernelTruthTests.Naive;

/// <summary>The deferred split queue and its shrinker (mm/huge_memory.c, mm/shrinker.c): the oldest folio comes first.</summary>
internal sealed class NaiveShrinker(NaiveKernel kernel, NodeSettings settings)
{
    // SHRINK_BATCH; DEFAULT_SEEKS.
    private const int Batch = 128;
    private const int Seeks = 2;

    private readonly List<Folio> _queue = [];
    private long _deferred;

    /// <summary>deferred_split_folio: nothing if it waits already.</summary>
    public void Add(Folio folio)
    {
        if (!_queue.Contains(folio))
            _queue.Add(folio);
    }

    public void Remove(Folio folio) => _queue.Remove(folio);

    /// <summary>do_shrink_slab.</summary>
    public void Shrink(int priority)
    {
        var freeable = (long)_queue.Count;
        if (freeable == 0)
            return;
        var delta = (freeable >> priority) * 4 / Seeks;
        var scan = Math.Min((_deferred >> priority) + delta, 2 * freeable);
        var scanned = 0L;
        while (scan >= Batch || scan >= freeable)
        {
            var now = Math.Min(Batch, scan);
            if (!Scan(now))
                break;
            scan -= now;
            scanned += now;
        }

        _deferred = Math.Min(Math.Max(_deferred + delta - scanned, 0), 2 * freeable);
    }

    /// <summary>deferred_split_scan; false for SHRINK_STOP.</summary>
    private bool Scan(long folios)
    {
        var hasSplit = false;
        for (folios = Math.Min(folios, _queue.Count); folios > 0; folios--)
        {
            var folio = _queue[0];
            _queue.RemoveAt(0);
            if (!folio.PartlyMapped && !IsUnderused(folio))
                continue;
            if (folio.PartlyMapped)
                kernel.Split(folio, mapsZeros: true);
            else
                kernel.SplitUnderused(folio);
            hasSplit = true;
        }

        return hasSplit || _queue.Count > 0;
    }

    /// <summary>thp_underused.</summary>
    private bool IsUnderused(Folio folio) => settings.MaxPtesNone != 511 && folio.Contents.Count(content => content == Content.Zeros) > settings.MaxPtesNone;
}
