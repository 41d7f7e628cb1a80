namespace FleetEstimator.Traces;

/// <summary>
/// A file that grows into room it has taken from the disk before: what is written into the reserve succeeds although the disk has filled up meanwhile, so that a
/// file can always be ended properly. The reserve is zeros after the data, cut off by <see cref="Finish"/>. File systems that never write in place (btrfs, ZFS)
/// cannot promise that much.
/// </summary>
internal sealed class ReservedFile(Stream stream) : Stream
{
    private static readonly byte[] _zeros = new byte[64 * 1024];

    private long _written;
    private long _taken;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <summary>True, since the Arrow writer asks for it, which only wants to know where it is.</summary>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => _written;

    /// <inheritdoc/>
    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    /// <summary>Makes sure that <paramref name="bytes"/> more can be written.</summary>
    /// <exception cref="IOException">There is no room for them; what was reserved before still is.</exception>
    public void Reserve(long bytes)
    {
        while (_taken < _written + bytes)
        {
            stream.Position = _taken;
            var part = (int)Math.Min(_zeros.Length, _written + bytes - _taken);
            stream.Write(_zeros, 0, part);
            _taken += part;
        }
    }

    /// <summary>Gives the reserve back and makes what was written last.</summary>
    public void Finish()
    {
        stream.SetLength(_written);
        if (stream is FileStream file)
            file.Flush(flushToDisk: true);
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        stream.Position = _written;
        stream.Write(buffer);
        _written += buffer.Length;
        _taken = Math.Max(_taken, _written);
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            stream.Dispose();
        base.Dispose(disposing);
    }
}
