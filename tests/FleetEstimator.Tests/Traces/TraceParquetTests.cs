using DuckDB.NET.Data;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using FleetEstimator.Tests.Traces.Import;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

/// <summary>What DuckDB reads from an exported trace.</summary>
public sealed class TraceParquetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task DuckDb_SeesNamesTypesAndEveryValue()
    {
        TraceRow[] rows =
        [
            Row(0, OperationKind.Map, uint.MaxValue, (1ul << 52) - 300_000, 300_000), Row(0, OperationKind.Reclaim, 0, ulong.MaxValue, uint.MaxValue),
            .. Enumerable.Range(0, 130_000).Select(page => new TraceRow(
                (ulong)page / 2, new(OperationKind.Write, uint.MaxValue, (1ul << 52) - 300_000 + (ulong)page, 1, (PageContent)(page % 4), (ushort)page), ulong.MaxValue - (ulong)page)),
            Row(ulong.MaxValue, OperationKind.ObservedSwapOut, uint.MaxValue, (1ul << 52) - 300_000, 9),
        ];
        var parquet = await Export(rows);

        Assert.Equal(
            [
                "time_us UBIGINT", "op UTINYINT", "op_name VARCHAR", "process UINTEGER", "page UBIGINT", "pages UINTEGER", "content UTINYINT", "content_name VARCHAR",
                "fill UBIGINT", "compressed_bytes USMALLINT",
            ],
            Query($"describe select * from '{parquet}'", reader => $"{reader.GetString(0)} {reader.GetString(1)}"));
        var expected = rows.Select(row => string.Join(' ', row.TimeMicroseconds, (byte)row.Operation.Kind, TraceFormat.NameOf(row.Operation.Kind), row.Operation.Process,
            row.Operation.Page, row.Operation.Pages, (byte)row.Operation.Content, ((string[])["unknown", "zero", "repeated", "data"])[(int)row.Operation.Content],
            row.Fill, row.Operation.CompressedBytes));
        Assert.Equal(expected, Query($"select concat_ws(' ', *columns(*)) from read_parquet('{parquet}', file_row_number = false)", reader => reader.GetString(0)));
        Assert.Equal(["2 32500"], Query($"select content, count(*) from '{parquet}' where op_name = 'write' and content_name = 'repeated' group by content", reader => $"{reader.GetValue(0)} {reader.GetValue(1)}"));
    }

    [Fact]
    public async Task DuckDb_SeesTheHeaderAsKeyValueMetadata()
    {
        var parquet = await Export([Row(0, OperationKind.Settle, 0, 0, 1)]);
        var metadata = Query($"select decode(key), decode(value) from parquet_kv_metadata('{parquet}')", reader => KeyValuePair.Create(reader.GetString(0), reader.GetString(1))).ToDictionary();
        foreach (var (key, value) in TraceMetadata.Write(Header))
            Assert.Equal(value, metadata[key]);
    }

    [Fact]
    public async Task ImportsBack_WithEveryRowAndTheHeader()
    {
        TraceRow[] rows =
        [
            Row(3, OperationKind.Map, 7, 100, 3_000_000_000), Row(3, OperationKind.Reclaim, 0, 0, 9), new(4, new(OperationKind.Write, 7, 100, 1, PageContent.Data, 77), 5),
            new(4, new(OperationKind.Write, 7, 101, 1, PageContent.Data, 77), 5), new(4, new(OperationKind.Write, 7, 102, 1)), Row(5, OperationKind.Fork, 7, 8, 1),
            new(6, new(OperationKind.Observe, 8, 100, 600, PageContent.Repeated), ulong.MaxValue), Row(7, OperationKind.Exit, 7, 0, 1), Row(9, OperationKind.Discard, 8, 100, 2_000_000_000),
            Row(ulong.MaxValue, OperationKind.Settle, 0, 0, 1),
        ];
        var bytes = await File.ReadAllBytesAsync(await Export(rows), TestContext.Current.CancellationToken);

        var imported = Imported.Of("parquet", [ImportFile.FromBytes("in.parquet", bytes)]);
        Assert.Equal(rows, imported.Rows);
        Assert.Equal(TraceMetadata.Write(Header), TraceMetadata.Write(imported.Header));
        Assert.Equal((600, 3_000_000_000), (imported.Summary.DistinctPages, imported.Summary.MappedPages));
    }

    [Fact]
    public async Task ImportsBackWithoutRows() =>
        Assert.Empty(Imported.Of("parquet", [ImportFile.FromBytes("in.parquet", await File.ReadAllBytesAsync(await Export([]), TestContext.Current.CancellationToken))]).Rows);

    [Fact]
    public async Task TraceWithoutRows_IsATableWithoutRows() =>
        Assert.Equal(["0"], Query($"select count(*) from '{await Export([])}'", reader => reader.GetValue(0).ToString()!));

    private async Task<string> Export(TraceRow[] rows)
    {
        using (var writer = TraceWriter.Create(_folder["trace.arrow"], Header))
        {
            foreach (var row in rows)
                writer.Append(in row);
            writer.Complete();
        }

        await using var stream = File.Create(_folder["trace.parquet"]);
        await TraceParquet.WriteAsync(Trace.Load(_folder["trace.arrow"]), stream, TestContext.Current.CancellationToken);
        return _folder["trace.parquet"];
    }

    private static List<T> Query<T>(string sql, Func<DuckDBDataReader, T> read)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = (DuckDBDataReader)command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }
}
