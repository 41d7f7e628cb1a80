using System.Text.Json.Serialization;

namespace FleetEstimator.Paging;

/// <summary>What swap is made of.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SwapDevice>))]
public enum SwapDevice : byte
{
    /// <summary>No swap: nothing is ever swapped out.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>zram: synchronous, compressed memory.</summary>
    [JsonStringEnumMemberName("zram")]
    Zram,

    /// <summary>A solid-state disk: asynchronous, not rotational. Pages are written back behind the fault's back and stay in the swap cache meanwhile.</summary>
    [JsonStringEnumMemberName("ssd")]
    Ssd,

    /// <summary>A rotating disk: as a solid-state disk, but pages are read ahead by slot, and large folios are split before they are swapped out.</summary>
    [JsonStringEnumMemberName("disk")]
    Disk,
}

/// <summary>Where large folios are used: the sysfs setting of transparent huge pages of one size.</summary>
public enum HugePages : byte
{
    /// <summary>Nowhere.</summary>
    Never,

    /// <summary>Where MADV_HUGEPAGE asked for them.</summary>
    Madvise,

    /// <summary>Everywhere but where MADV_NOHUGEPAGE forbade them.</summary>
    Always,
}

/// <summary>Which frames reclaim takes first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LruKind>))]
public enum LruKind : byte
{
    /// <summary>The multi-generational LRU (CONFIG_LRU_GEN, on).</summary>
    [JsonStringEnumMemberName("multi-generational")]
    MultiGenerational,

    /// <summary>An active and an inactive list.</summary>
    [JsonStringEnumMemberName("classic")]
    Classic,
}

/// <summary>
/// Kernel same-page merging (/sys/kernel/mm/ksm) with use_zero_pages on, which replaces zero-filled pages by the shared zero page. Every process takes
/// part, as after prctl(PR_SET_MEMORY_MERGE). Pages alike that are not zeros are not merged: traces need not hold fingerprints.
/// </summary>
/// <param name="PagesToScan">Pages read each time it wakes, at least 1; the kernel's default is 100.</param>
/// <param name="SleepMilliseconds">Time between, at least 1; the kernel's default is 20.</param>
public sealed record KsmSettings(int PagesToScan = 100, int SleepMilliseconds = 20);

/// <summary>
/// Proactive reclaim in the manner of Senpai (Weiner et al., TMO: Transparent Memory Offloading in Datacenters, ASPLOS 2022): every interval
/// each memory group is asked for <see cref="Ratio"/> of its memory, less the nearer its memory pressure is to <see cref="Pressure"/>. The defaults are theirs.
/// </summary>
public sealed record ProactiveReclaim
{
    /// <summary>The least interval, in microseconds.</summary>
    public const long LeastIntervalMicroseconds = 1_000;

    /// <summary>Time between two requests in microseconds, at least <see cref="LeastIntervalMicroseconds"/>.</summary>
    public long IntervalMicroseconds { get; init; } = 6_000_000;

    /// <summary>Share of a group's memory asked for at pressure 0, in (0, 1].</summary>
    public double Ratio { get; init; } = 0.0005;

    /// <summary>
    /// Share of time spent waiting for memory at which nothing is asked for, in (0, 1]. Waiting is major faults times their latency, by the
    /// cost table: at least what the kernel's PSI shows, which counts overlapping waits once.
    /// </summary>
    public double Pressure { get; init; } = 0.001;

    /// <summary>What a major fault takes.</summary>
    [JsonIgnore]
    public CostTable Costs { get; init; } = CostTable.Default;
}

/// <summary>Settings of a simulated node, the same for every mechanism.</summary>
public sealed record NodeSettings
{
    /// <summary>What swap is made of.</summary>
    public SwapDevice SwapDevice { get; init; } = SwapDevice.None;

    /// <summary>Swap slots, in pages; a node whose slots are all in use cannot swap out.</summary>
    public long SwapPages { get; init; }

    /// <summary>vm.page-cluster: read-ahead windows reach at most 2^page-cluster pages; 0 = no read-ahead.</summary>
    public int PageCluster { get; init; }

    /// <summary>Whether zswap stands before the device: it takes order-0 pages that compress.</summary>
    public bool Zswap { get; init; }

    /// <summary>Which frames reclaim takes first.</summary>
    public LruKind Lru { get; init; }

    /// <summary>Memory groups (cgroups) below the node, at least 1; a process belongs to group 0 unless <see cref="Simulator.Assign"/> says else.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Memory of the node in pages: reclaim starts when less is free than the kernel's watermarks. 0 = no such bound.</summary>
    public long MemoryPages { get; init; }

    /// <summary>Part of <see cref="MemoryPages"/> that is used for what is not modelled, in pages.</summary>
    public long UnmodelledPages { get; init; }

    /// <summary>vm.watermark_scale_factor: distance between watermarks in 1/10,000 of memory.</summary>
    public int WatermarkScaleFactor { get; init; } = 10;

    /// <summary>vm.min_free_kbytes in pages: the lowest watermark. Null: the kernel's default for <see cref="MemoryPages"/>.</summary>
    public long? MinFreePages { get; init; }

    /// <summary>Proactive reclaim, or null.</summary>
    public ProactiveReclaim? Proactive { get; init; }

    /// <summary>2 MiB folios (transparent huge pages).</summary>
    public HugePages HugePages2M { get; init; }

    /// <summary>64 KiB folios (multi-size transparent huge pages). Swap-in brings single pages but with <see cref="LargeSwapIn"/>.</summary>
    public HugePages HugePages64K { get; init; }

    /// <summary>
    /// Whether zswap's parameter was never written since boot, be it to switch it off: Linux 6.12 then swaps 64 KiB folios in as a whole from a
    /// synchronous device. Slot numbers then cost 4 bytes a page and 5 a slot.
    /// </summary>
    public bool LargeSwapIn { get; init; }

    /// <summary>Bytes in a page.</summary>
    public int PageBytes { get; init; } = 4096;

    /// <summary>What zram keeps for one page of data, in bytes. Pages of one repeated word, zeros among them, take none.</summary>
    public int CompressedPageBytes { get; init; } = 4096 / 3;

    /// <summary>
    /// Whether content that is not known counts as data that does not compress, rather than as data: where no compressed sizes are given,
    /// <see cref="FrameContents"/> then tells the two apart.
    /// </summary>
    public bool UnknownIsIncompressible { get; init; }

    /// <summary>Page table entries to make room for at once, so that state is not copied as the node grows; no limit, and no effect on results.</summary>
    public int ExpectedPages { get; init; }

    /// <summary>
    /// shrink_underused: whether 2 MiB folios go to the shrinker that splits underused ones (linux-6.12). Alone it changes next to nothing:
    /// see <see cref="MaxPtesNone"/>.
    /// </summary>
    public bool ShrinkUnderused { get; init; } = true;

    /// <summary>
    /// khugepaged/max_ptes_none, 0 to 511: under memory pressure a 2 MiB folio with more zero-filled pages than this is split, and they map the zero
    /// page. At 511, the default, none is; 409 (80%) is in use at Meta.
    /// </summary>
    public int MaxPtesNone { get; init; } = PageTables.EntriesPerTable - 1;

    /// <summary>Kernel same-page merging with use_zero_pages, over all private anonymous memory; null = off.</summary>
    public KsmSettings? Ksm { get; init; }

    /// <summary>
    /// Time from unmapping a page to the TLB flush of its batch, for counting stores that a check before the flush loses. The default is that of 32 pages
    /// (SWAP_CLUSTER_MAX) at a microsecond each. 0 where times are too coarse to tell, as in recordings by interval: then no store is taken to fall into it.
    /// </summary>
    public long FlushWindowMicroseconds { get; init; } = 32;

    /// <summary>Whether pages go where the recording kernel swapped them out (<see cref="OperationKind.ObservedSwapOut"/>); otherwise that has no effect: the model decides.</summary>
    public bool RecordedReclaim { get; init; }

    /// <summary>Processes that must not map the shared zero page (mm_forbids_zeropage): no read fault maps it and no mechanism applies.</summary>
    public bool ForbidZeroPage { get; init; }

    /// <summary>Whether every operation on the device ends before the fault or reclaim that asked for it goes on (SWP_SYNCHRONOUS_IO).</summary>
    internal bool SwapIsSynchronous => SwapDevice is not (SwapDevice.Ssd or SwapDevice.Disk);

    internal bool SwapsIn64K => LargeSwapIn && SwapIsSynchronous && !Zswap && HugePages64K != HugePages.Never;

    /// <summary>
    /// The settings of a node of which only a share of the pages is replayed: amounts of pages are scaled, KSM comes round as fast as before, and processes
    /// that wait in a share of the faults are under the same pressure.
    /// </summary>
    public NodeSettings ScaledTo(PageShare share) => share.IsWhole ? this : this with
    {
        SwapPages = share.PartOf(SwapPages),
        MemoryPages = share.PartOf(MemoryPages),
        UnmodelledPages = share.PartOf(UnmodelledPages),
        MinFreePages = MemoryPages == 0 ? null : share.PartOf(MinFreePages ?? Watermarks.DefaultMinFreePages(this)),
        Ksm = Ksm is null ? null : Ksm with { SleepMilliseconds = (int)Math.Min(int.MaxValue, share.WholeOf(Ksm.SleepMilliseconds)) },
        Proactive = Proactive is null ? null : Proactive with { Pressure = Proactive.Pressure * share.Value },
    };
}
