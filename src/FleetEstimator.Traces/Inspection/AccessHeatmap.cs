using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>
/// Accesses by time and address. Rows are all memory that was ever seen or accessed, by process and address; what never was is left out, so that gaps take no
/// room.
/// </summary>
public sealed record AccessHeatmap
{
    /// <summary>The last microsecond of each column, ascending.</summary>
    [JsonPropertyName("column_ends_us")]
    public required IReadOnlyList<ulong> ColumnEnds { get; init; }

    /// <summary>Rows of about the same size, at most as many as were asked for.</summary>
    [JsonPropertyName("rows")]
    public required IReadOnlyList<HeatmapRow> Rows { get; init; }

    internal static AccessHeatmap Of(PageLedger ledger, TimeWindows windows, int rowsMax)
    {
        List<LedgerRow> all = [.. ledger.Rows()];
        var together = Math.Max(1, (all.Count + rowsMax - 1) / rowsMax);
        return new()
        {
            ColumnEnds = [.. Enumerable.Range(0, windows.Columns).Select(windows.EndOfColumn)],
            Rows = [.. all.Chunk(together).Select(rows => Join(rows, windows.Columns))],
        };
    }

    private static HeatmapRow Join(LedgerRow[] rows, int columns)
    {
        var accessed = new int[columns];
        foreach (var row in rows)
        {
            var heat = row.Accessed.Span;
            for (var column = 0; column < columns; column++)
                accessed[column] += heat[column];
        }

        return new(rows[0].Process, rows[^1].Process, rows[0].Page, rows[^1].EndPage, rows.Sum(row => row.Seen), accessed);
    }
}

/// <summary>A row of a heatmap.</summary>
/// <param name="FirstProcess">Process in which it begins.</param>
/// <param name="LastProcess">Process in which it ends.</param>
/// <param name="FirstPage">Virtual page number at which it begins.</param>
/// <param name="EndPage">Virtual page number after its last page.</param>
/// <param name="Pages">Distinct pages of it that were ever seen or accessed.</param>
/// <param name="Accessed">Distinct pages of it accessed, by column.</param>
public sealed record HeatmapRow(
    [property: JsonPropertyName("first_process")] uint FirstProcess,
    [property: JsonPropertyName("last_process")] uint LastProcess,
    [property: JsonPropertyName("first_page")] ulong FirstPage,
    [property: JsonPropertyName("end_page")] ulong EndPage,
    [property: JsonPropertyName("pages")] int Pages,
    [property: JsonPropertyName("accessed_pages")] IReadOnlyList<int> Accessed);
