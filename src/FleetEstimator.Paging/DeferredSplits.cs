namespace FleetEstimator.Paging;

/// <summary>
/// Large folios that the shrinker may split (the kernel's deferred split queue), oldest first: those that lost pages, and from 6.12 on every
/// 2 MiB folio from its fault until the shrinker has looked at it once.
/// </summary>
internal sealed class DeferredSplits
{
    // SHRINK_BATCH.
    private const int BatchMin = 128;

    private readonly LinkedList<FolioKey> _queue = [];
    private readonly Dictionary<FolioKey, LinkedListNode<FolioKey>> _places = [];

    // nr_deferred: scans that were due but too few to be worth it.
    private long _deferredScans;

    /// <summary>Folios on the queue.</summary>
    public int Count => _queue.Count;

    /// <summary>The queue, oldest first, for checks.</summary>
    public IEnumerable<FolioKey> Folios => _queue;

    /// <summary>At the end of the queue, unless it stands there already.</summary>
    public void Add(FolioKey folio)
    {
        if (!_places.ContainsKey(folio))
            _places.Add(folio, _queue.AddLast(folio));
    }

    public void Remove(FolioKey folio)
    {
        if (_places.Remove(folio, out var place))
            _queue.Remove(place);
    }

    /// <summary>The oldest folio, taken off the queue.</summary>
    public FolioKey Take()
    {
        var folio = _queue.First!.Value;
        Remove(folio);
        return folio;
    }

    /// <summary>
    /// do_shrink_slab: how many folios a pass at a priority looks at, in batches. A short queue waits until priority is low or enough has been put off.
    /// </summary>
    /// <param name="priority">Of the pass of reclaim, 12 down to 0.</param>
    /// <param name="scan">Looks at so many folios; false to stop.</param>
    public void Shrink(int priority, Func<int, bool> scan)
    {
        long folios = Count;
        if (folios == 0)
            return;

        // 4 / DEFAULT_SEEKS.
        var due = (folios >> priority) * 2;
        var left = Math.Min((_deferredScans >> priority) + due, folios * 2);
        var scanned = 0L;
        while (left >= BatchMin || left >= folios)
        {
            var batch = (int)Math.Min(BatchMin, left);
            if (!scan(batch))
                break;
            left -= batch;
            scanned += batch;
        }

        _deferredScans = Math.Clamp(_deferredScans + due - scanned, 0, folios * 2);
    }
}
