namespace FleetEstimator.Paging;

/// <content>
/// Long-term GUP pins (pin_user_pages with FOLL_LONGTERM | FOLL_WRITE in mm/gup.c): a device may store to the frame at any time, behind the page
/// tables. A pinned frame is mapped by one entry, for writing, and stays so: reclaim keeps it, fork copies it, nothing splits its folio.
/// </content>
internal sealed partial class Kernel
{
    /// <summary>Frames that no entry maps and only pins keep: out of RSS, still charged.</summary>
    public long PinnedUnmappedFrames => Pins.UnmappedFrames;

    internal PinnedFrames Pins { get; }

    /// <summary>Faults every page in for writing, and pins it.</summary>
    public void Pin(in Run run)
    {
        var process = _tables.Locate(run.Index).Process.Number;
        for (var index = run.Index; index < run.End; index++)
        {
            if ((_pte[index] & (Pte.KindMask | Pte.Writable)) != (Pte.Mapped | Pte.Writable))
                WriteFault(run, index);

            // follow_page_pte with FOLL_TOUCH | FOLL_WRITE: set_page_dirty, mark_page_accessed.
            _pte[index] |= Pte.Young;
            AddFlags(index, NodeFlags.Dirty);
            Pins.Add(process, run.PageAt(index), KeyOf(index), GroupOf(index));
        }
    }

    /// <summary>The end of one pin of each page.</summary>
    public void Unpin(uint process, ulong page, uint pages)
    {
        for (var k = 0u; k < pages; k++)
            Pins.End(process, page + k);
    }

    /// <summary>A process is gone, and with it the files through which it had pinned.</summary>
    public void EndPins(uint process) => Pins.EndAll(process);

    /// <summary>The folio of an exclusive node.</summary>
    internal FolioKey KeyOf(int node)
    {
        var pages = FolioPages(node);
        return new FolioKey(node & ~(pages - 1), pages);
    }

    internal bool IsPinned(int node) => node >= 0 && Pins.Holds(KeyOf(node));

    /// <summary>
    /// Reclaim of a pinned frame: shrink_folio_list leaves it where it is, or try_to_unmap cannot (folio_try_share_anon_rmap_pte). A slot that is no
    /// use is freed when slots are short.
    /// </summary>
    private void KeepPinned(int node)
    {
        if ((StoredFlags(node) & NodeFlags.InSwapCache) != 0 && SwapIsHalfFull)
            DropFromSwapCache(node);
    }

    /// <summary>copy_present_page: the child of a fork gets a copy of a pinned page at once, and the parent keeps the right to write.</summary>
    private void CopyPinned(int from, int to)
    {
        PartHugeMapping(from);
        Charge(to);
        _counters.NewFrames++;
        _counters.CopiedFrames++;
        MapNewFrame(to, Pte.Writable | Pte.Young | Pte.Dirty);
        SetContent(to, (byte)(_pte[from] & Pte.ContentMask));
    }
}
