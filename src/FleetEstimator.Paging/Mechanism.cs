namespace FleetEstimator.Paging;

/// <summary>A kernel mechanism to replay a trace under: the rules by which it treats zero-filled pages. The name is what studies and kernel truth call it.</summary>
public sealed record Mechanism
{
    /// <summary>Linux 6.1: a zero-filled page is written to swap like any other.</summary>
    public static readonly Mechanism Linux61 = new() { Name = "linux-6.1", MapsSwappedInPagesWritable = false, KeepsZswapCopies = true, SplitMapsZeroPage = false, SwapsOutFoliosMappedSmall = false, MultiSizeFolios = false, ShrinksUnderusedFolios = false, KsmSmartScan = false, ZswapKeepsRepeatedWords = true, ZswapEntryBytes = 64, WalksGroupsInParts = false, ReclaimsOnRequestInParts = false, ReclaimCostCountsLooks = false, FlushesStatisticsAtReclaim = true, TakesSwapEntriesTogether = false, StatisticsBatch = 65 };

    /// <summary>Linux 6.12: a bit per swap slot instead of I/O for a zero-filled page.</summary>
    public static readonly Mechanism Linux612 = new() { Name = "linux-6.12", Zeromap = true };

    /// <summary>6.12 with the RFC of December 2024: a read fault on a zero-filled slot maps the shared zero page.</summary>
    public static readonly Mechanism ZeroPfnSwapIn = Linux612 with { Name = "linux-6.12+zero-pfn-swapin", ZeroPageAtSwapIn = true };

    /// <summary>The RFC, and read-ahead leaves alone neighbours that are zero-filled with map count 1.</summary>
    public static readonly Mechanism ZeroPfnSwapInReadAhead = ZeroPfnSwapIn with { Name = "linux-6.12+zero-pfn-swapin-ra", ReadAheadSparesZeros = true };

    /// <summary>6.12 in which reclaim, before it takes a slot, puts the shared zero page in the place of a zero-filled page.</summary>
    public static readonly Mechanism ZeroAtSwapOut = Linux612 with { Name = "linux-6.12+zero-at-swapout", ZeroPageAtSwapOut = true };

    /// <summary>The naive form of it, shown for what it loses: content is checked at unmap, before the TLB flush, and pinned pages are not refused.</summary>
    public static readonly Mechanism ZeroAtUnmap = ZeroAtSwapOut with { Name = "linux-6.12+zero-at-unmap", ChecksBeforeFlush = true };

    /// <summary>Every mechanism the model covers, in the order they are presented.</summary>
    public static IReadOnlyList<Mechanism> All { get; } = [Linux61, Linux612, ZeroPfnSwapIn, ZeroPfnSwapInReadAhead, ZeroAtSwapOut, ZeroAtUnmap];

    /// <summary>Name in studies, reports and kernel truth.</summary>
    public required string Name { get; init; }

    /// <summary>Whether swap-out checks content and sets a bit instead of writing zeros (swpout_zero, swpin_zero).</summary>
    public bool Zeromap { get; init; }

    /// <summary>Whether a read fault on a slot with map count 1 and the zeromap bit maps the shared zero page.</summary>
    public bool ZeroPageAtSwapIn { get; init; }

    /// <summary>Whether reclaim replaces a zero-filled order-0 page outside the swap cache by the shared zero page.</summary>
    public bool ZeroPageAtSwapOut { get; init; }

    /// <summary>Whether that replacement looks at content before the TLB flush and whatever pins there are: it saves the second reverse-map walk and loses stores.</summary>
    public bool ChecksBeforeFlush { get; init; }

    /// <summary>Whether swap read-ahead leaves zero-filled slots with map count 1 where they are.</summary>
    public bool ReadAheadSparesZeros { get; init; }

    /// <summary>Whether a read fault maps an exclusive page writable; on 6.1 the first store takes one more minor fault.</summary>
    public bool MapsSwappedInPagesWritable { get; init; } = true;

    /// <summary>Whether a page loaded from zswap stays there as well; on 6.12 it leaves zswap and counts as dirty.</summary>
    public bool KeepsZswapCopies { get; init; }

    /// <summary>Whether splitting a large folio maps its zero-filled pages to the shared zero page.</summary>
    public bool SplitMapsZeroPage { get; init; } = true;

    /// <summary>Whether a 2 MiB folio mapped by small entries goes out whole; on 6.1 it is split.</summary>
    public bool SwapsOutFoliosMappedSmall { get; init; } = true;

    /// <summary>Whether there are large folios smaller than 2 MiB (multi-size THP, since 6.8).</summary>
    public bool MultiSizeFolios { get; init; } = true;

    /// <summary>Whether the shrinker looks at every 2 MiB folio and splits those that are mostly zeros (<see cref="NodeSettings.MaxPtesNone"/>).</summary>
    public bool ShrinksUnderusedFolios { get; init; } = true;

    /// <summary>Whether KSM passes over pages that it has often read in vain (smart_scan, on by default since 6.7).</summary>
    public bool KsmSmartScan { get; init; } = true;

    /// <summary>Whether zswap keeps a page of one repeated word as that word; on 6.12 it compresses it like any other.</summary>
    public bool ZswapKeepsRepeatedWords { get; init; }

    /// <summary>Size of struct zswap_entry, which every page in zswap takes beside its data, in bytes.</summary>
    public int ZswapEntryBytes { get; init; } = 56;

    /// <summary>Whether neighbouring entries with neighbouring slots are taken together: freed as a range, swapped in as a large folio.</summary>
    public bool TakesSwapEntriesTogether { get; init; } = true;

    /// <summary>Whether reclaim for a limit on several groups stops at the group with which it has enough, and goes on from there; 6.1 goes through all.</summary>
    public bool WalksGroupsInParts { get; init; } = true;

    /// <summary>Whether memory.reclaim asks for a quarter of what is left at a time; 6.1 for all of it.</summary>
    public bool ReclaimsOnRequestInParts { get; init; } = true;

    /// <summary>Classic LRU: whether the cost of reclaiming counts every frame looked at in vain, and a page-out as 32 of them; on 6.1 page-outs alone.</summary>
    public bool ReclaimCostCountsLooks { get; init; } = true;

    /// <summary>Classic LRU: whether reclaim flushes a cgroup's statistics before it goes by them; from 6.12 on that is left to the periodic flush.</summary>
    public bool FlushesStatisticsAtReclaim { get; init; }

    /// <summary>Changes of a cgroup's statistics that a CPU keeps to itself: 64 (MEMCG_CHARGE_BATCH); 6.1 waits for one more.</summary>
    public int StatisticsBatch { get; init; } = 64;

    /// <summary>The mechanism of that name, or null.</summary>
    public static Mechanism? Find(string name) => All.FirstOrDefault(mechanism => mechanism.Name == name);

    /// <summary>The mechanism that models a mainline kernel of that release (<c>uname -r</c>): that of 6.12 from 6.12 on, else that of 6.1.</summary>
    public static Mechanism OfKernel(string release)
    {
        ArgumentNullException.ThrowIfNull(release);
        var numbers = release.Split('.', '-', '+');
        var hasZeromap = int.TryParse(numbers[0], out var major) && numbers.Length > 1 && int.TryParse(numbers[1], out var minor) && (major, minor).CompareTo((6, 12)) >= 0;
        return hasZeromap ? Linux612 : Linux61;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
