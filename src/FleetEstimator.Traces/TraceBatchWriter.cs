using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace FleetEstimator.Traces;

/// <summary>Writes the rows of a trace to a stream in batches of one size. Rows are not held against the rules: whoever appends them has done that.</summary>
internal sealed class TraceBatchWriter : IDisposable
{
    private readonly Schema _schema;
    private readonly ArrowFileWriter _file;
    private readonly int _batchRows;

    private readonly ColumnBuffer<ulong> _times;
    private readonly ColumnBuffer<byte> _kinds;
    private readonly ColumnBuffer<uint> _processes;
    private readonly ColumnBuffer<ulong> _firstPages;
    private readonly ColumnBuffer<uint> _pageCounts;
    private readonly ColumnBuffer<byte> _contents;
    private readonly ColumnBuffer<ulong> _fills;
    private readonly ColumnBuffer<ushort> _compressedSizes;

    private int _buffered;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Stays the caller's.</param>
    /// <param name="metadata">Of the schema.</param>
    /// <param name="compression">Of the body.</param>
    /// <param name="batchRows">Rows of each batch but the last.</param>
    /// <param name="level">How hard to compress, on the scale of the codec; its own default if null.</param>
    public TraceBatchWriter(Stream stream, IEnumerable<KeyValuePair<string, string>> metadata, TraceCompression compression, int batchRows, int? level = null)
    {
        _schema = new Schema(TraceColumns.All.Select(column => new Field(column.Name, TypeOf(column.TypeName), nullable: false)), metadata);
        _batchRows = batchRows;
        _times = new(batchRows);
        _kinds = new(batchRows);
        _processes = new(batchRows);
        _firstPages = new(batchRows);
        _pageCounts = new(batchRows);
        _contents = new(batchRows);
        _fills = new(batchRows);
        _compressedSizes = new(batchRows);
        _file = new ArrowFileWriter(stream, _schema, leaveOpen: true, OptionsFor(compression, level));
        try
        {
            _file.WriteStart();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Rows appended so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Batches written so far.</summary>
    public int Batches { get; private set; }

    /// <summary>Whether the rows added make a batch, which must be written before another is added.</summary>
    public bool IsBatchFull => _buffered == _batchRows;

    /// <summary>Whether rows were added that have not been written.</summary>
    public bool HasRowsToWrite => _buffered > 0;

    /// <summary>Adds a row to the batch that is not full.</summary>
    public void Add(in TraceRow row)
    {
        var at = _buffered;
        var operation = row.Operation;
        _times.Values[at] = row.TimeMicroseconds;
        _kinds.Values[at] = (byte)operation.Kind;
        _processes.Values[at] = operation.Process;
        _firstPages.Values[at] = operation.Page;
        _pageCounts.Values[at] = operation.Pages;
        _contents.Values[at] = (byte)operation.Content;
        _fills.Values[at] = row.Fill;
        _compressedSizes.Values[at] = operation.CompressedBytes;
        _buffered++;
        Rows++;
    }

    /// <summary>Adds the first <paramref name="rows"/> rows of <paramref name="columns"/>, and writes what batches they fill.</summary>
    public void Append(TraceArrays columns, int rows)
    {
        for (var first = 0; first < rows;)
        {
            var taken = new Range(first, first + Math.Min(rows - first, _batchRows - _buffered));
            _times.Take(columns.Times.AsSpan(taken), _buffered);
            _kinds.Take(MemoryMarshal.AsBytes(columns.Kinds.AsSpan(taken)), _buffered);
            _processes.Take(columns.Processes.AsSpan(taken), _buffered);
            _firstPages.Take(columns.FirstPages.AsSpan(taken), _buffered);
            _pageCounts.Take(columns.PageCounts.AsSpan(taken), _buffered);
            _contents.Take(MemoryMarshal.AsBytes(columns.Contents.AsSpan(taken)), _buffered);
            _fills.Take(columns.Fills.AsSpan(taken), _buffered);
            _compressedSizes.Take(columns.CompressedSizes.AsSpan(taken), _buffered);
            var count = taken.End.Value - first;
            (_buffered, Rows, first) = (_buffered + count, Rows + count, taken.End.Value);
            if (IsBatchFull)
                WriteBatch();
        }
    }

    /// <summary>Writes the rows added as a batch.</summary>
    public void WriteBatch()
    {
        var rows = _buffered;
        using var batch = new RecordBatch(
            _schema,
            [
                new UInt64Array(_times.First(rows), ArrowBuffer.Empty, rows, 0, 0),
                new UInt8Array(_kinds.First(rows), ArrowBuffer.Empty, rows, 0, 0),
                new UInt32Array(_processes.First(rows), ArrowBuffer.Empty, rows, 0, 0),
                new UInt64Array(_firstPages.First(rows), ArrowBuffer.Empty, rows, 0, 0),
                new UInt32Array(_pageCounts.First(rows), ArrowBuffer.Empty, rows, 0, 0),
                new UInt8Array(_contents.First(rows), ArrowBuffer.Empty, rows, 0, 0),
                new UInt64Array(_fills.First(rows), ArrowBuffer.Empty, rows, 0, 0),
                new UInt16Array(_compressedSizes.First(rows), ArrowBuffer.Empty, rows, 0, 0),
            ],
            rows);
        _file.WriteRecordBatch(batch);
        _buffered = 0;
        Batches++;
    }

    /// <summary>Writes what is buffered, and the footer.</summary>
    public void End()
    {
        // A trace without rows gets one empty batch: the schema then also stands at the front, where readers of Arrow streams look.
        if (HasRowsToWrite || Batches == 0)
            WriteBatch();
        _file.WriteEnd();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static IpcOptions OptionsFor(TraceCompression compression, int? level) => new()
    {
        CompressionCodecFactory = new CompressionCodecFactory(),
        CompressionLevel = level,
        CompressionCodec = compression switch
        {
            TraceCompression.None => null,
            TraceCompression.Lz4 => CompressionCodecType.Lz4Frame,
            TraceCompression.Zstd => CompressionCodecType.Zstd,
            _ => throw new ArgumentOutOfRangeException(nameof(compression), compression, "Not a compression of this format."),
        },
    };

    private static IArrowType TypeOf(string name) => name switch
    {
        "uint8" => UInt8Type.Default,
        "uint16" => UInt16Type.Default,
        "uint32" => UInt32Type.Default,
        _ => UInt64Type.Default,
    };

    /// <summary>One column of a batch, reused for every batch: Arrow wants bytes, rows are values.</summary>
    private readonly struct ColumnBuffer<T>(int rows)
        where T : unmanaged
    {
        private readonly byte[] _bytes = new byte[rows * Unsafe.SizeOf<T>()];

        public Span<T> Values => MemoryMarshal.Cast<byte, T>(_bytes.AsSpan());

        public void Take(ReadOnlySpan<T> values, int at) => values.CopyTo(Values[at..]);

        public ArrowBuffer First(int count) => new(_bytes.AsMemory(0, count * Unsafe.SizeOf<T>()));
    }
}
