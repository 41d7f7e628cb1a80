namespace FleetEstimator.Paging;

/// <summary>
/// The slots of a swap area by number and which of them are taken (swap_info_struct in mm/swapfile.c). Slot 0 holds the swap header and
/// is never handed out, so 0 also says "no slot".
/// </summary>
internal abstract class SwapArea
{
    public const int NoSlot = 0;

    /// <summary>Slots in a cluster (SWAPFILE_CLUSTER with 2 MiB folios): contiguous and aligned.</summary>
    public const int ClusterSlots = 512;

    // A byte a slot, as the kernel's swap_map, without the counts: these are in the nodes.
    private readonly bool[] _taken;

    /// <param name="slots">Slots to be had: the pages of the area less its header.</param>
    protected SwapArea(long slots)
    {
        if (slots >= Array.MaxLength)
            throw new NotSupportedException($"{slots} swap slots are more than can be numbered ({Array.MaxLength - 1}); simulate smaller nodes.");
        _taken = new bool[slots + 1];
        _taken[0] = true;
        Free = (int)slots;
    }

    /// <summary>Pages of the area; slots have numbers below this.</summary>
    public int Pages => _taken.Length;

    /// <summary>Slots to be had.</summary>
    public int Free { get; private set; }

    /// <summary>Takes single slots; how many were found, which may be fewer than asked for although more are free.</summary>
    public abstract int Take(Span<int> slots);

    /// <summary>Takes 2^order slots, contiguous and aligned; the first, or <see cref="NoSlot"/>.</summary>
    public abstract int TakeBlock(int order);

    /// <summary>Gives back slots that lie in one cluster.</summary>
    public void Give(int first, int count)
    {
        Mark(first, count, taken: false);
        Given(first, count);
    }

    public bool IsTaken(int slot) => _taken[slot];

    /// <summary>Compares what is kept of the slots with the slots themselves. Throws <see cref="InvalidOperationException"/> where they disagree.</summary>
    public virtual void Audit()
    {
        var free = FreeIn(0, Pages);
        if (free != Free)
            throw new InvalidOperationException($"Free slots: recounted {free}, kept {Free}.");
    }

    protected abstract void Given(int first, int count);

    protected void Mark(int first, int count, bool taken)
    {
        _taken.AsSpan(first, count).Fill(taken);
        Free += taken ? -count : count;
    }

    protected int FreeIn(int first, int count) => _taken.AsSpan(first, count).Count(false);

    protected bool AreFree(int first, int count) => !_taken.AsSpan(first, count).Contains(true);
}
