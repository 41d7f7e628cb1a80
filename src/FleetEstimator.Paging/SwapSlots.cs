using System.Numerics;

namespace FleetEstimator.Paging;

/// <summary>
/// Which node every numbered slot belongs to, and the batches in which single slots are taken from and given back to the swap area
/// (mm/swap_slots.c): one CPU's worth.
/// </summary>
internal sealed class SwapSlots
{
    // SWAP_SLOTS_CACHE_SIZE.
    private const int BatchSlots = 64;

    // THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE and THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE: with fewer slots free none are put by.
    private const int BatchesFrom = 5 * BatchSlots;
    private const int BatchesUntil = 2 * BatchSlots;

    private const int NoNode = int.MinValue;

    private readonly SwapArea _area;

    // By slot: 4 bytes each.
    private readonly int[] _nodes;

    // Taken from the area for the next to come: [_readyFrom, _readyUntil).
    private readonly int[] _ready = new int[BatchSlots];
    private int _readyFrom;
    private int _readyUntil;

    // Given back, but not to the area yet.
    private readonly int[] _returned = new int[BatchSlots];
    private int _returnedCount;
    private bool _inBatches;

    public SwapSlots(SwapArea area)
    {
        _area = area;
        _nodes = new int[area.Pages];
        _nodes.AsSpan().Fill(NoNode);
    }

    /// <summary>Slots to be had, those put by not counted.</summary>
    public int Free => _area.Free;

    /// <summary>Numbers are below this.</summary>
    public int Pages => _nodes.Length;

    /// <summary>A slot for one page (folio_alloc_swap), or <see cref="SwapArea.NoSlot"/>.</summary>
    public int Take(int node)
    {
        var slot = SwapArea.NoSlot;
        if (WorksInBatches())
        {
            if (_readyFrom == _readyUntil)
                (_readyFrom, _readyUntil) = (0, _area.Take(_ready.AsSpan(0, Math.Min(BatchSlots, Free))));
            if (_readyFrom < _readyUntil)
                slot = _ready[_readyFrom++];
        }

        if (slot == SwapArea.NoSlot && Free > 0)
            slot = _area.TakeBlock(order: 0);
        if (slot != SwapArea.NoSlot)
            _nodes[slot] = node;
        return slot;
    }

    /// <summary>Contiguous, aligned slots for a large folio whose pages are consecutive nodes; the first, or <see cref="SwapArea.NoSlot"/>.</summary>
    public int TakeBlock(int firstNode, int pages)
    {
        var first = Free < pages ? SwapArea.NoSlot : _area.TakeBlock(BitOperations.Log2((uint)pages));
        for (var k = 0; first != SwapArea.NoSlot && k < pages; k++)
            _nodes[first + k] = firstNode + k;
        return first;
    }

    /// <summary>Gives one slot back (free_swap_slot).</summary>
    public void Return(int slot)
    {
        _nodes[slot] = NoNode;
        if (!_inBatches)
        {
            _area.Give(slot, 1);
            return;
        }

        if (_returnedCount == BatchSlots)
            GiveReturned();
        _returned[_returnedCount++] = slot;
    }

    /// <summary>Gives slots of one cluster straight back to the area (swap_entry_range_free).</summary>
    public void ReturnRange(int first, int count)
    {
        _nodes.AsSpan(first, count).Fill(NoNode);
        _area.Give(first, count);
    }

    public void Rename(int slot, int node) => _nodes[slot] = node;

    /// <summary>The node a slot belongs to; false if it is in no use.</summary>
    public bool TryNode(int slot, out int node) => (node = _nodes[slot]) != NoNode;

    /// <summary>Slots that belong to a node, counted anew.</summary>
    public int InUse => Pages - _nodes.AsSpan().Count(NoNode);

    /// <summary>Throws <see cref="InvalidOperationException"/> unless every slot taken from the area has a node or is put by, and none is both.</summary>
    public void Audit()
    {
        _area.Audit();
        var putBy = _ready[_readyFrom.._readyUntil].Concat(_returned[.._returnedCount]).ToList();
        if (putBy.Exists(slot => !_area.IsTaken(slot) || _nodes[slot] != NoNode) || putBy.Distinct().Count() < putBy.Count)
            throw new InvalidOperationException("A swap slot is put by that is free, in use or put by twice.");
        for (var slot = 0; slot < Pages; slot++)
        {
            if (_nodes[slot] != NoNode && !_area.IsTaken(slot))
                throw new InvalidOperationException($"Swap slot {slot} is in use and free.");
        }

        // The header is taken as well.
        if (InUse + putBy.Count + 1 != Pages - _area.Free)
            throw new InvalidOperationException($"{InUse} swap slots are in use and {putBy.Count} put by, but {Pages - _area.Free - 1} are taken.");
    }

    /// <summary>check_cache_active.</summary>
    private bool WorksInBatches()
    {
        if (!_inBatches)
        {
            _inBatches = Free > BatchesFrom;
        }
        else if (Free < BatchesUntil)
        {
            for (; _readyFrom < _readyUntil; _readyFrom++)
                _area.Give(_ready[_readyFrom], 1);
            GiveReturned();
            _inBatches = false;
        }

        return _inBatches;
    }

    private void GiveReturned()
    {
        for (var k = 0; k < _returnedCount; k++)
            _area.Give(_returned[k], 1);
        _returnedCount = 0;
    }
}
