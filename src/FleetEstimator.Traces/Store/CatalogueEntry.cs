using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>What a trace store knows of one of its traces; the properties are the JSON. All of it but source, labels and time of ingest stands in the trace, too.</summary>
public sealed record CatalogueEntry
{
    /// <summary>The label that says which class of nodes a trace stands for.</summary>
    public const string ClassLabel = "class";

    /// <summary>SHA-256 of the stored trace, 64 lower-case hexadecimal digits: its name in the store, and what <c>sha256sum</c> prints of the stored file.</summary>
    [JsonPropertyOrder(0)]
    public required string Digest { get; init; }

    /// <summary>Opaque label of the recorded node.</summary>
    [JsonPropertyOrder(1)]
    public required string Node { get; init; }

    /// <summary>The labels of the trace, and over them those given when it was ingested.</summary>
    [JsonPropertyOrder(2)]
    public required SortedDictionary<string, string> Labels { get; init; }

    /// <summary>What the source could see, see <see cref="Capabilities.NameOf"/>.</summary>
    [JsonPropertyOrder(3)]
    public required string Capability { get; init; }

    /// <summary>When the recording began.</summary>
    [JsonPropertyOrder(4)]
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>The last time in the trace.</summary>
    [JsonPropertyOrder(5)]
    [JsonPropertyName("duration_us")]
    public required ulong DurationMicroseconds { get; init; }

    /// <summary>uname -r of the recorded node.</summary>
    [JsonPropertyOrder(6)]
    public required string KernelRelease { get; init; }

    /// <summary>Name and version of the program that recorded.</summary>
    [JsonPropertyOrder(7)]
    public required string Recorder { get; init; }

    /// <summary>Where accesses come from.</summary>
    [JsonPropertyOrder(8)]
    public required string AccessSource { get; init; }

    /// <summary>Microseconds between scans; 0 = exact.</summary>
    [JsonPropertyOrder(9)]
    [JsonPropertyName("interval_us")]
    public required long IntervalMicroseconds { get; init; }

    /// <summary>Share of pages recorded, in (0, 1].</summary>
    [JsonPropertyOrder(10)]
    public required double SamplingFraction { get; init; }

    /// <summary>Keyed hash behind the fingerprints, or <c>none</c>.</summary>
    [JsonPropertyOrder(10)]
    public required string Fingerprint { get; init; }

    /// <summary>Codec behind the compressed sizes, or <c>none</c>.</summary>
    [JsonPropertyOrder(10)]
    public required string Codec { get; init; }

    /// <summary>Bytes in a page.</summary>
    [JsonPropertyOrder(11)]
    public required int PageSize { get; init; }

    /// <summary>Memory of the recorded node in bytes.</summary>
    [JsonPropertyOrder(12)]
    public required long MemoryBytes { get; init; }

    /// <summary>Swap of the recorded node in bytes.</summary>
    [JsonPropertyOrder(13)]
    public required long SwapBytes { get; init; }

    /// <summary>Number of rows.</summary>
    [JsonPropertyOrder(14)]
    public required long Rows { get; init; }

    /// <summary>Length of the stored trace in bytes.</summary>
    [JsonPropertyOrder(15)]
    public required long StoredBytes { get; init; }

    /// <summary>Content of the pages whose content the trace states.</summary>
    [JsonPropertyOrder(16)]
    public required ContentPages ContentPages { get; init; }

    /// <summary>
    /// Shares of zero-filled pages as <c>inspect</c> finds them, by denominator; null if they are not known: an earlier version ingested the trace and
    /// <c>store verify</c> has not looked at it since, or it touches more memory than is replayed here.
    /// </summary>
    [JsonPropertyOrder(16)]
    public ZeroShares? ZeroShare { get; init; }

    /// <summary>The kernel's counters of the same node and time; null if there were none.</summary>
    [JsonPropertyOrder(17)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StoredCounters? Counters { get; init; }

    /// <summary>The file it was made from.</summary>
    [JsonPropertyOrder(18)]
    public required IngestedFile Source { get; init; }

    /// <summary>When it was ingested.</summary>
    [JsonPropertyOrder(19)]
    public required DateTimeOffset IngestedAt { get; init; }

    /// <summary>The class of nodes it stands for; null if no label says.</summary>
    [JsonIgnore]
    public string? Class => Labels.GetValueOrDefault(ClassLabel);

    /// <summary>What header and rows of a stored trace say; labels are the trace's own, source and time of ingest are not known.</summary>
    internal static CatalogueEntry Of(TraceHeader header, TraceFacts facts, string digest, long storedBytes) => new()
    {
        Digest = digest,
        Node = header.Node,
        Labels = new(header.Labels.ToDictionary(), StringComparer.Ordinal),
        Capability = Capabilities.NameOf(header.Capability),
        RecordedAt = header.RecordedAt,
        DurationMicroseconds = facts.DurationMicroseconds,
        KernelRelease = header.KernelRelease,
        Recorder = header.Recorder,
        AccessSource = header.AccessSource,
        IntervalMicroseconds = header.IntervalMicroseconds,
        SamplingFraction = header.SamplingFraction,
        Fingerprint = header.Fingerprint,
        Codec = header.Codec,
        PageSize = header.PageSize,
        MemoryBytes = header.MemoryBytes,
        SwapBytes = header.SwapBytes,
        Rows = facts.Rows,
        StoredBytes = storedBytes,
        ContentPages = facts.ContentPages,
        ZeroShare = facts.ZeroShare,
        Source = new("", "", 0),
        IngestedAt = default,
    };

    /// <summary>The header that a study sees: the trace's own, with the labels of the catalogue.</summary>
    internal TraceHeader Header => new()
    {
        PageSize = PageSize,
        RecordedAt = RecordedAt,
        Recorder = Recorder,
        KernelRelease = KernelRelease,
        Node = Node,
        MemoryBytes = MemoryBytes,
        SwapBytes = SwapBytes,
        AccessSource = AccessSource,
        IntervalMicroseconds = IntervalMicroseconds,
        SamplingFraction = SamplingFraction,
        Fingerprint = Fingerprint,
        Codec = Codec,
        Capability = Capabilities.Find(Capability) ?? Traces.Capability.CounterOnly,
        Labels = Labels,
    };
}

/// <summary>
/// Pages by what a trace says they contain, counted each time it says so: in every row <c>write</c>, <c>observe</c> or <c>access</c>. A page that is seen
/// ten times counts ten times; nothing is replayed.
/// </summary>
/// <param name="Zero">Zero-filled.</param>
/// <param name="Repeated">One word repeated, but not zero.</param>
/// <param name="Data">Anything else.</param>
/// <param name="Unknown">Written or observed, but the trace does not say with what.</param>
public readonly record struct ContentPages(ulong Zero, ulong Repeated, ulong Data, ulong Unknown);

/// <summary>A counters file in the store.</summary>
/// <param name="Digest">SHA-256 of its bytes, its name in the store.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Samples">Samples in it.</param>
public sealed record StoredCounters(string Digest, long Bytes, int Samples);

/// <summary>A file as it was before it was ingested.</summary>
/// <param name="Name">Its name, without folder.</param>
/// <param name="Digest">SHA-256 of its bytes.</param>
/// <param name="Bytes">Its length.</param>
public sealed record IngestedFile(string Name, string Digest, long Bytes);

/// <summary>How catalogue entries are written and read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 8)]
[JsonSerializable(typeof(CatalogueEntry))]
[JsonSerializable(typeof(StoreMarker))]
[JsonSerializable(typeof(StoredCounters))]
[JsonSerializable(typeof(ZeroShares))]
internal sealed partial class CatalogueJson : JsonSerializerContext;

/// <summary>Tells a folder that is a trace store from one that is not, and a newer store from one this program understands.</summary>
internal sealed record StoreMarker(string Format, int Version)
{
    public static StoreMarker Current { get; } = new("trace-store", 1);
}
