using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>What <c>inspect --json</c> says of a trace; the properties are the JSON.</summary>
public sealed record TraceInspection
{
    /// <summary>Number of rows.</summary>
    [JsonPropertyName("rows")]
    [JsonPropertyOrder(0)]
    public required long Rows { get; init; }

    /// <summary>Distinct process numbers that appear, forked ones included.</summary>
    [JsonPropertyName("processes")]
    [JsonPropertyOrder(1)]
    public required int Processes { get; init; }

    /// <summary>The last time in microseconds since the start of the recording; 0 without rows.</summary>
    [JsonPropertyName("duration_us")]
    [JsonPropertyOrder(2)]
    public required ulong DurationMicroseconds { get; init; }

    /// <summary>Rows and pages by the name of the operation, in the order of operation codes; operations that do not occur are left out.</summary>
    [JsonPropertyName("operations")]
    [JsonPropertyOrder(3)]
    public required IReadOnlyDictionary<string, OperationTotals> Operations { get; init; }

    /// <summary>Shares of zero-filled pages. All are null for a trace that does not know content.</summary>
    [JsonPropertyName("zero_share")]
    [JsonPropertyOrder(4)]
    public ZeroShares ZeroShare { get; init; } = new();

    /// <summary>The schema metadata as they stand in the file, by key.</summary>
    [JsonPropertyName("metadata")]
    [JsonPropertyOrder(5)]
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>What a trace shows beyond that; printed only on request.</summary>
    [JsonPropertyName("details")]
    [JsonPropertyOrder(6)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TraceDetails? Details { get; init; }

    /// <summary>Looks at a trace, replayed as linux-6.12 on zram under its own limits, page-outs, reclaim and observed swap-outs.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="limitPages">A limit of the node's memory in pages that holds beside the trace's own; 0 = none.</param>
    /// <exception cref="TraceException">It uses more pages than can be replayed.</exception>
    public static TraceInspection Of(Trace trace, long limitPages = 0)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentOutOfRangeException.ThrowIfNegative(limitPages);
        return TraceInspector.Inspect(trace, limitPages);
    }
}

/// <summary>How often an operation occurs.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Pages">Sum of the column <c>pages</c> over these rows.</param>
public readonly record struct OperationTotals(
    [property: JsonPropertyName("rows")] long Rows,
    [property: JsonPropertyName("pages")] ulong Pages);

/// <summary>Zero-filled pages as a share of three different denominators; null where the denominator is empty or not known.</summary>
public sealed record ZeroShares
{
    /// <summary>Of resident pages.</summary>
    [JsonPropertyName("resident_pages")]
    public double? ResidentPages { get; init; }

    /// <summary>Of swapped-out pages.</summary>
    [JsonPropertyName("swapped_out_pages")]
    public double? SwappedOutPages { get; init; }

    /// <summary>Of swapped-in pages.</summary>
    [JsonPropertyName("swapped_in_pages")]
    public double? SwappedInPages { get; init; }
}
