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
    private readonly SharedNodes _shared;
    private readonly ReclaimPolicy[] _lrus;
    private readonly MemoryGroup[] _groups;
    private readonly MemoryGroup _node;
    private readonly Watermarks? _watermarks;
    private byte[] _pte = [];

    // The accessed bit of page table entries one level up: any page of the table was accessed since the table was last looked at.
    private bool[] _tableAccessed = [];
    private AreaState[] _areas = [];
    private readonly List<int> _underWriteback = [];
    private int[] _mappers = new int[8];
    private readonly long[] _waitedNanoseconds;
    private Counters _counters;
    private long _now;

    public Kernel(Mechanism mechanism, NodeSettings settings, PageTables tables, FrameLists lists)
    {
        Lists = lists;
        Mechanism = mechanism;
        _settings = settings;
        _flagsOfWrittenSlots = FlagsOfWrittenSlots();
        _tables = tables;
        Pins = new PinnedFrames(settings.Groups);
        _deferredSplits = [.. Enumerable.Range(0, settings.Groups).Select(_ => new DeferredSplits())];
        _staleTranslations = new StaleTranslations(settings.FlushWindowMicroseconds);
        _shared = new SharedNodes(Lists.Heads);
        _lrus = new ReclaimPolicy[settings.Groups];
        for (var group = 0; group < _lrus.Length; group++)
            _lrus[group] = settings.Lru switch
            {
                LruKind.MultiGenerational => new MultiGenerationalLru(this, tables, group),
                LruKind.Classic => new ClassicLru(this, group),
                _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.Lru, "Not a reclaim policy."),
            };
        _waitedNanoseconds = new long[settings.Groups];
        _groups = [.. _lrus.Select(lru => new MemoryGroup(this, [lru]))];
        _node = new MemoryGroup(this, _lrus);
        _watermarks = settings.MemoryPages > 0 ? new Watermarks(this, _node, settings) : null;
        if (settings.SwapDevice == SwapDevice.Disk)
            _slots = new SwapSlots(new RotatingSwapArea(settings.SwapPages));
        else if (settings.SwapsIn64K && mechanism.TakesSwapEntriesTogether)
            _slots = new SwapSlots(new ClusteredSwapArea(settings.SwapPages));
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

    /// <summary>What zswap spends beside those copies, in bytes.</summary>
    public long ZswapEntryBytes { get; private set; }

    /// <summary>Memory that compressed copies take (zram, zswap), in pages, rounded up.</summary>
    public long CompressedPages => (SlotsHoldingData * _settings.CompressedPageBytes + ZswapEntryBytes + _settings.PageBytes - 1) / _settings.PageBytes;

    /// <summary>Entries that a mechanism made map the zero page: pages that users' swap accounting no longer shows.</summary>
    public long HiddenZeroEntries { get; private set; }

    internal bool HasFreeSlot => FreeSlots > 0;

    /// <summary>vm_swap_full: slots are then freed as soon as a frame makes them redundant.</summary>
    private bool SwapIsHalfFull => FreeSlots * 2 < _settings.SwapPages;

    /// <summary>Frames in memory.</summary>
    public long Frames => MappedFrames + UnmappedCacheFrames + StrandedFrames + PinnedUnmappedFrames;

    internal int PageBytes => _settings.PageBytes;

    /// <summary>Frames written out so far, wherever to.</summary>
    internal long PageOuts => _counters.SwapOuts + _counters.ZeroSwapOuts + _counters.ZswapOuts;

    internal IReadOnlyList<ReclaimPolicy> Policies => _lrus;

    internal byte[] Entries => _pte;

    internal bool[] TableAccessed => _tableAccessed;

    internal SharedNodes SharedFrames => _shared;

    internal FrameLists Lists { get; }

    /// <summary>The groups below the node, by number.</summary>
    internal IReadOnlyList<MemoryGroup> Groups => _groups;

    public void EnsureCapacity()
    {
        if (_tables.Capacity > _pte.Length)
        {
            // Half as much again, in whole tables, so that copying does not add up as a node grows.
            var wanted = Math.Max(_settings.ExpectedPages, _pte.Length + _pte.Length / 2L);
            var capacity = Math.Max(_tables.Capacity, (int)Math.Min(wanted + PageTables.EntriesPerTable - 1, Array.MaxLength) & ~(PageTables.EntriesPerTable - 1));
            Array.Resize(ref _pte, capacity);
            Array.Resize(ref _flagTables, capacity / PageTables.EntriesPerTable + 1);
            Array.Resize(ref _tableAccessed, capacity / PageTables.EntriesPerTable + 1);
            Array.Resize(ref _tableStates, capacity / PageTables.EntriesPerTable + 1);
            Lists.EnsureCapacity(capacity, 0);
            if (_slots != null)
                Array.Resize(ref _slotOf, capacity);
        }

        if (_tables.VmaCapacity > _areas.Length)
            Array.Resize(ref _areas, Math.Max(_tables.VmaCapacity, _areas.Length * 2));
    }

    /// <summary>Time that processes of a group have waited for major faults so far, by the cost table.</summary>
    internal long WaitedNanoseconds(int group) => _waitedNanoseconds[group];

    /// <summary>A new memory limit of the node in frames, 0 = none: reclaims down to it.</summary>
    public void SetLimit(long frames) => _node.SetLimit(frames);

    /// <summary><see cref="MemoryGroup.PeakFrames"/> of the node.</summary>
    public long PeakFrames => _node.PeakFrames;

    /// <summary>memory.reclaim on the node: tries to take <paramref name="frames"/> frames out of memory.</summary>
    public void Reclaim(long frames) => _node.ReclaimProactively(frames);

    /// <summary>The kernel's periodic flush of cgroup statistics.</summary>
    public void FlushStatistics()
    {
        foreach (var lru in _lrus)
            lru.FlushStatistics();
    }

    /// <summary>Time has passed: a device writes within the shortest time that a recording tells apart.</summary>
    public void AdvanceTo(long microseconds)
    {
        _now = microseconds;
        Settle();
    }

    /// <summary>Someone reads memory.stat.</summary>
    public void ReadStatistics()
    {
        foreach (var lru in _lrus)
            lru.FlushStatisticsIfChanged();
    }

    internal int GroupOf(int node) => _lrus.Length == 1 ? 0 : (node >= 0 ? _tables.FamilyOf(node) : _shared[node].Family).Group;

    /// <summary>The policy that a frame stands under.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReclaimPolicy LruOf(int node) => _lrus[GroupOf(node)];

    /// <summary>Whether the processes that a node belongs to must not map the zero page.</summary>
    private bool ForbidsZeroPage(int node) => _settings.ForbidZeroPage || (node >= 0 ? _tables.FamilyOf(node) : _shared[node].Family).ForbidsZeroPage;

    /// <summary>Makes room for frames in the group of <paramref name="node"/>, under the node's limit and in its memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Charge(int node, int frames = 1)
    {
        if (!TryCharge(node, frames))
            _counters.OutOfMemoryPages += frames;
    }

    private bool TryCharge(int node, int frames) =>
        _groups[GroupOf(node)].TryCharge(frames) & _node.TryCharge(frames) && _watermarks?.TryAllocate(frames) != false;

    /// <summary>Whether frames can be had without reclaim.</summary>
    private bool HasRoom(int node, int frames) =>
        _groups[GroupOf(node)].HasRoom(frames) && _node.HasRoom(frames) && _watermarks?.HasRoom(frames) != false;

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
        if ((StoredFlags(node) & NodeFlags.InSwapCache) != 0)
            return true;
        return node < 0 ? _shared[node].MapCount > 0 : (_pte[node] & (Pte.KindMask | Pte.Shared)) == Pte.Mapped && FolioOf(node) == node;
    }

    /// <summary>Starts to load the entry of an exclusive frame.</summary>
    internal void PrefetchEntry(int node)
    {
        if (node >= 0)
            CpuCache.Prefetch(ref _pte[node]);
    }

    internal int NodeOf(int index) => (_pte[index] & Pte.Shared) != 0 ? SharedNode(index) : index;

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
