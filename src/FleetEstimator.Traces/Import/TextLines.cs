namespace FleetEstimator.Traces.Import;

/// <summary>The lines of a text file, one at a time, as bytes without their line end.</summary>
internal sealed class TextLines(Stream stream, string name, ImportLimits limits)
{
    private readonly byte[] _buffer = new byte[Math.Max(2 * limits.LineBytesMax, 1 << 16)];
    private int _start;
    private int _end;
    private bool _isAtEnd;

    /// <summary>Number of the line read last; the first is 1.</summary>
    public long Number { get; private set; }

    /// <summary>Reads the next line; false at the end. The span is good until the next call.</summary>
    /// <exception cref="ImportException">A line is longer than the limit.</exception>
    public bool Next(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var rest = _buffer.AsSpan(_start, _end - _start);
            var length = rest.IndexOf((byte)'\n');
            if (length < 0 && _isAtEnd)
                length = rest.Length;
            if (length > limits.LineBytesMax || (length < 0 && rest.Length > limits.LineBytesMax))
            {
                throw new ImportException(
                    name, $"line {Number + 1}", null, $"the line is longer than {limits.LineBytesMax} bytes", "Give a text file; this one may be binary, or its line ends lost");
            }

            if (length >= 0 && !(length == 0 && rest.IsEmpty))
            {
                Number++;
                _start += Math.Min(length + 1, rest.Length);
                line = rest[..length].TrimEnd((byte)'\r');
                return true;
            }

            if (_isAtEnd)
            {
                line = default;
                return false;
            }

            Fill();
        }
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _isAtEnd = read == 0;
    }
}
