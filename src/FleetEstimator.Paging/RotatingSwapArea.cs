namespace FleetEstimator.Paging;

/// <summary>
/// Slots of a disk with seek time: one after the other, and after every 512 a new run of as many free slots is searched from the start of
/// the area (scan_swap_map_slots in mm/swapfile.c without clusters; the same in Linux 6.1 and 6.12). Large folios find no place.
/// </summary>
internal sealed class RotatingSwapArea : SwapArea
{
    // LATENCY_LIMIT: after this many slots looked at a search lets others run, or is content with what it has found.
    private const int PatienceMax = 256;

    // Bounds of the free slots: none below or above (lowest_bit, highest_bit).
    private int _lowest = 1;
    private int _highest;

    // Where the next search begins, and how many slots more the run there has (cluster_next, cluster_nr).
    private int _next = 1;
    private int _leftInRun;

    public RotatingSwapArea(long slots)
        : base(slots) => _highest = Pages - 1;

    /// <inheritdoc/>
    public override int TakeBlock(int order)
    {
        Span<int> slot = [NoSlot];
        return order == 0 && Take(slot) == 1 ? slot[0] : NoSlot;
    }

    /// <inheritdoc/>
    public override int Take(Span<int> slots)
    {
        var (from, slot, patience) = (_next, _next, PatienceMax);
        if (_leftInRun == 0)
            (from, slot) = StartRun(from, ref patience);
        else
            _leftInRun--;
        if (Free == 0)
            return 0;
        if (slot > _highest)
            from = slot = _lowest;
        var searchedLong = false;
        if (IsTaken(slot))
            slot = Search(from, slot, ref patience, out searchedLong);

        var found = 0;
        do
        {
            TakeOne(slot);
            slots[found++] = slot;
        }
        while (found < slots.Length && slot < _highest && --patience >= 0 && GoOn(from, ref slot, ref patience, searchedLong));

        _next = slot + 1;
        return found;
    }

    /// <summary>Where to search from, and the start of the first run of free slots as long as a cluster, or else of the free slots.</summary>
    private (int From, int Slot) StartRun(int next, ref int patience)
    {
        _leftInRun = ClusterSlots - 1;
        if (Free < ClusterSlots)
            return (next, next);
        var last = _lowest + ClusterSlots - 1;
        for (var slot = _lowest; last <= _highest; slot++)
        {
            if (IsTaken(slot))
                last = slot + ClusterSlots;
            else if (slot == last)
                return (_lowest, slot - ClusterSlots + 1);
            Look(ref patience);
        }

        return (_lowest, _lowest);
    }

    /// <summary>The first free slot after a taken one, around the end of the area; there is one.</summary>
    private int Search(int from, int slot, ref int patience, out bool searchedLong)
    {
        searchedLong = false;
        while (++slot <= _highest)
        {
            searchedLong |= Look(ref patience);
            if (!IsTaken(slot))
                return slot;
        }

        for (slot = _lowest; slot < from; slot++)
        {
            searchedLong |= Look(ref patience);
            if (!IsTaken(slot))
                return slot;
        }

        throw new InvalidOperationException($"None of {Free} free swap slots was found.");
    }

    /// <summary>The next free slot close by; false if it is to be left to the next search, which then begins after <paramref name="slot"/>.</summary>
    private bool GoOn(int from, ref int slot, ref int patience, bool searchedLong)
    {
        if (_leftInRun > 0 && !IsTaken(++slot))
        {
            _leftInRun--;
            return true;
        }

        if (searchedLong)
            return false;
        var last = slot < from ? Math.Min(from, Pages - 1) : _highest;
        for (; slot <= last && --patience > 0; slot++)
        {
            if (!IsTaken(slot))
                return true;
        }

        return false;
    }

    /// <summary>Counts a slot looked at; true if others were let run.</summary>
    private static bool Look(ref int patience)
    {
        if (--patience >= 0)
            return false;
        patience = PatienceMax;
        return true;
    }

    private void TakeOne(int slot)
    {
        Mark(slot, 1, taken: true);
        if (slot == _lowest)
            _lowest++;
        if (slot == _highest)
            _highest--;
        if (Free == 0)
            (_lowest, _highest) = (Pages, 0);
    }

    protected override void Given(int first, int count)
    {
        _lowest = Math.Min(_lowest, first);
        _highest = Math.Max(_highest, first + count - 1);
    }

    /// <inheritdoc/>
    public override void Audit()
    {
        base.Audit();
        if (Free > 0 && FreeIn(_lowest, _highest - _lowest + 1) != Free)
            throw new InvalidOperationException($"Some of {Free} free slots lie outside of {_lowest}..{_highest}.");
    }
}
