namespace FleetEstimator.Traces;

/// <summary>The lines of a text file, one after the other, none longer than a limit.</summary>
internal sealed class CounterLines(Stream stream, string filePath, int lineBytesMax)
{
    private byte[] _buffer = new byte[Math.Min(lineBytesMax + 1, 64 * 1024)];
    private int _start;
    private int _end;

    /// <summary>Number of the line read last; the first is 1.</summary>
    public long Number { get; private set; }

    /// <summary>Whether the line read last ended as lines do. Only the last line of a file may not: it was cut short.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Reads the next line, without its end; valid until the next call. False at the end of the file.</summary>
    /// <exception cref="TraceException">The line is too long.</exception>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                line = Take(searched + found);
                _start++;
                IsWhole = true;
                return true;
            }

            searched = _end - _start;
            if (searched > lineBytesMax)
            {
                throw TraceException.AtLine(
                    filePath, Number + 1, null, $"the line is longer than the limit of {lineBytesMax} bytes", "Give a counters file: one JSON object a line");
            }

            if (!Fill())
            {
                IsWhole = false;
                line = Take(searched);
                return searched > 0;
            }
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        Number++;
        var line = _buffer.AsSpan(_start, length);
        _start += length;
        return line;
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, Math.Min(2 * _buffer.Length, lineBytesMax + 1));
        var got = stream.Read(_buffer.AsSpan(_end));
        _end += got;
        return got > 0;
    }
}
