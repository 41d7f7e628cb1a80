namespace FleetEstimator.Paging;

/// <summary>An entry of a <see cref="CostTable"/>: what cost files call it, what its default rests on, and how to get at it.</summary>
/// <param name="Key">Name in cost files and reports.</param>
/// <param name="Meaning">What is done once for this many nanoseconds.</param>
/// <param name="Source">Where the default comes from.</param>
/// <param name="Of">Its value in a table, in nanoseconds.</param>
/// <param name="With">The table with another value, in nanoseconds.</param>
public sealed record Cost(string Key, string Meaning, string Source, Func<CostTable, long> Of, Func<CostTable, long, CostTable> With)
{
    /// <summary>The most an entry may be, in nanoseconds: a second, far beyond any page on any device.</summary>
    public const long MaxNanoseconds = 1_000_000_000;

    private const string Measured = "measured by fleet-estimator calibrate on Linux 6.18 (x86-64 guest, AMD EPYC, 4 KiB pages, zram with lzo-rle)";
    private const string Derived = Measured + ", as a difference: ";
    private const string BlockLayer = "published: Axboe, Efficient IO with io_uring (2019): 608,000 reads of 4 KiB a second and core through the block layer";

    /// <summary>Every entry, in the order cost files and reports show them.</summary>
    public static IReadOnlyList<Cost> All { get; } =
    [
        new("fault", "entering and leaving a page fault", Measured + ": first load of a page",
            table => table.Fault, (table, value) => table with { Fault = value }),
        new("page_allocation", "allocating, charging and listing a frame", Derived + "first store, less fault and clearing",
            table => table.PageAllocation, (table, value) => table with { PageAllocation = value }),
        new("page_clearing", "clearing a page", Derived + "first store to a huge page, less the fault, for each of its 512 pages",
            table => table.PageClearing, (table, value) => table with { PageClearing = value }),
        new("page_copy", "copying a page", Derived + "copy on write of a private file page, less that of the zero page",
            table => table.PageCopy, (table, value) => table with { PageCopy = value }),
        new("copy_on_write", "replacing a read-only mapping: TLB flush, reverse map", Derived + "store to the zero page, less first store",
            table => table.CopyOnWrite, (table, value) => table with { CopyOnWrite = value }),
        new("reclaim", "taking a page off its list at reclaim and freeing it", Derived + "MADV_COLD and MADV_DONTNEED together, which list and free a page",
            table => table.Reclaim, (table, value) => table with { Reclaim = value }),
        new("reverse_map_walk", "finding and changing one mapping by the reverse map, with its share of the batched TLB flush",
            Derived + "reclaim of a page freed by MADV_FREE, less reclaim",
            table => table.ReverseMapWalk, (table, value) => table with { ReverseMapWalk = value }),
        new("zero_check_of_zeros", "checking all words of a zero-filled page", Measured + ": in user space, page in cache",
            table => table.ZeroCheckOfZeros, (table, value) => table with { ZeroCheckOfZeros = value }),
        new("zero_check_of_data", "checking the last word of a page of data", Measured + ": in user space",
            table => table.ZeroCheckOfData, (table, value) => table with { ZeroCheckOfData = value }),
        new("slot_allocation", "taking a swap slot, entering and leaving the swap cache", Derived + "page-out of zeros, less reclaim, walk and check",
            table => table.SlotAllocation, (table, value) => table with { SlotAllocation = value }),
        new("slot_release", "looking a slot up at swap-in and giving it back", Derived + "swap-in of zeros, less fault, allocation and clearing",
            table => table.SlotRelease, (table, value) => table with { SlotRelease = value }),
        new("compression", "compressing a page", Derived + "page-out of half-compressible pages to zram, less pages of one repeated word",
            table => table.Compression, (table, value) => table with { Compression = value }),
        new("decompression", "decompressing a page", Derived + "swap-in of half-compressible pages from zram, less pages of one repeated word",
            table => table.Decompression, (table, value) => table with { Decompression = value }),
        new("zram_write", "writing a page to zram, compression apart", Derived + "page-out of pages of one repeated word, less page-out of zeros",
            table => table.ZramWrite, (table, value) => table with { ZramWrite = value }),
        new("zram_read", "reading a page from zram, decompression apart", Derived + "swap-in of pages of one repeated word, less swap-in of zeros without its clearing",
            table => table.ZramRead, (table, value) => table with { ZramRead = value }),
        new("zswap_store", "storing a page in zswap, compression apart", Derived + "page-out of half-compressible pages to zswap (lzo), less page-out of zeros and compression",
            table => table.ZswapStore, (table, value) => table with { ZswapStore = value }),
        new("zswap_load", "loading a page from zswap, decompression apart", Derived + "swap-in of half-compressible pages from zswap (lzo), less swap-in of zeros without its clearing and decompression",
            table => table.ZswapLoad, (table, value) => table with { ZswapLoad = value }),
        new("ssd_write", "CPU time of writing a page to a solid-state disk", BlockLayer,
            table => table.SsdWrite, (table, value) => table with { SsdWrite = value }),
        new("ssd_read", "CPU time of reading a page from a solid-state disk", BlockLayer,
            table => table.SsdRead, (table, value) => table with { SsdRead = value }),
        new("ssd_read_latency", "waiting for a page from a solid-state disk", "not measured: what data sheets of NVMe disks name for a random read of 4 KiB",
            table => table.SsdReadLatency, (table, value) => table with { SsdReadLatency = value }),
        new("disk_write", "CPU time of writing a page to a rotating disk", BlockLayer,
            table => table.DiskWrite, (table, value) => table with { DiskWrite = value }),
        new("disk_read", "CPU time of reading a page from a rotating disk", BlockLayer,
            table => table.DiskRead, (table, value) => table with { DiskRead = value }),
        new("disk_read_latency", "waiting for a page from a rotating disk", "derived: half a turn at 7,200 per minute and 8 ms to seek",
            table => table.DiskReadLatency, (table, value) => table with { DiskReadLatency = value }),
        new("ksm_scan", "reading a page for KSM: the walk to it and a checksum", "not measured: 4 KiB at 10 GB/s, and the walk",
            table => table.KsmScan, (table, value) => table with { KsmScan = value }),
    ];

    /// <summary>The entry of that key, or null.</summary>
    public static Cost? Find(string key) => All.FirstOrDefault(cost => cost.Key == key);

    /// <summary>Whether a table has the default here.</summary>
    public bool IsDefaultIn(CostTable table) => !table.Sources.ContainsKey(Key) && Of(table) == Of(CostTable.Default);

    /// <summary>Where the value of a table comes from.</summary>
    public string SourceIn(CostTable table) => table.Sources.GetValueOrDefault(Key) ?? (IsDefaultIn(table) ? Source : "given without a source");

    /// <inheritdoc/>
    public override string ToString() => Key;
}
