using System.Runtime.CompilerServices;

namespace FleetEstimator.Paging;

/// <content>Loads, stores and the faults they take.</content>
internal sealed partial class Kernel
{
    /// <summary>A load of one page that is present; false, and nothing done, if it takes a fault.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTouch(int index)
    {
        var entries = _pte;
        if ((uint)index >= (uint)entries.Length)
            return false;
        var entry = entries[index];
        if ((entry & Pte.Present) == 0)
            return false;
        _tableAccessed[index / PageTables.EntriesPerTable] = true;
        entries[index] = (byte)(entry | Pte.Young);
        return true;
    }

    /// <summary>Loads of one page each, in pages that VMAs hold, one operation after the other.</summary>
    public void Read(ReadOnlySpan<int> indices)
    {
        foreach (var index in indices)
            CpuCache.Prefetch(ref _pte[index]);
        foreach (var index in indices)
        {
            if ((_pte[index] & Pte.Present) == 0)
                Lists.Prefetch(index);
        }

        foreach (var index in indices)
        {
            if (!TryTouch(index))
                Read(_tables.RunOf(index));
            _tables.ProcessesRan++;
        }
    }

    public void Read(in Run run)
    {
        _tableAccessed[run.Index / PageTables.EntriesPerTable] = true;
        for (var index = run.Index; index < run.End;)
        {
            index += PteRuns.TouchPresent(_pte.AsSpan(index, run.End - index));
            if (index < run.End)
            {
                ReadFault(run, index++);
                _tableAccessed[run.Index / PageTables.EntriesPerTable] = true;
            }
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
                if (Mechanism.ChecksBeforeFlush)
                    CountStoreLostToStaleTranslation(index, contentBits);
                WriteFault(run, index);
                Store(index++, contentBits);
                _tableAccessed[run.Index / PageTables.EntriesPerTable] = true;
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
            {
                WriteFault(run, index);
                _tableAccessed[run.Index / PageTables.EntriesPerTable] = true;
            }

            _pte[index] |= Pte.Young | Pte.Dirty;
        }
    }

    /// <summary>A load that finds this content, page by page: a later fault may swap out what was read before, and takes its place on the LRU after it.</summary>
    public void ReadKnown(in Run run, byte contentBits)
    {
        for (var index = run.Index; index < run.End; index++)
        {
            var page = new Run(run.Area, run.PageAt(index), index, 1);
            Read(page);
            Observe(page, contentBits, known: true);
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
                    _areas[run.Area.Id].HasAnonymousPages = true;
                    StateOf(index) = TableState.Entries;
                    Charge(index);
                    MapNewFrame(index, Pte.Writable);
                    SetContent(index, contentBits);
                    break;
                case Pte.Zero when known && contentBits != Pte.ContentZero:
                    if (Mechanism.ChecksBeforeFlush)
                        CountStoreLostThroughPin(run, index);
                    WriteFaultOfObservedStore(run, index);
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
        else if (ForbidsZeroPage(index))
        {
            // Memory of its own, as for a store.
            WriteFault(run, index);
        }
        else if (TryHugeFault(run, index, write: false))
        {
            _counters.MinorFaults++;
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
        _areas[run.Area.Id].HasAnonymousPages = true;
        switch (_pte[index] & Pte.KindMask)
        {
            case Pte.None:
            case Pte.Zero:
                _counters.MinorFaults++;
                if (TryLargeFault(run, index))
                    break;
                Charge(index);
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

    private bool TryLargeFault(in Run run, int index)
    {
        if (TryHugeFault(run, index, write: true))
            return true;

        // A store to the huge zero page splits it into small entries.
        PartHugeMapping(index);
        return (_pte[index] & Pte.KindMask) == Pte.None && TryFault64K(run, index);
    }

    /// <summary>mlock_vma_folio: what is faulted into a locked VMA stays.</summary>
    private void KeepIfLocked(in Run run, int index)
    {
        if (run.Area.Locked && (_pte[index] & Pte.KindMask) == Pte.Mapped)
            AddFlags(NodeOf(index), NodeFlags.Locked);
    }

    private void WriteFaultOfObservedStore(in Run run, int index)
    {
        var counted = _counters;
        WriteFault(run, index);
        (_counters.MinorFaults, _counters.NewFrames, _counters.CopyOnWrites, _counters.CopiedFrames) =
            (counted.MinorFaults, counted.NewFrames, counted.CopyOnWrites, counted.CopiedFrames);
    }

    /// <summary>do_wp_page: reuse the frame when nothing else can see it, else copy.</summary>
    private void WriteProtected(in Run run, int index)
    {
        if (TryReuse(index))
            return;

        // Charging may reclaim the very frame to be copied; the store then faults again, on whatever the entry says by now.
        Charge(index);
        if ((_pte[index] & Pte.KindMask) != Pte.Mapped)
        {
            WriteFault(run, index);
            return;
        }

        var content = _shared[SharedNode(index)].ContentBits;
        UnmapShared(index);
        CountCopy();
        MapNewFrame(index, Pte.Writable | Pte.Young | Pte.Dirty);
        SetContent(index, content);
        KeepIfLocked(run, index);
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

    private void CountCopy()
    {
        _counters.NewFrames++;
        _counters.CopyOnWrites++;
        _counters.CopiedFrames++;
    }

    private void ReplaceByNewFrame(int index)
    {
        if ((_pte[index] & Pte.KindMask) == Pte.Zero)
            _counters.CopyOnWrites++;
        if ((_pte[index] & (Pte.KindMask | Pte.HiddenZero)) == (Pte.Zero | Pte.HiddenZero))
            HiddenZeroEntries--;
        _counters.NewFrames++;
        MapNewFrame(index, Pte.Writable | Pte.Young | Pte.Dirty);
    }

    private void MapNewFrame(int index, int bits)
    {
        MapFrame(index, bits);
        LruOf(index).AddFaulted(index);
    }

    private void MapFrame(int index, int bits)
    {
        _pte[index] = (byte)(Pte.Mapped | bits | Pte.ContentZero);
        ForgetFlags(index);
        MappedFrames++;
        ZeroFilledFrames++;
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
}
