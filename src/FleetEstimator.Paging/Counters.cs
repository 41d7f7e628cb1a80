namespace FleetEstimator.Paging;

/// <summary>What a kernel counts, in events (faults, folios split) or pages (everything else). Names follow /proc/vmstat.</summary>
public record struct Counters
{
    /// <summary>Faults served without reading (or zero-filling) the page itself.</summary>
    public long MinorFaults { get; set; }

    /// <summary>Faults that had to read or zero-fill the page itself.</summary>
    public long MajorFaults { get; set; }

    /// <summary>Frames that a fault allocated and cleared or copied, those of swap-in not among them; and copies of pinned pages that fork makes.</summary>
    public long NewFrames { get; set; }

    /// <summary>Stores that found a read-only page, the zero page or one that fork shares, and put a new frame in its place (no kernel counter).</summary>
    public long CopyOnWrites { get; set; }

    /// <summary>Those of <see cref="NewFrames"/> that were filled by copying a page that fork shares or may not share; the others were cleared (no kernel counter).</summary>
    public long CopiedFrames { get; set; }

    /// <summary>Page table entries that reclaim took away, one reverse-map walk step each; of a large folio one a page (no kernel counter).</summary>
    public long ReclaimedEntries { get; set; }

    /// <summary>Pages read from the swap device; zeros served by the zeromap are not part of it.</summary>
    public long SwapIns { get; set; }

    /// <summary>Pages written to the swap device; zeros caught by the zeromap are not part of it.</summary>
    public long SwapOuts { get; set; }

    /// <summary>swpin_zero: pages zero-filled at swap-in because of the zeromap.</summary>
    public long ZeroSwapIns { get; set; }

    /// <summary>swpout_zero: pages whose zeromap bit was set instead of a write.</summary>
    public long ZeroSwapOuts { get; set; }

    /// <summary>zswpin: pages read from zswap.</summary>
    public long ZswapIns { get; set; }

    /// <summary>zswpout: pages stored in zswap.</summary>
    public long ZswapOuts { get; set; }

    /// <summary>swap_ra: pages read ahead.</summary>
    public long ReadAheads { get; set; }

    /// <summary>Those of <see cref="SwapIns"/> that were read ahead, so that no fault waited for them (no kernel counter).</summary>
    public long SwapInsAhead { get; set; }

    /// <summary>swap_ra_hit: first uses of pages read ahead.</summary>
    public long ReadAheadHits { get; set; }

    /// <summary>thp_swpout: 2 MiB folios written to the device as a whole.</summary>
    public long HugeSwapOuts { get; set; }

    /// <summary>thp_swpout_fallback: 2 MiB folios split because slots were short.</summary>
    public long HugeSwapOutFallbacks { get; set; }

    /// <summary>Read faults on zero-filled slots that mapped the shared zero page (no kernel counter).</summary>
    public long ZeroPagesMappedAtSwapIn { get; set; }

    /// <summary>Zero-filled pages that reclaim replaced by the shared zero page (no kernel counter).</summary>
    public long ZeroPagesMappedAtSwapOut { get; set; }

    /// <summary>Pages swapped out whose content was zeros, whatever the mechanism did with them (no kernel counter).</summary>
    public long ZeroFilledSwapOuts { get; set; }

    /// <summary>Pages swapped in whose content was zeros, whatever the mechanism did with them (no kernel counter).</summary>
    public long ZeroFilledSwapIns { get; set; }

    /// <summary>Pages that could not be brought under the memory limit: where a kernel would have called its out-of-memory killer.</summary>
    public long OutOfMemoryPages { get; set; }

    /// <summary>thp_underused_split_page: 2 MiB folios that the shrinker split because most of their pages were filled with zeros.</summary>
    public long UnderusedSplits { get; set; }

    /// <summary>Zero-filled pages that KSM replaced by the shared zero page (the sum of what was ever added to ksm_zero_pages).</summary>
    public long ZeroPagesMappedByKsm { get; set; }

    /// <summary>ksm/pages_scanned: pages that KSM read.</summary>
    public long KsmPagesScanned { get; set; }

    /// <summary>
    /// Zero-filled pages replaced by the zero page before their content was known not to change: the frame was pinned, or its entry dirty and writable
    /// with no TLB flush yet (no kernel counter; a mechanism that checks before the flush).
    /// </summary>
    public long UnmapsAtRisk { get; set; }

    /// <summary>
    /// Of <see cref="UnmapsAtRisk"/> those in which this trace lost data: the content changed through the pin, or the page was stored to within
    /// <see cref="NodeSettings.FlushWindowMicroseconds"/> (no kernel counter).
    /// </summary>
    public long LostStores { get; set; }

    /// <summary>What was counted between <paramref name="earlier"/> and now.</summary>
    public readonly Counters Since(in Counters earlier) => new()
    {
        MinorFaults = MinorFaults - earlier.MinorFaults,
        MajorFaults = MajorFaults - earlier.MajorFaults,
        NewFrames = NewFrames - earlier.NewFrames,
        CopyOnWrites = CopyOnWrites - earlier.CopyOnWrites,
        CopiedFrames = CopiedFrames - earlier.CopiedFrames,
        ReclaimedEntries = ReclaimedEntries - earlier.ReclaimedEntries,
        SwapIns = SwapIns - earlier.SwapIns,
        SwapOuts = SwapOuts - earlier.SwapOuts,
        ZeroSwapIns = ZeroSwapIns - earlier.ZeroSwapIns,
        ZeroSwapOuts = ZeroSwapOuts - earlier.ZeroSwapOuts,
        ZswapIns = ZswapIns - earlier.ZswapIns,
        ZswapOuts = ZswapOuts - earlier.ZswapOuts,
        ReadAheads = ReadAheads - earlier.ReadAheads,
        SwapInsAhead = SwapInsAhead - earlier.SwapInsAhead,
        ReadAheadHits = ReadAheadHits - earlier.ReadAheadHits,
        HugeSwapOuts = HugeSwapOuts - earlier.HugeSwapOuts,
        HugeSwapOutFallbacks = HugeSwapOutFallbacks - earlier.HugeSwapOutFallbacks,
        ZeroPagesMappedAtSwapIn = ZeroPagesMappedAtSwapIn - earlier.ZeroPagesMappedAtSwapIn,
        ZeroPagesMappedAtSwapOut = ZeroPagesMappedAtSwapOut - earlier.ZeroPagesMappedAtSwapOut,
        ZeroFilledSwapOuts = ZeroFilledSwapOuts - earlier.ZeroFilledSwapOuts,
        ZeroFilledSwapIns = ZeroFilledSwapIns - earlier.ZeroFilledSwapIns,
        OutOfMemoryPages = OutOfMemoryPages - earlier.OutOfMemoryPages,
        UnderusedSplits = UnderusedSplits - earlier.UnderusedSplits,
        ZeroPagesMappedByKsm = ZeroPagesMappedByKsm - earlier.ZeroPagesMappedByKsm,
        KsmPagesScanned = KsmPagesScanned - earlier.KsmPagesScanned,
        UnmapsAtRisk = UnmapsAtRisk - earlier.UnmapsAtRisk,
        LostStores = LostStores - earlier.LostStores,
    };

    /// <summary>The counters of the whole node, where these are of a <paramref name="share"/> of its pages; rounded to whole events.</summary>
    public readonly Counters WholeOf(PageShare share) => share.IsWhole ? this : new()
    {
        MinorFaults = share.WholeOf(MinorFaults),
        MajorFaults = share.WholeOf(MajorFaults),
        NewFrames = share.WholeOf(NewFrames),
        CopyOnWrites = share.WholeOf(CopyOnWrites),
        CopiedFrames = share.WholeOf(CopiedFrames),
        ReclaimedEntries = share.WholeOf(ReclaimedEntries),
        SwapIns = share.WholeOf(SwapIns),
        SwapOuts = share.WholeOf(SwapOuts),
        ZeroSwapIns = share.WholeOf(ZeroSwapIns),
        ZeroSwapOuts = share.WholeOf(ZeroSwapOuts),
        ZswapIns = share.WholeOf(ZswapIns),
        ZswapOuts = share.WholeOf(ZswapOuts),
        ReadAheads = share.WholeOf(ReadAheads),
        SwapInsAhead = share.WholeOf(SwapInsAhead),
        ReadAheadHits = share.WholeOf(ReadAheadHits),
        HugeSwapOuts = share.WholeOf(HugeSwapOuts),
        HugeSwapOutFallbacks = share.WholeOf(HugeSwapOutFallbacks),
        ZeroPagesMappedAtSwapIn = share.WholeOf(ZeroPagesMappedAtSwapIn),
        ZeroPagesMappedAtSwapOut = share.WholeOf(ZeroPagesMappedAtSwapOut),
        ZeroFilledSwapOuts = share.WholeOf(ZeroFilledSwapOuts),
        ZeroFilledSwapIns = share.WholeOf(ZeroFilledSwapIns),
        OutOfMemoryPages = share.WholeOf(OutOfMemoryPages),
        UnderusedSplits = share.WholeOf(UnderusedSplits),
        ZeroPagesMappedByKsm = share.WholeOf(ZeroPagesMappedByKsm),
        KsmPagesScanned = share.WholeOf(KsmPagesScanned),
        UnmapsAtRisk = share.WholeOf(UnmapsAtRisk),
        LostStores = share.WholeOf(LostStores),
    };
}
