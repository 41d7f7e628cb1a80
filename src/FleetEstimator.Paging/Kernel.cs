using System.Numerics;
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
internal sealed class Kernel
{
    private readonly PageTables _tables;
    private readonly NodeSettings _settings;
    private readonly SharedNodes _shared = new();
    private readonly MultiGenerationalLru _lru;
    private byte[] _pte = [];
    private NodeFlags[] _flags = [];

    // The accessed bit of page table entries one level up: any page of the table was accessed since the table was last looked at.
    private bool[] _tableAccessed = [];
    private ReadAhead[] _readAhead = [];
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

    internal bool HasFreeSlot => Slots < _settings.SwapPages;

    private bool IsSynchronous => _settings.SwapDevice != SwapDevice.Ssd;

    /// <summary>vm_swap_full: slots are then freed as soon as a frame makes them redundant.</summary>
    private bool SwapIsHalfFull => Slots * 2 > _settings.SwapPages;

    /// <summary>Frames charged against the limit.</summary>
    public long Frames => MappedFrames + UnmappedCacheFrames;

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
            Lists.EnsureCapacity(capacity, 0);
        }

        if (_tables.VmaCapacity > _readAhead.Length)
            Array.Resize(ref _readAhead, Math.Max(_tables.VmaCapacity, _readAhead.Length * 2));
    }

    // ---- Faults ----------------------------------------------------------------------------------------------------------------

    public void Read(in Run run)
    {
        _tableAccessed[run.Index / PageTables.EntriesPerTable] = true;
        for (var index = run.Index; index < run.End;)
        {
            index += PteRuns.TouchPresent(_pte.AsSpan(index, run.End - index));
            if (index < run.End)
                ReadFault(run, index++);
        }
    }

    public void Write(in Run run, byte contentBits)
    {
        _tableAccessed[run.Index / PageTables.EntriesPerTable] = true;
        for (var index = run.Index; index < run.End;)
        {
            var (done, heldZeros) = PteRuns.StorePresent(_pte.AsSpan(index, run.End - index), contentBits);
            ZeroFilledFrames += (contentBits == Pte.ContentZero ? done : 0) - heldZeros;
            index += done;
            if (index < run.End)
            {
                WriteFault(run, index);
                Store(index++, contentBits);
            }
        }
    }

    /// <summary>A store that leaves the content as it is: an access of which only the fact is known, taken as a store.</summary>
    public void WriteUnchanged(in Run run)
    {
        _tableAccessed[run.Index / PageTables.EntriesPerTable] = true;
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & (Pte.KindMask | Pte.Writable)) != (Pte.Mapped | Pte.Writable))
                WriteFault(run, index);
            _pte[index] |= Pte.Young | Pte.Dirty;
        }
    }

    /// <summary>Content seen by a scan: an empty page becomes resident with it, without a fault; a resident one takes it over.</summary>
    public void Observe(in Run run, byte contentBits, bool known)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            switch (_pte[index] & Pte.KindMask)
            {
                case Pte.None:
                    run.Area.HasAnonymousPages = true;
                    Charge();
                    MapNewFrame(index, Pte.Writable);
                    SetContent(index, contentBits);
                    break;
                case Pte.Mapped when known && ContentBitsOf(index) != contentBits:
                    // The scan missed the store itself; a shared frame must have been copied by it.
                    WriteFaultOfObservedStore(run, index);
                    SetContent(index, contentBits);
                    _pte[index] |= Pte.Dirty;
                    break;
            }
        }
    }

    private void ReadFault(in Run run, int index)
    {
        if ((_pte[index] & Pte.KindMask) == Pte.Swapped)
        {
            SwapIn(run, index, write: false);
        }
        else if (_settings.ForbidZeroPage)
        {
            _counters.MinorFaults++;
            run.Area.HasAnonymousPages = true;
            Charge();
            _counters.NewFrames++;
            MapNewFrame(index, Pte.Writable | Pte.Young);
        }
        else
        {
            _counters.MinorFaults++;
            _pte[index] = Pte.Zero | Pte.Young;
        }
    }

    /// <summary>Makes the entry writable, counting the fault. Leaves content as it was.</summary>
    private void WriteFault(in Run run, int index)
    {
        run.Area.HasAnonymousPages = true;
        switch (_pte[index] & Pte.KindMask)
        {
            case Pte.None:
            case Pte.Zero:
                _counters.MinorFaults++;
                Charge();
                ReplaceByNewFrame(index);
                KeepIfLocked(run, index);
                break;
            case Pte.Mapped:
                if ((_pte[index] & Pte.Writable) == 0)
                {
                    _counters.MinorFaults++;
                    WriteProtected(run, index);
                }

                break;
            default:
                SwapIn(run, index, write: true);
                break;
        }
    }

    /// <summary>mlock_vma_folio: what is faulted into a locked VMA stays.</summary>
    private void KeepIfLocked(in Run run, int index)
    {
        if (run.Area.Locked && (_pte[index] & Pte.KindMask) == Pte.Mapped)
            FlagsOf(NodeOf(index)) |= NodeFlags.Locked;
    }

    private void WriteFaultOfObservedStore(in Run run, int index)
    {
        var counted = _counters;
        WriteFault(run, index);
        _counters.MinorFaults = counted.MinorFaults;
    }

    /// <summary>do_wp_page: reuse the frame when nothing else can see it, else copy.</summary>
    private void WriteProtected(in Run run, int index)
    {
        if (TryReuse(index))
            return;

        // Charging may reclaim the very frame to be copied; the store then faults again, on whatever the entry says by now.
        Charge();
        if ((_pte[index] & Pte.KindMask) != Pte.Mapped)
        {
            WriteFault(run, index);
            return;
        }

        var content = _shared[SharedNode(index)].ContentBits;
        UnmapShared(index);
        _counters.NewFrames++;
        MapNewFrame(index, Pte.Writable | Pte.Young | Pte.Dirty);
        SetContent(index, content);
    }

    /// <summary>wp_can_reuse_anon_folio: exclusive, or mapped once and either outside the swap cache or droppable from it.</summary>
    private bool TryReuse(int index)
    {
        if ((_pte[index] & Pte.Shared) != 0)
        {
            ref var shared = ref _shared[SharedNode(index)];
            if (shared.MapCount > 1 || shared.SwapCount > 0 || (shared.Flags & NodeFlags.UnderWriteback) != 0)
                return false;
            if ((shared.Flags & NodeFlags.InSwapCache) != 0)
                DropFromSwapCache(SharedNode(index));
            BecomeExclusive(index);
        }

        _pte[index] |= Pte.Writable | Pte.Young | Pte.Dirty;
        return true;
    }

    private void ReplaceByNewFrame(int index)
    {
        if ((_pte[index] & (Pte.KindMask | Pte.HiddenZero)) == (Pte.Zero | Pte.HiddenZero))
            HiddenZeroEntries--;
        _counters.NewFrames++;
        MapNewFrame(index, Pte.Writable | Pte.Young | Pte.Dirty);
    }

    private void MapNewFrame(int index, int bits)
    {
        _pte[index] = (byte)(Pte.Mapped | bits | Pte.ContentZero);
        _flags[index] = NodeFlags.None;
        MappedFrames++;
        ZeroFilledFrames++;
        _lru.AddFaulted(index);
    }

    private void Store(int index, byte contentBits)
    {
        SetContent(index, contentBits);
        _pte[index] |= Pte.Young | Pte.Dirty;
    }

    /// <summary>Content of an exclusively mapped frame.</summary>
    private void SetContent(int index, byte contentBits)
    {
        var entry = _pte[index];
        if ((entry & Pte.ContentMask) == Pte.ContentZero)
            ZeroFilledFrames--;
        if (contentBits == Pte.ContentZero)
            ZeroFilledFrames++;
        _pte[index] = (byte)((entry & ~Pte.ContentMask) | contentBits);
    }

    private byte ContentBitsOf(int index) =>
        (_pte[index] & Pte.Shared) != 0 ? _shared[SharedNode(index)].ContentBits : (byte)(_pte[index] & Pte.ContentMask);

    // ---- Swap-in ---------------------------------------------------------------------------------------------------------------

    private void SwapIn(in Run run, int index, bool write)
    {
        SwapInEntry(run, index, write);
        KeepIfLocked(run, index);
    }

    private void SwapInEntry(in Run run, int index, bool write)
    {
        run.Area.HasAnonymousPages = true;
        var node = NodeOf(index);
        if ((FlagsOf(node) & NodeFlags.InSwapCache) != 0)
        {
            _counters.MinorFaults++;
            var marked = (FlagsOf(node) & NodeFlags.ReadAhead) != 0;
            if (marked)
            {
                FlagsOf(node) &= ~NodeFlags.ReadAhead;
                _counters.ReadAheadHits++;
            }

            _readAhead[run.Area.Id].Hit(run.PageAt(index), marked);
            MapFromSwapCache(run, index, node, write);
            return;
        }

        var onlyEntry = SwapCountOf(node) == 1;
        if (Mechanism.ZeroPageAtSwapIn && !write && onlyEntry && !_settings.ForbidZeroPage && (FlagsOf(node) & NodeFlags.ZeromapBit) != 0)
        {
            _counters.MinorFaults++;
            _counters.ZeroPagesMappedAtSwapIn++;
            _counters.ZeroFilledSwapIns++;
            FreeSlotOfOnlyEntry(index, node);
            _pte[index] = Pte.Zero | Pte.HiddenZero | Pte.Young;
            HiddenZeroEntries++;
            return;
        }

        _counters.MajorFaults++;
        if (onlyEntry && IsSynchronous)
        {
            // Synchronous device (SWP_SYNCHRONOUS_IO): past the swap cache into a fresh, exclusive frame.
            Charge();
            CountRead(node);
            var content = ContentOf(index, node);
            FreeSlotOfOnlyEntry(index, node);
            MapNewFrame(index, Pte.Young | (write ? Pte.Writable | Pte.Dirty : Mechanism.MapsSwappedInPagesWritable ? Pte.Writable : 0));
            SetContent(index, content);
            return;
        }

        SwapInThroughCache(run, index);
        MapFromSwapCache(run, index, node, write);
    }

    /// <summary>swap_vma_readahead: reads the window's swapped pages, the faulting one among them, into the swap cache.</summary>
    private void SwapInThroughCache(in Run run, int index)
    {
        var page = run.PageAt(index);
        var (first, last) = _readAhead[run.Area.Id].Fault(page, _settings.PageCluster);
        var (start, end) = run.Clip(index, first, last);
        for (var near = start; near < end; near++)
        {
            if (near == index || (_pte[near] & Pte.KindMask) != Pte.Swapped)
                continue;
            var node = NodeOf(near);
            if ((FlagsOf(node) & NodeFlags.InSwapCache) != 0)
                continue;
            if (Mechanism.ReadAheadSparesZeros && (FlagsOf(node) & NodeFlags.ZeromapBit) != 0 && SwapCountOf(node) == 1)
                continue;
            ReadIntoSwapCache(node);
            FlagsOf(node) |= NodeFlags.ReadAhead;
            _counters.ReadAheads++;
        }

        // After the neighbours, so that charging them cannot reclaim it before it is mapped.
        ReadIntoSwapCache(NodeOf(index));
    }

    private void ReadIntoSwapCache(int node)
    {
        Charge();
        CountRead(node);
        FlagsOf(node) |= NodeFlags.InSwapCache;
        UnmappedCacheFrames++;
        _lru.AddFaulted(node);
    }

    private void CountRead(int node)
    {
        ref var flags = ref FlagsOf(node);
        if ((flags & NodeFlags.ZeromapBit) != 0)
        {
            _counters.ZeroSwapIns++;
        }
        else if ((flags & NodeFlags.InZswap) != 0)
        {
            _counters.ZswapIns++;
            if (!Mechanism.KeepsZswapCopies)
            {
                ForgetCopy(ref flags);
                flags |= NodeFlags.Dirty;
            }
        }
        else
        {
            _counters.SwapIns++;
        }

        if (HoldsZeros(node))
            _counters.ZeroFilledSwapIns++;
    }

    /// <summary>Whether a frame, or a slot without one, holds zeros.</summary>
    internal bool HoldsZeros(int node) =>
        node >= 0 ? (_pte[node] & Pte.ContentMask) == Pte.ContentZero : _shared[node].ContentBits == Pte.ContentZero;

    /// <summary>The tail of do_swap_page for a frame in the swap cache.</summary>
    private void MapFromSwapCache(in Run run, int index, int node, bool write)
    {
        var isShared = node < 0;
        var content = ContentOf(index, node);
        if (MapCountOf(node) == 0)
        {
            UnmappedCacheFrames--;
            MappedFrames++;
            if (content == Pte.ContentZero)
                ZeroFilledFrames++;
        }

        if (!isShared)
        {
            // Exclusive although in the swap cache: read ahead, or shared no more before it was swapped out.
            _pte[index] = (byte)(Pte.Mapped | Pte.Young | content);
            if ((write || SwapIsHalfFull || run.Area.Locked) && (_flags[index] & NodeFlags.UnderWriteback) == 0)
                DropFromSwapCache(index);
            if (write)
                _pte[index] |= Pte.Writable | Pte.Dirty;
            else if (Mechanism.MapsSwappedInPagesWritable)
                _pte[index] |= Pte.Writable;
            return;
        }

        ref var shared = ref _shared[node];
        shared.MapCount++;
        shared.SwapCount--;
        _pte[index] = Pte.Mapped | Pte.Young | Pte.Shared;
        var onlyReference = shared.MapCount == 1;
        if (shared.SwapCount == 0 && ((write && onlyReference) || SwapIsHalfFull || run.Area.Locked) && (shared.Flags & NodeFlags.UnderWriteback) == 0)
            DropFromSwapCache(node);
        if (onlyReference && (shared.Flags & NodeFlags.InSwapCache) == 0)
        {
            BecomeExclusive(index);
            if (write || Mechanism.MapsSwappedInPagesWritable)
                _pte[index] |= Pte.Writable;
            if (write)
                _pte[index] |= Pte.Dirty;
        }
        else if (write)
        {
            WriteProtectedAfterSwapIn(index);
        }
    }

    /// <summary>do_wp_page called by do_swap_page: no further fault is counted, and the frame is held, so charging cannot reclaim it.</summary>
    private void WriteProtectedAfterSwapIn(int index)
    {
        if (TryReuse(index))
            return;
        var content = _shared[SharedNode(index)].ContentBits;
        UnmapShared(index);
        _pte[index] = Pte.None;
        Charge();
        _counters.NewFrames++;
        MapNewFrame(index, Pte.Writable | Pte.Young | Pte.Dirty);
        SetContent(index, content);
    }

    /// <summary>Ends a slot that one entry names and no frame belongs to; the entry is about to say something else.</summary>
    private void FreeSlotOfOnlyEntry(int index, int node)
    {
        ForgetSlot(node);
        if (node < 0)
            _shared.Remove(node);
        else
            _flags[index] = NodeFlags.None;
    }

    private void ForgetSlot(int node)
    {
        ref var flags = ref FlagsOf(node);
        ForgetCopy(ref flags);
        flags &= ~NodeFlags.SlotState;
        Slots--;
    }

    private void ForgetCopy(ref NodeFlags flags)
    {
        if ((flags & NodeFlags.SlotHoldsData) != 0)
            SlotsHoldingData--;
        flags &= ~(NodeFlags.ZeromapBit | NodeFlags.InZswap | NodeFlags.SlotHoldsData);
    }

    /// <summary>folio_free_swap on a frame whose slot no entry names.</summary>
    private void DropFromSwapCache(int node) => ForgetSlot(node);

    // ---- Swap-out --------------------------------------------------------------------------------------------------------------

    /// <summary>MADV_PAGEOUT: what only one process maps, regardless of accesses.</summary>
    public void PageOut(in Run run)
    {
        for (var index = NextInUse(run.Index, run.End); index < run.End; index = NextInUse(index + 1, run.End))
        {
            if ((_pte[index] & Pte.KindMask) != Pte.Mapped)
                continue;
            var node = NodeOf(index);
            if (MapCountOf(node) > 1)
                continue;
            _pte[index] = (byte)(_pte[index] & ~Pte.Young);
            TrySwapOut(node);
        }
    }

    /// <summary>MADV_COLD: forgets accesses of what only one process maps. Where the frame stands on the LRU does not change here.</summary>
    public void Cold(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & Pte.KindMask) == Pte.Mapped && MapCountOf(NodeOf(index)) == 1)
                _pte[index] &= unchecked((byte)~Pte.Young);
        }
    }

    /// <summary>MADV_FREE: swapped pages are gone at once; frames are dropped by the next reclaim unless they are written before.</summary>
    public void LazyFree(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            switch (_pte[index] & Pte.KindMask)
            {
                case Pte.Swapped:
                    ZapSwapEntry(index);
                    _pte[index] = Pte.None;
                    break;
                case Pte.Mapped:
                    FreeLazily(index);
                    break;
            }
        }
    }

    private void FreeLazily(int index)
    {
        var node = NodeOf(index);
        ref var flags = ref FlagsOf(node);
        if ((flags & (NodeFlags.InSwapCache | NodeFlags.Dirty)) != 0)
        {
            if (MapCountOf(node) > 1)
                return;
            if ((flags & NodeFlags.InSwapCache) != 0)
            {
                if (SwapCountOf(node) > 0)
                    return;
                DropFromSwapCache(node);
            }

            flags &= ~NodeFlags.Dirty;
        }

        _pte[index] &= unchecked((byte)~(Pte.Young | Pte.Dirty));
        flags |= NodeFlags.LazilyFreed;
    }

    /// <summary>mlock: faults every page in for writing, and keeps it.</summary>
    public void Lock(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & (Pte.KindMask | Pte.Writable)) != (Pte.Mapped | Pte.Writable))
                WriteFault(run, index);

            // populate_vma_page_range touches for writing (FOLL_TOUCH | FOLL_WRITE): set_page_dirty.
            _pte[index] |= Pte.Young;
            FlagsOf(NodeOf(index)) |= NodeFlags.Dirty | NodeFlags.Locked;
        }
    }

    /// <summary>munlock.</summary>
    public void Unlock(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & Pte.KindMask) == Pte.Mapped)
                FlagsOf(NodeOf(index)) &= ~NodeFlags.Locked;
        }
    }

    /// <summary>
    /// Takes a frame out of memory: shrink_folio_list for one order-0 anonymous folio on a synchronous device. False if it must stay
    /// (no swap slot is free).
    /// </summary>
    internal bool TrySwapOut(int node)
    {
        ref var flags = ref FlagsOf(node);
        var inCache = (flags & NodeFlags.InSwapCache) != 0;
        var mappers = CollectMappers(node);
        var zeroFilled = HoldsZeros(node);
        if ((flags & (NodeFlags.Locked | NodeFlags.UnderWriteback)) != 0)
            return false;
        if ((flags & NodeFlags.LazilyFreed) != 0)
            return TryDrop(node, mappers);
        if (!inCache)
        {
            if (Mechanism.ZeroPageAtSwapOut && zeroFilled && !_settings.ForbidZeroPage)
            {
                ReplaceByZeroPage(node, mappers);
                return true;
            }

            if (!HasFreeSlot)
                return false;
            Slots++;
            flags |= NodeFlags.InSwapCache | NodeFlags.Dirty;
        }

        foreach (var index in mappers)
        {
            if ((_pte[index] & Pte.Dirty) != 0)
                flags |= NodeFlags.Dirty;
            _pte[index] = (byte)((_pte[index] & (Pte.Shared | Pte.ContentMask)) | Pte.Swapped);
        }

        if (node < 0)
        {
            ref var shared = ref _shared[node];
            shared.SwapCount += mappers.Length;
            shared.MapCount = 0;
        }

        if (mappers.Length > 0)
        {
            MappedFrames--;
            if (zeroFilled)
                ZeroFilledFrames--;
            UnmappedCacheFrames++;
        }

        var written = (flags & NodeFlags.Dirty) != 0 && WriteOut(ref flags, zeroFilled, ContentBits(node));
        flags &= ~(NodeFlags.Dirty | NodeFlags.ReadAhead);
        if (written && !IsSynchronous)
        {
            // The device has it later; until then, and until reclaim comes by again, the frame stays in the swap cache.
            flags |= NodeFlags.UnderWriteback;
            _underWriteback.Add(node);
            return false;
        }

        _lru.Remove(node);
        UnmappedCacheFrames--;
        flags &= ~NodeFlags.InSwapCache;
        return true;
    }

    /// <summary>Asynchronous write-back has ended.</summary>
    public void Settle()
    {
        foreach (var node in _underWriteback)
            FlagsOf(node) &= ~NodeFlags.UnderWriteback;
        _underWriteback.Clear();
    }

    /// <summary>try_to_unmap of a frame that MADV_FREE gave up: gone, unless it was written since, which makes it an ordinary frame again.</summary>
    private bool TryDrop(int node, ReadOnlySpan<int> mappers)
    {
        ref var flags = ref FlagsOf(node);
        foreach (var index in mappers)
        {
            if ((_pte[index] & Pte.Dirty) != 0)
                flags |= NodeFlags.Dirty;
        }

        if ((flags & NodeFlags.Dirty) != 0)
        {
            flags &= ~NodeFlags.LazilyFreed;
            return false;
        }

        FreeMappedFrame(node, HoldsZeros(node));
        foreach (var index in mappers)
        {
            _pte[index] = Pte.None;
            _flags[index] = NodeFlags.None;
        }

        if (node < 0)
            _shared.Remove(node);
        return true;
    }

    private byte ContentBits(int node) => node >= 0 ? (byte)(_pte[node] & Pte.ContentMask) : _shared[node].ContentBits;

    /// <summary>swap_writepage; false if the device was spared by the zeromap or zswap.</summary>
    private bool WriteOut(ref NodeFlags flags, bool zeroFilled, byte contentBits)
    {
        ForgetCopy(ref flags);
        if (zeroFilled)
            _counters.ZeroFilledSwapOuts++;
        if (zeroFilled && Mechanism.Zeromap)
        {
            flags |= NodeFlags.ZeromapBit;
            _counters.ZeroSwapOuts++;
            return false;
        }

        var compressible = contentBits != Pte.Incompressible;
        if (_settings.Zswap && compressible)
        {
            _counters.ZswapOuts++;
            flags |= NodeFlags.InZswap;
        }
        else
        {
            _counters.SwapOuts++;
        }

        // Pages of one repeated word, zeros included, take no memory: zram keeps the word in its table entry, zswap compresses it to next to nothing.
        var inMemory = _settings.SwapDevice == SwapDevice.Zram || (flags & NodeFlags.InZswap) != 0;
        if (inMemory && contentBits != Pte.ContentZero && contentBits != Pte.ContentBits(PageContent.Repeated))
        {
            flags |= NodeFlags.SlotHoldsData;
            SlotsHoldingData++;
        }

        return (flags & NodeFlags.InZswap) == 0;
    }

    private void ReplaceByZeroPage(int node, ReadOnlySpan<int> mappers)
    {
        _counters.ZeroPagesMappedAtSwapOut++;
        _counters.ZeroFilledSwapOuts++;
        _lru.Remove(node);
        foreach (var index in mappers)
        {
            _pte[index] = Pte.Zero | Pte.HiddenZero;
            _flags[index] = NodeFlags.None;
            HiddenZeroEntries++;
        }

        MappedFrames--;
        ZeroFilledFrames--;
        if (node < 0)
            _shared.Remove(node);
    }

    // ---- Unmap, fork -----------------------------------------------------------------------------------------------------------

    /// <summary>munmap, MADV_DONTNEED and exit: every entry becomes empty.</summary>
    public void Zap(in Run run)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            var entry = _pte[index];
            switch (entry & Pte.KindMask)
            {
                case Pte.None:
                    index = NextInUse(index, run.End) - 1;
                    continue;
                case Pte.Zero:
                    if ((entry & Pte.HiddenZero) != 0)
                        HiddenZeroEntries--;
                    break;
                case Pte.Mapped when (entry & Pte.Shared) != 0:
                    UnmapShared(index);
                    break;
                case Pte.Mapped:
                    if ((_flags[index] & NodeFlags.InSwapCache) != 0)
                        DropFromSwapCache(index);
                    FreeMappedFrame(index, (entry & Pte.ContentMask) == Pte.ContentZero);
                    break;
                default:
                    ZapSwapEntry(index);
                    break;
            }

            _pte[index] = Pte.None;
        }
    }

    private int NextInUse(int index, int end) => index + PteRuns.FirstInUse(_pte.AsSpan(index, end - index));

    private void ZapSwapEntry(int index)
    {
        var node = NodeOf(index);
        if (node < 0 && --_shared[node].SwapCount > 0)
            return;
        var inCache = (FlagsOf(node) & NodeFlags.InSwapCache) != 0;
        if (node < 0 && _shared[node].MapCount > 0)
            return;
        if (inCache)
        {
            _lru.Remove(node);
            UnmappedCacheFrames--;
        }

        FreeSlotOfOnlyEntry(index, node);
    }

    /// <summary>Takes one entry off a shared frame; the entry is about to say something else.</summary>
    private void UnmapShared(int index)
    {
        var node = SharedNode(index);
        ref var shared = ref _shared[node];
        if (--shared.MapCount > 0)
            return;
        if ((shared.Flags & NodeFlags.InSwapCache) != 0)
        {
            if (shared.SwapCount > 0)
            {
                MappedFrames--;
                if (shared.ContentBits == Pte.ContentZero)
                    ZeroFilledFrames--;
                UnmappedCacheFrames++;
                return;
            }

            DropFromSwapCache(node);
        }

        FreeMappedFrame(node, shared.ContentBits == Pte.ContentZero);
        _shared.Remove(node);
    }

    private void FreeMappedFrame(int node, bool zeroFilled)
    {
        _lru.Remove(node);
        MappedFrames--;
        if (zeroFilled)
            ZeroFilledFrames--;
    }

    /// <summary>copy_page_range: the child's entries come to say what the parent's say, and both lose the right to write.</summary>
    public void Fork(ForkFamily family, in Run parent, int child)
    {
        for (var k = 0; k < parent.Count; k++)
        {
            var (from, to) = (parent.Index + k, child + k);
            switch (_pte[from] & Pte.KindMask)
            {
                case Pte.None:
                    break;
                case Pte.Zero:
                    if ((_pte[from] & Pte.HiddenZero) != 0)
                        HiddenZeroEntries++;
                    _pte[to] = (byte)(_pte[from] & ~Pte.Young);
                    break;
                default:
                    BecomeShared(family, parent.PageAt(from), from);
                    _pte[to] = (byte)(_pte[from] & ~Pte.Young);
                    Lists.SharedNodeOf(to) = SharedNode(from);
                    ref var shared = ref _shared[SharedNode(from)];
                    if ((_pte[from] & Pte.KindMask) == Pte.Mapped)
                        shared.MapCount++;
                    else
                        shared.SwapCount++;
                    break;
            }
        }
    }

    /// <summary>A VMA that comes of another, by fork or a cut, inherits its read-ahead state (vm_area_dup copies it).</summary>
    public void CopyArea(int from, int to) => _readAhead[to] = _readAhead[from];

    /// <summary>Moves an exclusive frame or slot into a shared node, in its place on the LRU.</summary>
    private void BecomeShared(ForkFamily family, ulong page, int index)
    {
        var entry = _pte[index];
        if ((entry & Pte.Shared) != 0)
            return;
        var mapped = (entry & Pte.KindMask) == Pte.Mapped;
        var node = _shared.Add(family, page);
        Lists.EnsureCapacity(0, (int)BitOperations.RoundUpToPowerOf2((uint)_shared.Capacity));
        ref var shared = ref _shared[node];
        shared.ContentBits = (byte)(entry & Pte.ContentMask);
        shared.Flags = _flags[index];
        (shared.MapCount, shared.SwapCount) = mapped ? (1, 0) : (0, 1);
        if (mapped || (shared.Flags & NodeFlags.InSwapCache) != 0)
            Rename(index, node);
        _flags[index] = NodeFlags.None;
        _pte[index] = (byte)((entry & ~(Pte.Writable | Pte.ContentMask)) | Pte.Shared);
        Lists.SharedNodeOf(index) = node;
    }

    private void Rename(int old, int node)
    {
        _lru.Rename(old, node);
        if ((FlagsOf(node) & NodeFlags.UnderWriteback) != 0)
            _underWriteback.Add(node);
    }

    /// <summary>Moves a shared frame that one entry maps, outside the swap cache, into the entry's own node.</summary>
    private void BecomeExclusive(int index)
    {
        var node = SharedNode(index);
        var shared = _shared[node];
        Rename(node, index);
        _flags[index] = shared.Flags;
        _pte[index] = (byte)((_pte[index] & ~(Pte.Shared | Pte.ContentMask)) | shared.ContentBits);
        _shared.Remove(node);
    }

    // ---- Memory limit ----------------------------------------------------------------------------------------------------------

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

    /// <summary>Makes room for one frame under the limit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Charge()
    {
        if (LimitFrames > 0 && Frames >= LimitFrames && !_lru.MakeRoom())
            _counters.OutOfMemoryPages++;
    }

    // ---- Nodes -----------------------------------------------------------------------------------------------------------------

    /// <summary>The entry as kernel truth writes it: nothing, zero page, private page, the same in the swap cache, swapped, swapped with a copy in the cache.</summary>
    public char Letter(int index) => (_pte[index] & Pte.KindMask, (FlagsOf(NodeOf(index)) & NodeFlags.InSwapCache) != 0) switch
    {
        (Pte.None, _) => '.',
        (Pte.Zero, _) => 'Z',
        (Pte.Mapped, false) => 'P',
        (Pte.Mapped, true) => 'C',
        (_, false) => 'S',
        (_, true) => 'c',
    };

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
