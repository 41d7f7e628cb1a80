namespace FleetEstimator.Tests.Traces;

/// <summary>A file on a disk with room for so many bytes: a write beyond takes what fits and fails, as on a real one; what was written once can be written again.</summary>
internal sealed class SmallDisk(string path, long capacity) : Stream
{
    private readonly FileStream _file = new(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

    /// <summary>Bytes of room; may shrink when others write to the disk, but never below what the file has.</summary>
    public long Capacity { get; set; } = capacity;

    public override bool CanRead => false;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => _file.Length;

    public override long Position
    {
        get => _file.Position;
        set => _file.Position = value;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var room = Math.Max(0, Math.Max(Capacity, _file.Length) - _file.Position);
        _file.Write(buffer[..(int)Math.Min(room, buffer.Length)]);
        if (room < buffer.Length)
            throw new IOException("No space left on device");
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => _file.Flush();

    public override void SetLength(long value) => _file.SetLength(value);

    public override long Seek(long offset, SeekOrigin origin) => _file.Seek(offset, origin);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }
}
