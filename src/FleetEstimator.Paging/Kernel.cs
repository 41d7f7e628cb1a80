using System.Runtime.CompilerServices;

namespace FleetEstimator.Paging;

/// <summary>
/// One kernel's view of a node: what every page table entry says, which frames and slots exist, and every counter. Runs of pages go in,
/// transitions happen here and nowhere else; <see cref="KernelAudit"/> recounts everything from scratch.
/// </summary>
/// <remarks>
/// A frame and its slot are one node, because they never part while both exist: a frame leaves the swap cache either by being freed
/// (the slot stays) or when no entry names the slot (the slot is freed). A node has a frame if an entry maps it or it is in the swap
/// cache, and a slot if an entry names it or it is in the swap cache.
/// </remarks>
internal sealed partial class Kernel
{
    private readonly PageTables _tables;
    private readonly NodeSettings _settings;
    private readonly SharedNodes _shared = new();
    private readonly MultiGenerationalLru _lru;
    private byte[] _pte = [];
    private NodeFlags[] _flags = [];

    // The accessed bit of page table entries one level up: any page of the table was accessed since the table was last looked at.
    private bool[] _tableAccessed = [];
    private AreaState[] _areas = [];
    private readonly List<int> _underWriteback = [];
    private int[] _mappers = new int[8];
    private Counters _counters;

    public Kernel(Mechanism mechanism, NodeSettings settings, PageTables tables)
    {
        Mechanism = mechanism;
        _settings = settings;
        _tables = tables;
        _lru = new MultiGenerationalLru(this, tables);
    }

    public Mechanism Mechanism { get; }

    public Counters Counters => _counters;

    /// <summary>Distinct frames that an entry maps; the zero page is none of them.</summary>
    public long MappedFrames { get; private set; }

    /// <summary>Frames in the swap cache that no entry maps.</summary>
    public long UnmappedCacheFrames { get; private set; }

    /// <summary>Mapped frames whose content is zeros.</summary>
    public long ZeroFilledFrames { get; private set; }

    /// <summary>Swap slots in use.</summary>
    public long Slots { get; private set; }

    /// <summary>Slots on whose copy the device spends memory.</summary>
    public long SlotsHoldingData { get; private set; }

    /// <summary>Entries that a mechanism made map the zero page: pages that users' swap accounting no longer shows.</summary>
    public long HiddenZeroEntries { get; private set; }

    /// <summary>Memory limit in frames, 0 = none.</summary>
    public long LimitFrames { get; private set; }

    internal bool HasFreeSlot => FreeSlots > 0;

    internal long FreeSlots => _settings.SwapPages - Slots;

    private bool IsSynchronous => _settings.SwapDevice != SwapDevice.Ssd;

    /// <summary>vm_swap_full: slots are then freed as soon as a frame makes them redundant.</summary>
    private bool SwapIsHalfFull => Slots * 2 > _settings.SwapPages;

    /// <summary>Frames charged against the limit.</summary>
    public long Frames => MappedFrames + UnmappedCacheFrames + StrandedFrames;

    internal byte[] Entries => _pte;

    internal bool[] TableAccessed => _tableAccessed;

    internal SharedNodes SharedFrames => _shared;

    internal FrameLists Lists { get; } = new();

    public void EnsureCapacity()
    {
        if (_tables.Capacity > _pte.Length)
        {
            var capacity = Math.Max(Math.Max(_tables.Capacity, _settings.ExpectedPages), (int)Math.Min(Array.MaxLength, (long)_pte.Length * 2));
            Array.Resize(ref _pte, capacity);
            Array.Resize(ref _flags, capacity);
            Array.Resize(ref _tableAccessed, capacity / PageTables.EntriesPerTable + 1);
            Array.Resize(ref _tableStates, capacity / PageTables.EntriesPerTable + 1);
            Lists.EnsureCapacity(capacity, 0);
        }

        if (_tables.VmaCapacity > _areas.Length)
            Array.Resize(ref _areas, Math.Max(_tables.VmaCapacity, _areas.Length * 2));
    }

    /// <summary>A new memory limit in frames, 0 = none: reclaims down to it.</summary>
    public void SetLimit(long frames)
    {
        LimitFrames = frames;
        if (frames > 0)
            _lru.ReclaimTo(frames);
    }

    /// <summary>memory.reclaim: tries to take <paramref name="frames"/> frames out of memory.</summary>
    public void Reclaim(long frames) => _lru.ReclaimProactively(frames);

    /// <summary>An operation has been done: processes have run.</summary>
    public void ProcessesRan() => _lru.ProcessesRan();

    /// <summary>Makes room for frames under the limit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Charge(int frames = 1)
    {
        if (LimitFrames > 0 && Frames + frames > LimitFrames && !_lru.MakeRoom(frames))
            _counters.OutOfMemoryPages += frames;
    }

    /// <summary>The entry as kernel truth writes it: nothing, zero page, private page, the same in the swap cache, swapped, swapped with a copy in the cache.</summary>
    public char Letter(int index) => FolioPages(index) > 1 && (_pte[index] & Pte.KindMask) == Pte.Mapped ? 'H' : (_pte[index] & Pte.KindMask, (FlagsOf(NodeOf(index)) & NodeFlags.InSwapCache) != 0) switch
    {
        (Pte.None, _) => '.',
        (Pte.Zero, _) => 'Z',
        (Pte.Mapped, false) => 'P',
        (Pte.Mapped, true) => 'C',
        (_, false) => 'S',
        (_, true) => 'c',
    };

    /// <summary>Whether a node still stands on the LRU for a frame.</summary>
    internal bool HasFrame(int node)
    {
        if ((FlagsOf(node) & NodeFlags.InSwapCache) != 0)
            return true;
        return node < 0 ? _shared[node].MapCount > 0 : (_pte[node] & (Pte.KindMask | Pte.Shared)) == Pte.Mapped && FolioOf(node) == node;
    }

    internal int NodeOf(int index) => (_pte[index] & Pte.Shared) != 0 ? SharedNode(index) : index;

    internal ref NodeFlags FlagsOf(int node) => ref node >= 0 ? ref _flags[node] : ref _shared[node].Flags;

    internal int MapCountOf(int node) => node < 0 ? _shared[node].MapCount : (_pte[node] & Pte.KindMask) == Pte.Mapped ? 1 : 0;

    internal int SwapCountOf(int node) => node < 0 ? _shared[node].SwapCount : (_pte[node] & Pte.KindMask) == Pte.Swapped ? 1 : 0;

    private int SharedNode(int index) => Lists.SharedNodeOf(index);

    private byte ContentOf(int index, int node) => node < 0 ? _shared[node].ContentBits : (byte)(_pte[index] & Pte.ContentMask);

    /// <summary>The entries that map a frame (the reverse map). Valid until the next call.</summary>
    internal ReadOnlySpan<int> CollectMappers(int node)
    {
        if (node >= 0)
        {
            _mappers[0] = node;
            return _mappers.AsSpan(0, MapCountOf(node));
        }

        ref var shared = ref _shared[node];
        if (_mappers.Length < shared.MapCount)
            _mappers = new int[shared.MapCount * 2];
        var found = 0;
        foreach (var process in shared.Family.Processes)
        {
            if (found == shared.MapCount)
                break;
            if (process.TryIndex(shared.Page, out var index)
                && (_pte[index] & (Pte.KindMask | Pte.Shared)) == (Pte.Mapped | Pte.Shared)
                && SharedNode(index) == node)
                _mappers[found++] = index;
        }

        return _mappers.AsSpan(0, found);
    }
}
