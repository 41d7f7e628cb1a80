using System.Text.Json.Serialization;
using FleetEstimator.Paging;

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

    /// <summary>Shares of zero-filled pages. They need a paging model: whoever ran one sets them; until then all are null.</summary>
    [JsonPropertyName("zero_share")]
    [JsonPropertyOrder(4)]
    public ZeroShares ZeroShare { get; init; } = new();

    /// <summary>The schema metadata of the format, by key.</summary>
    [JsonPropertyName("metadata")]
    [JsonPropertyOrder(5)]
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>Counts the rows of a trace.</summary>
    public static TraceInspection Of(Trace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        var totals = new OperationTotals[(int)OperationKind.Settle + 1];
        var processes = new HashSet<uint>();
        for (var row = 0; row < trace.RowCount; row++)
        {
            var operation = trace[row];
            ref var total = ref totals[(int)operation.Kind];
            total = new(total.Rows + 1, total.Pages + operation.Pages);
            if (operation.Kind is OperationKind.Reclaim or OperationKind.Limit or OperationKind.Settle)
                continue;
            processes.Add(operation.Process);
            if (operation.Kind == OperationKind.Fork)
                processes.Add((uint)operation.Page);
        }

        return new()
        {
            Rows = trace.RowCount,
            Processes = processes.Count,
            DurationMicroseconds = trace.DurationMicroseconds,
            Operations = Enum.GetValues<OperationKind>()
                .Where(kind => totals[(int)kind].Rows > 0)
                .ToDictionary(TraceFormat.NameOf, kind => totals[(int)kind]),
            Metadata = TraceMetadata.Write(trace.Header).ToDictionary(),
        };
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
