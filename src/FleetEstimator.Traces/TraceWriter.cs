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
/// under the name path + ".partial". Not safe for use by several threads at once.
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
    private readonly FileStream _stream;
    private readonly TraceBatchWriter _batches;
    private bool _closed;

    private TraceWriter(string path, TraceHeader header, TraceCompression compression, int batchRows)
    {
        _path = path;
        _partialPath = path + ".partial";
        var metadata = TraceMetadata.Write(header);
        _rules = new TraceRules(header.PageSize, TraceLimits.Default.MappingsMax);
        // Unbuffered: after a failed write, on a full disk, disposing must not try to write the rest once more. Batches are large enough.
        _stream = new FileStream(_partialPath, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
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
    public void Append(in TraceRow row)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_rules.Take(row.TimeMicroseconds, row.Operation) is { } fault)
            throw new ArgumentException($"Row {Rows} (the first is 0), {fault.Field}: {fault.Problem}. {fault.Remedy}.", nameof(row));
        _batches.Append(in row);
    }

    /// <summary>Writes what is buffered and the footer, flushes to disk and moves the file to its path, replacing what was there.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        _batches.End();
        _stream.Flush(flushToDisk: true);
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
    internal static TraceWriter Create(string path, TraceHeader header, TraceCompression compression, int batchRows)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(header);
        return new(path, header, compression, batchRows);
    }

    private void Abandon()
    {
        _stream.Dispose();
        File.Delete(_partialPath);
    }
}
