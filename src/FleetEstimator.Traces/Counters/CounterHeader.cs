using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>What a counters file says about itself and its node: its first line; the properties are the JSON.</summary>
public sealed record CounterHeader
{
    /// <summary>Value of <see cref="Format"/>.</summary>
    public const string FormatName = "node-counters";

    /// <summary>Value of <see cref="Version"/>.</summary>
    public const int FormatVersion = 1;

    /// <summary>Always <see cref="FormatName"/>.</summary>
    [JsonPropertyName("format")]
    [JsonPropertyOrder(0)]
    [JsonRequired]
    public string Format { get; init; } = FormatName;

    /// <summary>Always <see cref="FormatVersion"/>.</summary>
    [JsonPropertyName("version")]
    [JsonPropertyOrder(1)]
    [JsonRequired]
    public int Version { get; init; } = FormatVersion;

    /// <summary>Opaque label of the node, the same as in the trace beside.</summary>
    [JsonPropertyName("node")]
    [JsonPropertyOrder(2)]
    public required string Node { get; init; }

    /// <summary>When the recording began.</summary>
    [JsonPropertyName("recorded_at")]
    [JsonPropertyOrder(3)]
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>Name and version of the program that recorded.</summary>
    [JsonPropertyName("recorder")]
    [JsonPropertyOrder(4)]
    public required string Recorder { get; init; }

    /// <summary>uname -r of the node.</summary>
    [JsonPropertyName("kernel_release")]
    [JsonPropertyOrder(5)]
    public required string KernelRelease { get; init; }

    /// <summary>Bytes in a page: the unit of most counters.</summary>
    [JsonPropertyName("page_size")]
    [JsonPropertyOrder(6)]
    public required int PageSize { get; init; }

    /// <summary>Memory of the node in bytes.</summary>
    [JsonPropertyName("memory_bytes")]
    [JsonPropertyOrder(7)]
    public required long MemoryBytes { get; init; }

    /// <summary>Swap of the node in bytes.</summary>
    [JsonPropertyName("swap_bytes")]
    [JsonPropertyOrder(8)]
    public required long SwapBytes { get; init; }

    /// <summary>
    /// The node's paging settings as the kernel words them: <c>swappiness</c>, <c>page_cluster</c>, <c>swap.0.device</c> (<c>zram</c>, <c>ssd</c>, <c>disk</c>,
    /// <c>loop</c>, …), <c>swap.0.bytes</c>, <c>swap.0.priority</c>, <c>zswap</c> (<c>Y</c> or <c>N</c>), <c>thp</c>, <c>mthp.64kB</c>, <c>lru_gen</c>, <c>ksm</c>, …
    /// What the node did not tell is missing.
    /// </summary>
    [JsonPropertyName("settings")]
    [JsonPropertyOrder(9)]
    public required IReadOnlyDictionary<string, string> Settings { get; init; }
}
