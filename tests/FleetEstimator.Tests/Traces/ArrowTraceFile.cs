using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using FleetEstimator.Traces;

namespace FleetEstimator.Tests.Traces;

/// <summary>
/// A trace written by the Arrow library itself, so that it can be whatever another program might write: any columns in any order, any metadata, any
/// division into batches.
/// </summary>
internal sealed class ArrowTraceFile
{
    public List<Column> Columns { get; } =
    [
        new("time_us", UInt64Type.Default, rows => Numbers<ulong, UInt64Array.Builder>(new(), rows, row => row.TimeMicroseconds)),
        new("op", UInt8Type.Default, rows => Numbers<byte, UInt8Array.Builder>(new(), rows, row => (byte)row.Operation.Kind)),
        new("process", UInt32Type.Default, rows => Numbers<uint, UInt32Array.Builder>(new(), rows, row => row.Operation.Process)),
        new("page", UInt64Type.Default, rows => Numbers<ulong, UInt64Array.Builder>(new(), rows, row => row.Operation.Page)),
        new("pages", UInt32Type.Default, rows => Numbers<uint, UInt32Array.Builder>(new(), rows, row => row.Operation.Pages)),
        new("content", UInt8Type.Default, rows => Numbers<byte, UInt8Array.Builder>(new(), rows, row => (byte)row.Operation.Content)),
        new("fill", UInt64Type.Default, rows => Numbers<ulong, UInt64Array.Builder>(new(), rows, row => row.Fill)),
        new("compressed_bytes", UInt16Type.Default, rows => Numbers<ushort, UInt16Array.Builder>(new(), rows, row => row.Operation.CompressedBytes)),
    ];

    public Dictionary<string, string> Metadata { get; } = TraceMetadata.Write(TraceExamples.Header).ToDictionary();

    public CompressionCodecType? Compression { get; init; }

    public bool LegacyFormat { get; init; }

    /// <summary>The file, with one record batch for each element of <paramref name="batches"/>.</summary>
    public byte[] Write(params TraceRow[][] batches) => Write(asStream: false, batches);

    public byte[] WriteStream(params TraceRow[][] batches) => Write(asStream: true, batches);

    private byte[] Write(bool asStream, TraceRow[][] batches)
    {
        var schema = new Schema(Columns.Select(column => new Field(column.Name, column.Type, column.IsNullable)), Metadata);
        var options = new IpcOptions
        {
            CompressionCodec = Compression,
            CompressionCodecFactory = new CompressionCodecFactory(),
            WriteLegacyIpcFormat = LegacyFormat,
        };
        var stream = new MemoryStream();
        using var writer = asStream
            ? new ArrowStreamWriter(stream, schema, leaveOpen: true, options)
            : new ArrowFileWriter(stream, schema, leaveOpen: true, options);
        writer.WriteStart();
        foreach (var rows in batches)
        {
            // The library writes from memory that the batch's finalizer frees.
            var batch = new RecordBatch(schema, Columns.Select(column => column.Values(rows)), rows.Length);
            writer.WriteRecordBatch(batch);
            GC.KeepAlive(batch);
        }

        writer.WriteEnd();
        return stream.ToArray();
    }

    public Column this[string name]
    {
        get => Columns.Single(column => column.Name == name);
        set => Columns[Columns.FindIndex(column => column.Name == name)] = value;
    }

    private static IArrowArray Numbers<T, TBuilder>(TBuilder builder, TraceRow[] rows, Func<TraceRow, T> valueOf)
        where T : struct
        where TBuilder : IArrowArrayBuilder<T, IArrowArray, TBuilder>
    {
        foreach (var row in rows)
            builder.Append(valueOf(row));
        return builder.Build(default);
    }

    internal sealed record Column(string Name, IArrowType Type, Func<TraceRow[], IArrowArray> Values, bool IsNullable = true);
}
