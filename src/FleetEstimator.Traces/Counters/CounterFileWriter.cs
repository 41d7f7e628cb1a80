using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FleetEstimator.Traces;

/// <summary>
/// Writes one counters file, sample after sample. The file appears at its path only when <see cref="Complete"/> has succeeded; until then it grows beside it under
/// the name path + ".partial", of which every line is whole: each is one write. It always holds room in reserve for another sample: when a call fails for want of
/// room, one more may be added, and <see cref="Complete"/> succeeds. Not safe for use by several threads at once.
/// </summary>
public sealed class CounterFileWriter : IDisposable
{
    // Many times what a sample of a machine and a cgroup takes.
    private const int RoomBytes = 64 * 1024;

    private readonly string _path;
    private readonly string _partialPath;
    private readonly ReservedFile _stream;
    private readonly MemoryStream _line = new();
    private ulong _time;
    private bool _isFull;
    private bool _closed;

    private CounterFileWriter(string path, Func<string, Stream> open)
    {
        _path = path;
        _partialPath = path + ".partial";
        _stream = new ReservedFile(open(_partialPath));
    }

    /// <summary>Samples written.</summary>
    public long Samples { get; private set; }

    /// <summary>Begins a file. An existing one at <paramref name="path"/> stays as it is until <see cref="Complete"/> replaces it.</summary>
    /// <exception cref="IOException">The file cannot be created or written.</exception>
    public static CounterFileWriter Create(string path, CounterHeader header) => Create(
        path, header, partial => new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0));

    /// <summary>As the public overload, on a disk that <paramref name="open"/> opens the partial file on.</summary>
    internal static CounterFileWriter Create(string path, CounterHeader header, Func<string, Stream> open)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(header);
        var writer = new CounterFileWriter(path, open);
        try
        {
            writer.WriteLine(header, CounterJson.Default.CounterHeader);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Adds a sample, and hands it to the operating system at once.</summary>
    /// <exception cref="ArgumentException">Its time is before that of the sample before: the caller's bug.</exception>
    /// <exception cref="IOException">It is written, and there is no room for many more.</exception>
    public void Append(CounterSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ObjectDisposedException.ThrowIf(_closed, this);
        if (sample.TimeMicroseconds < _time)
            throw new ArgumentException($"Time {sample.TimeMicroseconds} µs follows {_time} µs; write samples in order.", nameof(sample));
        _time = sample.TimeMicroseconds;
        Samples++;
        WriteLine(sample, CounterJson.Default.CounterSample);
    }

    /// <summary>Flushes to disk and moves the file to its path, replacing what was there.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        _stream.Finish();
        _stream.Dispose();
        File.Move(_partialPath, _path, overwrite: true);
        _closed = true;
    }

    /// <summary>Ends writing. Without <see cref="Complete"/> nothing is left behind.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _stream.Dispose();
        File.Delete(_partialPath);
    }

    private void WriteLine<T>(T value, JsonTypeInfo<T> type)
    {
        _line.SetLength(0);
        JsonSerializer.Serialize(_line, value, type);
        _line.WriteByte((byte)'\n');
        _stream.Write(_line.GetBuffer().AsSpan(0, (int)_line.Length));
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
}
