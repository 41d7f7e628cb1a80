namespace FleetEstimator.Paging;

/// <summary>What a kernel keeps of a VMA.</summary>
internal struct AreaState
{
    public ReadAhead ReadAhead;

    /// <summary>Whether a store or a swap-in has ever faulted here (the kernel's anon_vma exists).</summary>
    public bool HasAnonymousPages;
}

/// <summary>
/// Swap read-ahead by virtual address, per VMA (mm/swap_state.c, swap_vma_ra_win and __swapin_nr_pages): the last fault's page, the last
/// window and the hits among the pages read ahead since.
/// </summary>
internal struct ReadAhead
{
    private const int HitsAtFirst = 4;

    // SWAP_RA_HITS_MAX: the hits share a word with the window and the address.
    private const int HitsMax = 63;

    // SWAP_RA_ORDER_CEILING.
    private const int OrderMax = 5;

    private ulong _lastPage;
    private int _window;
    private int _hits;
    private bool _used;

    /// <summary>A swap cache hit at <paramref name="page"/>; <paramref name="marked"/> if it was read ahead and is used for the first time.</summary>
    public void Hit(ulong page, bool marked)
    {
        var hits = _used ? _hits : HitsAtFirst;
        _hits = marked ? Math.Min(hits + 1, HitsMax) : hits;
        _lastPage = page;
        _used = true;
    }

    /// <summary>The window for a fault at <paramref name="page"/> as [start, end), not yet clipped to VMA and table; one page means no read-ahead.</summary>
    public (long Start, long End) Fault(ulong page, int pageCluster)
    {
        var pagesMax = 1 << Math.Min(pageCluster, OrderMax);
        var at = (long)page;
        if (pagesMax == 1)
            return (at, at + 1);
        var last = (long)_lastPage;
        var window = WindowOf(at, last, _used ? _hits : HitsAtFirst, pagesMax, _window);
        (_lastPage, _window, _hits, _used) = (page, window, 0, true);
        if (window == 1)
            return (at, at + 1);
        var start = at == last + 1 ? at
            : last == at + 1 ? at - window + 1
            : at - (window - 1) / 2;
        return (start, start + window);
    }

    /// <summary>Pages to read (__swapin_nr_pages) at <paramref name="place"/>, a page or a slot, after a read at <paramref name="last"/>.</summary>
    public static int WindowOf(long place, long last, int hits, int pagesMax, int lastWindow)
    {
        var pages = hits + 2;
        if (pages == 2)
            pages = place == last + 1 || place == last - 1 ? 2 : 1;
        else
            pages = Math.Max(4, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)pages));

        // Do not shrink too fast.
        return Math.Max(Math.Min(pages, pagesMax), lastWindow / 2);
    }
}

/// <summary>
/// Swap read-ahead by slot, one for all processes (mm/swap_state.c, swapin_nr_pages and swap_cluster_readahead): on a rotating disk the
/// neighbours on the device cost no seek.
/// </summary>
internal struct SlotReadAhead()
{
    // No area has more slots.
    private const int ClusterMax = 29;

    private int _hits = 4;
    private int _last;
    private int _window;

    /// <summary>A page read ahead is used for the first time.</summary>
    public void Hit() => _hits++;

    /// <summary>
    /// The aligned block of slots to read around <paramref name="slot"/> as [start, end), cut to the area of <paramref name="areaPages"/> and without
    /// its header; one slot means no read-ahead.
    /// </summary>
    public (int Start, int End) Fault(int slot, int pageCluster, int areaPages)
    {
        var pagesMax = 1 << Math.Min(pageCluster, ClusterMax);
        if (pagesMax == 1)
            return (slot, slot + 1);
        _window = ReadAhead.WindowOf(slot, _last, _hits, pagesMax, _window);

        // swapin_nr_pages remembers the slot only of reads without hits.
        if (_hits == 0)
            _last = slot;
        _hits = 0;
        var start = slot & -_window;
        return (Math.Max(start, 1), Math.Min(start + _window, areaPages));
    }
}
