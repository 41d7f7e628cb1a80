using System.Text.Json.Serialization;
using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>A stratum of the fleet: nodes that are alike and are represented by the same recordings.</summary>
public sealed record NodeClass
{
    /// <summary>Name, unique in the study: letters, digits and <c>-_.</c>, starting with a letter or digit, at most 100.</summary>
    public required string Name { get; init; }

    /// <summary>Nodes of this class in the fleet, at least 1.</summary>
    public required int Nodes { get; init; }

    /// <summary>Memory of a node in bytes, at least 1.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Memory that no trace holds (page cache, shared memory, kernel) in bytes, in [0, <see cref="MemoryBytes"/>).</summary>
    public long UnmodelledBytes { get; init; }

    /// <summary>Which recordings stand for the class; at least one pattern.</summary>
    public required IReadOnlyList<RecordingPattern> Recordings { get; init; }

    /// <summary>
    /// Nodes that the recorded ones were drawn from, without replacement, each at most once; then the variance between recordings is corrected for the part of them that was
    /// recorded, and the estimate is of these nodes in the period recorded. Null (the default): the nodes are a sample of all that could be (a superpopulation).
    /// </summary>
    public int? Frame { get; init; }

    /// <summary>
    /// Name shared by classes whose variance is estimated from their recordings together, for classes with too few of their own (collapsed strata); null = by itself.
    /// </summary>
    public string? Collapse { get; init; }

    /// <summary>Copies of a recording side by side on a node, 1 to 10,000; null = fill: until memory is used as recorded.</summary>
    public int? Instances { get; init; }

    /// <summary>Memory limit of a node.</summary>
    public MemoryLimit Limit { get; init; } = MemoryLimit.None;

    /// <summary>Swap of a node.</summary>
    public SwapDefinition Swap { get; init; } = SwapDefinition.None;

    /// <summary>Where in its recording a node starts.</summary>
    public StartOffset Start { get; init; }

    /// <summary>The reclaim policy of a node.</summary>
    public LruKind Lru { get; init; }

    /// <summary>Memory limit of each copy of a recording, which is then a memory group (cgroup) of its own below the node; relative to the copy's own peak.</summary>
    public MemoryLimit GroupLimit { get; init; } = MemoryLimit.None;

    /// <summary>Whether a node reclaims when its free memory falls below the kernel's watermarks: <see cref="MemoryBytes"/> less <see cref="UnmodelledBytes"/> is then all it has.</summary>
    public bool Watermarks { get; init; }

    /// <summary>Proactive reclaim while memory pressure is low, or null.</summary>
    public ProactiveReclaim? Proactive { get; init; }

    /// <summary>Transparent huge pages.</summary>
    public HugePageDefinition HugePages { get; init; } = new();

    /// <summary>Kernel same-page merging that maps the zero page; null = off.</summary>
    public KsmSettings? Ksm { get; init; }

    /// <summary>Share of a node's copies whose processes must not map the shared zero page, in [0, 1].</summary>
    public double ZeroPageForbidden { get; init; }

    /// <summary>
    /// A what-if: the share of recorded page contents that are filled with zeros, in [0, 1], weighted by pages. Blocks of 64 KiB in order of a hash become zeros, or data, until it is met to
    /// within a block; raising the share only adds zeros. Null = as recorded.
    /// </summary>
    public double? ZeroPages { get; init; }

    /// <summary>
    /// A what-if: of the accesses not recorded as stores, loads and those of unknown kind, the share that are loads, in [0, 1]; the others become stores that leave the content
    /// as it is. Null = as recorded, accesses of unknown kind as bounds.
    /// </summary>
    public double? Loads { get; init; }
}

/// <summary>Recordings that a class names, and what each of them counts for.</summary>
/// <param name="Pattern">A glob pattern of trace files, relative to the study file, or traces of a store as <c>store:FOLDER?class=NAME…</c>.</param>
/// <param name="Weight">
/// The inverse of the probability with which each of these nodes was selected for recording, on any scale common to the class; above 0, at most 1,000,000,000.
/// </param>
public sealed record RecordingPattern(string Pattern, double Weight = 1);

/// <summary>Transparent huge pages of a node, as sysfs sets them.</summary>
public sealed record HugePageDefinition
{
    /// <summary>Folios of 2 MiB.</summary>
    public HugePages Size2M { get; init; }

    /// <summary>Folios of 64 KiB.</summary>
    public HugePages Size64K { get; init; }

    /// <summary>khugepaged/max_ptes_none, 0 to 511: under memory pressure a 2 MiB folio with more zero-filled pages than this is split; at 511 none is.</summary>
    public int MaxPtesNone { get; init; } = 511;
}

/// <summary>A memory limit: in bytes, relative to the peak RSS of the node without a limit, or none. At most one property is set.</summary>
public sealed record MemoryLimit
{
    /// <summary>No limit.</summary>
    public static readonly MemoryLimit None = new();

    /// <summary>The limit in bytes, at least 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Bytes { get; init; }

    /// <summary>The limit as a share of the unlimited peak RSS, in (0, 1].</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? OfPeak { get; init; }

    /// <summary>Whether there is no limit.</summary>
    [JsonIgnore]
    public bool IsNone => Bytes is null && OfPeak is null;

    /// <summary>The limit in bytes of a node whose peak RSS without a limit is <paramref name="peakRssBytes"/>, rounded down; 0 = none.</summary>
    public long BytesFor(long peakRssBytes) => Bytes ?? (long)(OfPeak.GetValueOrDefault() * peakRssBytes);

    /// <inheritdoc/>
    public override string ToString() => Bytes is { } bytes ? ByteSize.ToText(bytes)
        : OfPeak is { } share ? $"{Percentage.ToText(share)} of peak"
        : "none";
}

/// <summary>Swap of a node. A device the model does not cover cannot be named.</summary>
public sealed record SwapDefinition
{
    /// <summary>No swap: anonymous memory cannot be reclaimed.</summary>
    public static readonly SwapDefinition None = new();

    /// <summary>The device.</summary>
    public SwapDevice Device { get; init; }

    /// <summary>Size in bytes: of zram its disksize, that is uncompressed; 0 without a device.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Base 2 logarithm of the most pages one swap-in reads, 0 to 5: vm.page-cluster.</summary>
    public int PageCluster { get; init; }

    /// <summary>Whether zswap stands before the device.</summary>
    public bool Zswap { get; init; }

    /// <summary>Whether swapped-out pages are kept compressed in memory.</summary>
    [JsonIgnore]
    public bool IsCompressed => Device == SwapDevice.Zram || Zswap;

    /// <summary>Size of a page divided by its compressed size in zram or zswap, in [1, 100], for data pages whose compressed size the trace does not record.</summary>
    public double CompressionRatio { get; init; } = 3.0;
}

/// <summary>Where in its recording a node starts.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StartOffset>))]
public enum StartOffset : byte
{
    /// <summary>At a time drawn for each node and instance, so that nodes that replay one recording differ.</summary>
    [JsonStringEnumMemberName("random")]
    Random,

    /// <summary>At the beginning.</summary>
    [JsonStringEnumMemberName("beginning")]
    Beginning,
}
