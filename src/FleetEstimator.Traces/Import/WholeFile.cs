namespace FleetEstimator.Traces.Import;

/// <summary>Reads files that have to be in memory as a whole.</summary>
internal static class WholeFile
{
    /// <summary>Everything in a stream.</summary>
    /// <exception cref="ImportException">It holds more than the limit.</exception>
    public static ReadOnlyMemory<byte> Read(Stream stream, string name, long bytesMax)
    {
        var most = (int)Math.Min(bytesMax, Array.MaxLength);
        var bytes = new byte[Math.Min(1 << 16, most)];
        var length = 0;
        while (stream.Read(bytes, length, bytes.Length - length) is > 0 and var read)
        {
            length += read;
            if (length < bytes.Length)
                continue;
            if (length == most)
                throw new ImportException(name, null, null, $"it has {most} bytes or more, decompressed", "Import a shorter part of the recording");
            Array.Resize(ref bytes, (int)Math.Min(2L * bytes.Length, most));
        }

        return bytes.AsMemory(0, length);
    }
}

/// <summary>A stream whose first bytes can be looked at before it is read, also when it cannot be sought.</summary>
internal sealed class PeekStream(Stream stream) : Stream
{
    private byte[] _head = [];
    private int _position;

    /// <summary>The first bytes, fewer if there are not so many; before anything else is read.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        _head = new byte[count];
        var read = stream.ReadAtLeast(_head, count, throwOnEndOfStream: false);
        Array.Resize(ref _head, read);
        return _head;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_position == _head.Length)
            return stream.Read(buffer);
        var count = Math.Min(buffer.Length, _head.Length - _position);
        _head.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
