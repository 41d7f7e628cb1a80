using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace FleetEstimator.Traces;

/// <summary>Body compression of a trace file.</summary>
public enum TraceCompression
{
    /// <summary>Columns as they are: the fastest to read, 36 bytes a row.</summary>
    None,

    /// <summary>LZ4 frames.</summary>
    Lz4,

    /// <summary>Zstandard.</summary>
    Zstd,
}

/// <summary>
/// Writes one trace file, row after row. The file appears at its path only when <see cref="Complete"/> has succeeded; until then it grows beside it
/// under the name path + ".partial". It always holds room in reserve for all rows it has taken, one more and the end of the file: when a call fails for
/// want of room, <see cref="Complete"/> still succeeds. Not safe for use by several threads at once.
/// </summary>
public sealed class TraceWriter : IDisposable
{
    // Few rows in Debug, so that every test run crosses the boundaries between batches.
#if DEBUG
    internal const int DefaultBatchRows = 7;
#else
    internal const int DefaultBatchRows = 65_536;
#endif

    private readonly string _path;
    private readonly string _partialPath;
    private readonly TraceRules _rules;
    private readonly ReservedFile _stream;
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

    private readonly long _metadataBytes;
    private int _batches;
    private int _buffered;
    private bool _isFull;
    private bool _isBroken;
    private bool _closed;

    private TraceWriter(string path, TraceHeader header, TraceCompression compression, int batchRows, Func<string, Stream> open)
    {
        _path = path;
        _partialPath = path + ".partial";
        _schema = new Schema(TraceColumns.All.Select(column => new Field(column.Name, TypeOf(column.TypeName), nullable: false)), TraceMetadata.Write(header));
        _rules = new TraceRules(header.PageSize, TraceLimits.Default.MappingsMax);
        _batchRows = batchRows;
        _times = new(batchRows);
        _kinds = new(batchRows);
        _processes = new(batchRows);
        _firstPages = new(batchRows);
        _pageCounts = new(batchRows);
        _contents = new(batchRows);
        _fills = new(batchRows);
        _compressedSizes = new(batchRows);
        // Unbuffered: after a failed write, on a full disk, disposing must not try to write the rest once more. Batches are large enough.
        _stream = new ReservedFile(open(_partialPath));
        _metadataBytes = _schema.Metadata.Sum(pair => 16L + Encoding.UTF8.GetMaxByteCount(pair.Key.Length + pair.Value.Length));
        _file = new ArrowFileWriter(_stream, _schema, leaveOpen: true, OptionsFor(compression));
        try
        {
            _stream.Reserve(RoomBytes);
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

    /// <summary>
    /// Room for two more batches and the footer, in bytes: columns that do not compress, with what codecs and padding add, and schema and list of batches as
    /// the footer has them. Two, since the one after a full disk was noticed may be written, too.
    /// </summary>
    private long RoomBytes => (2 * (8192 + (_batchRows * (TraceColumns.RowBytes + 1L)))) + 16_384 + (2 * _metadataBytes) + (32L * (_batches + 2));

    /// <summary>Begins a trace. An existing file at <paramref name="path"/> stays as it is until <see cref="Complete"/> replaces it.</summary>
    /// <param name="path">Where the finished file will be; its folder must exist.</param>
    /// <param name="header">What the trace says about itself.</param>
    /// <param name="compression">Body compression.</param>
    /// <exception cref="ArgumentException">The header holds what no trace can.</exception>
    /// <exception cref="IOException">The file cannot be created, or another writer is at work on it.</exception>
    public static TraceWriter Create(string path, TraceHeader header, TraceCompression compression = TraceCompression.Zstd) =>
        Create(path, header, compression, DefaultBatchRows);

    /// <summary>Adds a row.</summary>
    /// <exception cref="ArgumentException">The row breaks a rule of the format: the caller's bug. The trace is as it was before.</exception>
    /// <exception cref="IOException">
    /// The row is taken, and there is no room for many more. One more may be added before <see cref="Complete"/>; who adds others may lose all.
    /// </exception>
    public void Append(in TraceRow row)
    {
        if (TryAppend(in row) is { } fault)
            throw new ArgumentException($"Row {Rows} (the first is 0), {fault.Field}: {fault.Problem}. {fault.Remedy}.", nameof(row));
    }

    /// <summary>Adds a row, unless it breaks a rule of the format: then says which, and the trace is as it was before.</summary>
    internal RowFault? TryAppend(in TraceRow row)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_rules.Take(row.TimeMicroseconds, row.Operation) is { } fault)
            return fault;
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
        if (_buffered == _batchRows)
            WriteBatch();
        return null;
    }

    /// <summary>Hands the rows so far to the operating system, so that they outlive this process. Batches of few rows make the file larger and slower to read.</summary>
    /// <exception cref="IOException">As for <see cref="Append"/>.</exception>
    public void Flush()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_buffered > 0)
            WriteBatch();
    }

    /// <summary>Writes what is buffered and the footer, flushes to disk and moves the file to its path, replacing what was there.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_isBroken)
            throw new IOException($"A batch could not be written to {_partialPath} although there was room for it; the disk may be failing.");
        // What comes now fits into the reserve, and needs no other behind it.
        _isFull = true;
        // A trace without rows gets one empty batch: the schema then also stands at the front, where readers of Arrow streams look.
        if (_buffered > 0 || Rows == 0)
            WriteBatch();
        _file.WriteEnd();
        _stream.Finish();
        _stream.Dispose();
        File.Move(_partialPath, _path, overwrite: true);
        _closed = true;
        _file.Dispose();
    }

    /// <summary>Ends writing. Without <see cref="Complete"/> nothing is left behind.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _file.Dispose();
        _stream.Dispose();
        File.Delete(_partialPath);
    }

    /// <summary>As the public overload, with batches of <paramref name="batchRows"/> rows.</summary>
    internal static TraceWriter Create(string path, TraceHeader header, TraceCompression compression, int batchRows) => Create(
        path, header, compression, batchRows, partial => new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0));

    /// <summary>As the public overload, with batches of <paramref name="batchRows"/> rows, on a disk that <paramref name="open"/> opens the partial file on.</summary>
    internal static TraceWriter Create(string path, TraceHeader header, TraceCompression compression, int batchRows, Func<string, Stream> open)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(header);
        return new(path, header, compression, batchRows, open);
    }

    private static IpcOptions OptionsFor(TraceCompression compression) => new()
    {
        CompressionCodecFactory = new CompressionCodecFactory(),
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

    private void WriteBatch()
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
        _isBroken = true;
        _file.WriteRecordBatch(batch);
        _isBroken = false;
        _buffered = 0;
        _batches++;
        if (_isFull)
            return;
        try
        {
            _stream.Reserve(RoomBytes);
        }
        catch (IOException)
        {
            _isFull = true;
            throw;
        }
    }

    /// <summary>One column of a batch, reused for every batch: Arrow wants bytes, rows are values.</summary>
    private readonly struct ColumnBuffer<T>(int rows)
        where T : unmanaged
    {
        private readonly byte[] _bytes = new byte[rows * Unsafe.SizeOf<T>()];

        public Span<T> Values => MemoryMarshal.Cast<byte, T>(_bytes.AsSpan());

        public ArrowBuffer First(int count) => new(_bytes.AsMemory(0, count * Unsafe.SizeOf<T>()));
    }
}
