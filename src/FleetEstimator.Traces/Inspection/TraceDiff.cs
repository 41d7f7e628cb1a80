using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>Two traces side by side; the properties are the JSON of <c>diff --json</c>.</summary>
public sealed record TraceDiff
{
    /// <summary>Whether both have the same rows, every column of them; headers may differ.</summary>
    [JsonPropertyName("same_rows")]
    [JsonPropertyOrder(0)]
    public bool SameRows => FirstDifference is null;

    /// <summary>The first row that is not the same; null if all are.</summary>
    [JsonPropertyName("first_difference")]
    [JsonPropertyOrder(1)]
    public required RowDifference? FirstDifference { get; init; }

    /// <summary>Metadata that differ in meaning, by key: two ways to write one time are the same.</summary>
    [JsonPropertyName("metadata")]
    [JsonPropertyOrder(2)]
    public required IReadOnlyDictionary<string, MetadataDifference> Metadata { get; init; }

    /// <summary>Figures of both, in the order in which people read them.</summary>
    [JsonPropertyName("figures")]
    [JsonPropertyOrder(3)]
    public required IReadOnlyList<FigureDifference> Figures { get; init; }

    /// <summary>Compares two traces and what was seen in them.</summary>
    public static TraceDiff Of(Trace a, TraceInspection inspectionOfA, Trace b, TraceInspection inspectionOfB)
    {
        ArgumentNullException.ThrowIfNull(inspectionOfA);
        ArgumentNullException.ThrowIfNull(inspectionOfB);
        return new()
        {
            FirstDifference = FirstDifferenceOf(a, b),
            Metadata = MetadataOf(TraceMetadata.Write(a.Header).ToDictionary(), TraceMetadata.Write(b.Header).ToDictionary()),
            Figures = InspectionFigures.Compare(inspectionOfA, inspectionOfB),
        };
    }

    /// <summary>The first row in which any column differs, or that only one has; null if both are the same.</summary>
    public static RowDifference? FirstDifferenceOf(Trace a, Trace b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var common = Math.Min(a.RowCount, b.RowCount);
        common = Math.Min(common, Common(a.Times, b.Times));
        common = Math.Min(common, Common(MemoryMarshal.AsBytes(a.Kinds), MemoryMarshal.AsBytes(b.Kinds)));
        common = Math.Min(common, Common(a.Processes, b.Processes));
        common = Math.Min(common, Common(a.FirstPages, b.FirstPages));
        common = Math.Min(common, Common(a.PageCounts, b.PageCounts));
        common = Math.Min(common, Common(MemoryMarshal.AsBytes(a.Contents), MemoryMarshal.AsBytes(b.Contents)));
        common = Math.Min(common, Common(a.Fills, b.Fills));
        common = Math.Min(common, Common(a.CompressedSizes, b.CompressedSizes));
        return common == a.RowCount && common == b.RowCount
            ? null
            : new(common, common < a.RowCount ? RowValues.Of(a.Row(common)) : null, common < b.RowCount ? RowValues.Of(b.Row(common)) : null);
    }

    private static int Common<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IEquatable<T> => a.CommonPrefixLength(b);

    private static Dictionary<string, MetadataDifference> MetadataOf(Dictionary<string, string> a, Dictionary<string, string> b) =>
        a.Keys.Union(b.Keys).Where(key => a.GetValueOrDefault(key) != b.GetValueOrDefault(key))
            .ToDictionary(key => key, key => new MetadataDifference(a.GetValueOrDefault(key), b.GetValueOrDefault(key)));
}

/// <summary>A row that two traces do not have in common.</summary>
/// <param name="Row">Its number, the first is 0; all rows before it are the same.</param>
/// <param name="A">What the first trace has there; null if it has ended.</param>
/// <param name="B">What the second trace has there; null if it has ended.</param>
public sealed record RowDifference(
    [property: JsonPropertyName("row")] long Row,
    [property: JsonPropertyName("a")] RowValues? A,
    [property: JsonPropertyName("b")] RowValues? B);

/// <summary>A row by the names of its columns.</summary>
public sealed record RowValues(
    [property: JsonPropertyName("time_us")] ulong Time,
    [property: JsonPropertyName("op")] string Operation,
    [property: JsonPropertyName("process")] uint Process,
    [property: JsonPropertyName("page")] ulong Page,
    [property: JsonPropertyName("pages")] uint Pages,
    [property: JsonPropertyName("content")] byte Content,
    [property: JsonPropertyName("fill")] ulong Fill,
    [property: JsonPropertyName("compressed_bytes")] ushort CompressedBytes)
{
    internal static RowValues Of(TraceRow row)
    {
        var operation = row.Operation;
        return new(
            row.TimeMicroseconds, TraceFormat.NameOf(operation.Kind), operation.Process, operation.Page, operation.Pages, (byte)operation.Content, row.Fill,
            operation.CompressedBytes);
    }
}

/// <summary>A metadata value of both; null where one has none.</summary>
public sealed record MetadataDifference([property: JsonPropertyName("a")] string? A, [property: JsonPropertyName("b")] string? B);
