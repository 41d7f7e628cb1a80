using System.Text;

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
    private readonly TraceBatchWriter _batches;
    private readonly int _batchRows;
    private readonly long _metadataBytes;
    private bool _isFull;
    private bool _isBroken;
    private bool _closed;

    private TraceWriter(string path, TraceHeader header, TraceCompression compression, int batchRows, Func<string, Stream> open)
    {
        _path = path;
        _partialPath = path + ".partial";
        var metadata = TraceMetadata.Write(header);
        _metadataBytes = metadata.Sum(pair => 16L + Encoding.UTF8.GetMaxByteCount(pair.Key.Length + pair.Value.Length));
        _rules = new TraceRules(header.PageSize, TraceLimits.Default.MappingsMax);
        _batchRows = batchRows;
        // Unbuffered: after a failed write, on a full disk, disposing must not try to write the rest once more. Batches are large enough.
        _stream = new ReservedFile(open(_partialPath));
        try
        {
            _stream.Reserve(RoomBytes(batches: 0));
            _batches = new TraceBatchWriter(_stream, metadata, compression, batchRows);
        }
        catch
        {
            Abandon();
            throw;
        }
    }

    /// <summary>Rows appended so far.</summary>
    public long Rows => _batches.Rows;

    /// <summary>
    /// Room for two more batches and the footer, in bytes: columns that do not compress, with what codecs and padding add, and schema and list of batches as
    /// the footer has them. Two, since the one after a full disk was noticed may be written, too.
    /// </summary>
    private long RoomBytes(int batches) => (2 * (8192 + (_batchRows * (TraceColumns.RowBytes + 1L)))) + 16_384 + (2 * _metadataBytes) + (32L * (batches + 2));

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
        _batches.Add(in row);
        if (_batches.IsBatchFull)
            WriteBatch();
        return null;
    }

    /// <summary>Hands the rows so far to the operating system, so that they outlive this process. Batches of few rows make the file larger and slower to read.</summary>
    /// <exception cref="IOException">As for <see cref="Append"/>.</exception>
    public void Flush()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_batches.HasRowsToWrite)
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
        _batches.End();
        _stream.Finish();
        _stream.Dispose();
        File.Move(_partialPath, _path, overwrite: true);
        _closed = true;
        _batches.Dispose();
    }

    /// <summary>Ends writing. Without <see cref="Complete"/> nothing is left behind.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _batches.Dispose();
        Abandon();
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

    private void WriteBatch()
    {
        _isBroken = true;
        _batches.WriteBatch();
        _isBroken = false;
        if (_isFull)
            return;
        try
        {
            _stream.Reserve(RoomBytes(_batches.Batches));
        }
        catch (IOException)
        {
            _isFull = true;
            throw;
        }
    }

    private void Abandon()
    {
        _stream.Dispose();
        File.Delete(_partialPath);
    }
}
