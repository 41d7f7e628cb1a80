namespace FleetEstimator.Paging;

/// <content>
/// KSM with use_zero_pages (mm/ksm.c): reads a few pages each time it wakes, and gives those that were filled with zeros at two visits running to the
/// zero page. It goes through processes by number and through each in order of address.
/// </content>
internal sealed partial class Kernel
{
    private readonly Dictionary<int, KsmTable> _ksmTables = [];
    private long _ksmProcess;
    private ulong _ksmPage;

    /// <summary>ksm_do_scan: reads up to <paramref name="pages"/> pages on from where the last call stopped, or to the end of a pass over everything.</summary>
    public void KsmScan(int pages)
    {
        while (NextKsmProcess() is { } process)
        {
            (_ksmPage, _ksmProcess) = (process.Number == _ksmProcess ? _ksmPage : 0, process.Number);
            foreach (var run in PageTables.TouchedRuns(process, _ksmPage, ulong.MaxValue))
            {
                // An area without an anon_vma holds nothing that could be merged.
                if (!_areas[run.Area.Id].HasAnonymousPages)
                    continue;
                var items = KsmTableOf(run.Index);
                for (var index = run.Index; index < run.End; index++)
                {
                    if (!ReadForKsm(items, index) || --pages > 0)
                        continue;
                    _ksmPage = run.PageAt(index) + 1;
                    return;
                }
            }

            (_ksmPage, _ksmProcess) = (0, _ksmProcess + 1);
        }

        (_ksmPage, _ksmProcess) = (0, 0);
    }

    private Process? NextKsmProcess()
    {
        Process? next = null;
        foreach (var process in _tables.Processes)
        {
            if (process.Number >= _ksmProcess && (next == null || process.Number < next.Number))
                next = process;
        }

        return next;
    }

    private KsmTable KsmTableOf(int index)
    {
        var table = index / PageTables.EntriesPerTable;
        if (!_ksmTables.TryGetValue(table, out var items))
            _ksmTables.Add(table, items = new KsmTable());
        return items;
    }

    /// <summary>scan_get_next_rmap_item and cmp_and_merge_page for one entry; false if there was no page to read, or it was passed over.</summary>
    private bool ReadForKsm(KsmTable items, int index)
    {
        ref var item = ref items[index % PageTables.EntriesPerTable];
        if ((_pte[index] & Pte.KindMask) != Pte.Mapped)
        {
            item = default;
            return false;
        }

        if (Mechanism.KsmSmartScan && item.IsSkipped())
            return false;
        _counters.KsmPagesScanned++;
        var heldZeros = item.HeldZeros;
        item.HeldZeros = ContentBitsOf(index) == Pte.ContentZero;
        if (heldZeros && item.HeldZeros && !ForbidsZeroPage(index))
            MergeWithZeroPage(index);
        return true;
    }

    /// <summary>try_to_merge_one_page: not while anything else refers to the frame. A large folio is split first, which may already map its zeros to the zero page.</summary>
    private void MergeWithZeroPage(int index)
    {
        if (IsPinned(NodeOf(index)))
            return;
        if (FolioPages(index) > 1)
            Split(FolioOf(index));
        var node = NodeOf(index);
        if ((_pte[index] & Pte.KindMask) != Pte.Mapped || (FlagsOf(node) & NodeFlags.UnderWriteback) != 0)
            return;
        _counters.ZeroPagesMappedByKsm++;
        if (node < 0)
        {
            UnmapShared(index);
        }
        else
        {
            if ((StoredFlags(index) & NodeFlags.InSwapCache) != 0)
                DropFromSwapCache(index);
            FreeMappedFrame(index, zeroFilled: true);
            ForgetFlags(index);
        }

        _pte[index] = Pte.Zero;
    }

    /// <summary>What KSM remembers of the pages of one table (ksm_rmap_item).</summary>
    private sealed class KsmTable
    {
        private readonly Entry[] _items = new Entry[PageTables.EntriesPerTable];

        public ref Entry this[int entry] => ref _items[entry];

        internal struct Entry
        {
            // From this age on a page is passed over at some visits.
            private const byte AgeOfSkipping = 3;

            private byte _age;
            private byte _skipsLeft;

            /// <summary>Whether it was filled with zeros when read last (the kernel's checksum).</summary>
            public bool HeldZeros;

            /// <summary>should_skip_rmap_item: the longer a page could not be merged, the more visits pass it over.</summary>
            public bool IsSkipped()
            {
                var age = _age;
                if (age != byte.MaxValue)
                    _age++;
                if (age < AgeOfSkipping)
                    return false;
                if (_skipsLeft == 0)
                {
                    _skipsLeft = age switch { <= 3 => 1, <= 5 => 2, <= 8 => 4, _ => 8 };
                    return false;
                }

                _skipsLeft--;
                return true;
            }
        }
    }
}
