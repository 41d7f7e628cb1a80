namespace FleetEstimator.Recorder;

/// <summary>Reads files of /proc whole into one buffer that is reused, without an allocation per read.</summary>
internal sealed unsafe class ProcFile
{
    private byte[] _buffer = new byte[64 * 1024];

    /// <summary>The whole content, valid until the next read; empty with <paramref name="errno"/> set when it cannot be read.</summary>
    internal ReadOnlySpan<byte> Read(string path, out int errno)
    {
        errno = 0;
        var descriptor = Linux.Open(path, Linux.ReadOnly | Linux.CloseOnExec);
        if (descriptor < 0)
        {
            errno = Linux.Errno;
            return default;
        }

        try
        {
            for (var length = 0; ;)
            {
                // seq_file hands out whole lines and at most a page a call, so only a read of nothing is the end.
                if (length == _buffer.Length)
                    Array.Resize(ref _buffer, _buffer.Length * 2);
                nint got;
                fixed (byte* free = &_buffer[length])
                    got = Linux.Read(descriptor, free, (nuint)(_buffer.Length - length));
                if (got > 0)
                {
                    length += (int)got;
                }
                else if (got == 0)
                {
                    return _buffer.AsSpan(0, length);
                }
                else if (Linux.Errno != Linux.Interrupted)
                {
                    errno = Linux.Errno;
                    return default;
                }
            }
        }
        finally
        {
            _ = Linux.Close(descriptor);
        }
    }
}
