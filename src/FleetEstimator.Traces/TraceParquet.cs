using Parquet;
using Parquet.Schema;

namespace FleetEstimator.Traces;

/// <summary>
/// A trace as Parquet, for DuckDB, pandas and whatever else reads it: the eight columns with their names and types, after <c>op</c> its name as
/// <c>op_name</c> and after <c>content</c> its name as <c>content_name</c> (<c>unknown</c>, <c>zero</c>, <c>repeated</c>, <c>data</c>); the header as
/// key-value metadata under the keys of the trace. No value is null.
/// </summary>
public static class TraceParquet
{
    // What DuckDB reads per thread, and enough for columns to compress well.
    private const int RowGroupRows = 122_880;

    private static readonly string[] ContentNames = ["unknown", "zero", "repeated", "data"];

    /// <summary>Writes a trace; the stream stays open.</summary>
    public static async Task WriteAsync(Trace trace, Stream stream, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(trace);
        Column[] columns =
        [
            new Numbers<ulong>("time_us", rows => trace.Times[rows].ToArray()),
            new Numbers<byte>("op", rows => ToBytes(trace.Kinds[rows])),
            new Words("op_name", rows => ToNames(trace.Kinds[rows], TraceFormat.NameOf)),
            new Numbers<uint>("process", rows => trace.Processes[rows].ToArray()),
            new Numbers<ulong>("page", rows => trace.FirstPages[rows].ToArray()),
            new Numbers<uint>("pages", rows => trace.PageCounts[rows].ToArray()),
            new Numbers<byte>("content", rows => ToBytes(trace.Contents[rows])),
            new Words("content_name", rows => ToNames(trace.Contents[rows], content => ContentNames[(int)content])),
            new Numbers<ulong>("fill", rows => trace.Fills[rows].ToArray()),
            new Numbers<ushort>("compressed_bytes", rows => trace.CompressedSizes[rows].ToArray()),
        ];
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd };
        var writer = await ParquetWriter.CreateAsync(new ParquetSchema(columns.Select(column => column.Field)), stream, options, cancellationToken: cancellation);
        await using (writer)
        {
            writer.CustomMetadata = TraceMetadata.Write(trace.Header).ToDictionary();

            // Without rows one empty group: some readers want one.
            for (var first = 0; first < Math.Max(1, trace.RowCount); first += RowGroupRows)
            {
                using var group = writer.CreateRowGroup();
                foreach (var column in columns)
                    await column.WriteAsync(group, first..Math.Min(first + RowGroupRows, trace.RowCount), cancellation);
            }
        }
    }

    private static byte[] ToBytes<T>(ReadOnlySpan<T> codes)
        where T : unmanaged, Enum => System.Runtime.InteropServices.MemoryMarshal.AsBytes(codes).ToArray();

    private static string[] ToNames<T>(ReadOnlySpan<T> codes, Func<T, string> nameOf)
    {
        var names = new string[codes.Length];
        for (var row = 0; row < names.Length; row++)
            names[row] = nameOf(codes[row]);
        return names;
    }

    private abstract class Column(DataField dataField)
    {
        public DataField Field => dataField;

        public abstract Task WriteAsync(ParquetRowGroupWriter group, Range rows, CancellationToken cancellation);
    }

    private sealed class Numbers<T>(string name, Func<Range, T[]> of) : Column(new DataField<T>(name))
        where T : struct
    {
        public override Task WriteAsync(ParquetRowGroupWriter group, Range rows, CancellationToken cancellation) =>
            group.WriteAsync<T>(Field, of(rows), cancellationToken: cancellation);
    }

    private sealed class Words(string name, Func<Range, string[]> of) : Column(new DataField(name, typeof(string), isNullable: false))
    {
        public override Task WriteAsync(ParquetRowGroupWriter group, Range rows, CancellationToken cancellation) =>
            group.WriteAsync(Field, of(rows));
    }
}
