using System.Security.Cryptography;
using FleetEstimator.Traces.Ipc;

namespace FleetEstimator.Traces;

/// <summary>
/// Reads a trace file batch by batch into the same arrays: what it takes is one batch, however long the recording. Every check of
/// <see cref="Trace.Load"/> is made, those of a batch when its turn comes. Not safe for use by several threads at once.
/// </summary>
internal sealed class TraceScan : IDisposable
{
    private const int EdgeBytes = 32;
    private const int DigestBytes = 1 << 18;

    private readonly string _path;
    private readonly TracePart _part;
    private readonly FileStream _stream;
    private readonly ArrowFile _file;
    private readonly TraceBatchReader _reader;
    private readonly TraceRules _rules;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _block = [];
    private int _next;

    // How far the file has been digested; null once a batch was read that stands before that.
    private long? _digested = 0;

    private TraceScan(string file, string path, TraceLimits limits, TracePart part)
    {
        (_path, _part) = (path, part);
        _stream = TraceReader.Open(file, path, limits);
        try
        {
            _file = ReadFooter();
            (Header, var columns) = TraceReader.ReadSchema(path, _file.Schema);
            _reader = new TraceBatchReader(path, limits, columns, part);
            _rules = new TraceRules(Header.PageSize, limits.MappingsMax);
        }
        catch
        {
            _hash.Dispose();
            _stream.Dispose();
            throw;
        }
    }

    /// <summary>What the trace says about itself.</summary>
    public TraceHeader Header { get; }

    /// <summary>Rows of the batch that was read last; the arrays behind it are used again for the next.</summary>
    public int BatchRows { get; private set; }

    /// <summary>The batch that was read last: the first <see cref="BatchRows"/> values of each array.</summary>
    public TraceArrays Batch { get; private set; } = new(0);

    /// <summary>Rows read so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Length of the file in bytes.</summary>
    public long FileBytes => _stream.Length;

    /// <summary>Opens a trace file and reads its header.</summary>
    /// <exception cref="TraceException">As <see cref="Trace.Load"/>, as far as the header goes.</exception>
    public static TraceScan Open(string path, TraceLimits limits) => Open(path, path, limits);

    /// <summary>Opens a trace file that messages call <paramref name="path"/>.</summary>
    /// <exception cref="TraceException">As <see cref="Trace.Load"/>, as far as the header goes.</exception>
    public static TraceScan Open(string file, string path, TraceLimits limits)
    {
        var part = new TracePart();
        return TraceReader.Guard(path, part, () => new TraceScan(file, path, limits, part));
    }

    /// <summary>Reads and validates the next batch. False when there is none.</summary>
    /// <exception cref="TraceException">The batch is damaged, breaks a rule of the format, or exceeds a limit.</exception>
    public bool Next() => TraceReader.Guard(_path, _part, ReadNext);

    /// <summary>SHA-256 of the file, whose batches have all been read; costs no second reading where they stand in the order of the footer.</summary>
    /// <exception cref="TraceException">The file cannot be read any more.</exception>
    public string Digest() => TraceReader.Guard(_path, _part, () =>
    {
        if (_digested is null)
        {
            _hash.GetHashAndReset();
            _digested = 0;
        }

        DigestTo(FileBytes);
        return Convert.ToHexStringLower(_hash.GetCurrentHash());
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _hash.Dispose();
        _reader.Dispose();
        _stream.Dispose();
    }

    private ArrowFile ReadFooter()
    {
        var length = _stream.Length;
        TraceReader.RequireArrow(_path, length <= 2 * EdgeBytes ? ReadAt(0, (int)length) : [.. ReadAt(0, EdgeBytes), .. ReadAt(length - EdgeBytes, EdgeBytes)]);
        _part.Name = "footer";
        var footerBytes = ArrowFile.FooterBytes(ReadAt(length - ArrowFile.TrailerBytes, ArrowFile.TrailerBytes), length);
        var footerStart = length - ArrowFile.TrailerBytes - footerBytes;
        return ArrowFile.ReadFooter(ReadAt(footerStart, footerBytes), (int)footerStart);
    }

    private byte[] ReadAt(long position, int count)
    {
        var bytes = new byte[count];
        ReadAt(position, bytes);
        return bytes;
    }

    private void ReadAt(long position, Span<byte> bytes)
    {
        _stream.Position = position;
        _stream.ReadExactly(bytes);
    }

    private void ReadBlock(int position, int length)
    {
        if (position < _digested)
            _digested = null;
        if (_digested is not null)
            DigestTo(position);
        ReadAt(position, _block.AsSpan(0, length));
        if (_digested is null)
            return;
        _hash.AppendData(_block, 0, length);
        _digested += length;
    }

    /// <summary>Digests what stands between batches, and after the last.</summary>
    private void DigestTo(long position)
    {
        var bytes = new byte[Math.Min(DigestBytes, position - _digested!.Value)];
        while (_digested < position)
        {
            var part = bytes.AsSpan(0, (int)Math.Min(bytes.Length, position - _digested.Value));
            ReadAt(_digested.Value, part);
            _hash.AppendData(part);
            _digested += part.Length;
        }
    }

    private bool ReadNext()
    {
        if (_next == _file.Batches.Count)
            return false;
        var (index, block) = (_next, _file.Batches[_next]);
        _next++;
        var length = block.MetadataBytes + block.BodyBytes;
        if (_block.Length < length)
            _block = GC.AllocateUninitializedArray<byte>(length);
        ReadBlock(block.Metadata, length);
        var layout = _reader.Layout(_block.AsMemory(0, length), block with { Metadata = 0 }, index);
        if (Batch.Times.Length < layout.Rows)
            Batch = new TraceArrays(layout.Rows);
        _reader.CopyTo(layout, index, Rows, Batch, to: 0);
        TraceReader.Validate(_path, _rules, Batch, layout.Rows, Rows);
        BatchRows = layout.Rows;
        Rows += layout.Rows;
        return true;
    }
}
