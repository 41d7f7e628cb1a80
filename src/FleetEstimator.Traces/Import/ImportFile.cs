using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace FleetEstimator.Traces.Import;

/// <summary>A file to import: its bytes, and where it has holes.</summary>
public sealed partial class ImportFile : IDisposable
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NoSuchAddress = 6;

    // Enough of either end to tell two files of a format apart; a core of 100 GB is not read twice for its name.
    private const int FingerprintBytes = 1 << 20;

    private readonly SafeFileHandle? _handle;
    private readonly IReadOnlyList<(long Start, long End)> _holes;

    private ImportFile(string name, Stream stream, SafeFileHandle? handle, DateTimeOffset? lastWrite, IReadOnlyList<(long Start, long End)> holes)
    {
        Name = name;
        Stream = stream;
        LastWrite = lastWrite;
        _handle = handle;
        _holes = holes;
    }

    /// <summary>The path as the user gave it, for messages.</summary>
    public string Name { get; }

    /// <summary>The bytes; a pipe cannot be sought.</summary>
    public Stream Stream { get; }

    /// <summary>When the file was last written; null for bytes in memory and pipes.</summary>
    public DateTimeOffset? LastWrite { get; }

    /// <summary>Opens a file or a pipe.</summary>
    /// <exception cref="ImportException">It cannot be opened.</exception>
    public static ImportFile Open(string path)
    {
        try
        {
            if (Directory.Exists(path))
                throw new ImportException(path, null, null, "this is a folder", "Name a file");
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1 << 16);
            return new(path, stream, stream.SafeFileHandle, stream.CanSeek ? new DateTimeOffset(File.GetLastWriteTimeUtc(path)) : null, []);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new ImportException(path, null, null, $"the file cannot be read: {exception.Message.TrimEnd('.')}", "Name a file that can be read", exception);
        }
    }

    /// <summary>Bytes in memory as a file.</summary>
    /// <param name="name">Its name in messages.</param>
    /// <param name="bytes">What it holds.</param>
    /// <param name="holes">Ranges of it that are holes, ascending; they hold zeros.</param>
    public static ImportFile FromBytes(string name, byte[] bytes, params IReadOnlyList<(long Start, long End)> holes) =>
        new(name, new MemoryStream(bytes, writable: false), null, null, holes);

    /// <inheritdoc/>
    public void Dispose() => Stream.Dispose();

    /// <summary>The next stretch of data at or after <paramref name="from"/>, the end exclusive; null if only a hole follows.</summary>
    /// <remarks>Where the file system keeps no holes the file is one stretch.</remarks>
    public (long Start, long End)? NextData(long from)
    {
        if (from >= Stream.Length)
            return null;
        if (_handle is null)
            return NextDataInMemory(from);
        var start = Seek(_handle, from, SeekData);
        if (start < 0)
            return Marshal.GetLastPInvokeError() == NoSuchAddress ? null : (from, Stream.Length);
        var end = Seek(_handle, start, SeekHole);
        return (start, end < 0 ? Stream.Length : end);
    }

    /// <summary>Reads as many bytes as the buffer has, from a place in the file; fewer only where it ends.</summary>
    public int ReadAt(long offset, Span<byte> buffer)
    {
        if (_handle is null)
        {
            Stream.Position = offset;
            return Stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }

        var read = 0;
        while (read < buffer.Length && RandomAccess.Read(_handle, buffer[read..], offset + read) is > 0 and var more)
            read += more;
        return read;
    }

    /// <summary>Adds to a hash what tells this file from another: its length and its two ends. Nothing for a pipe.</summary>
    internal void AppendTo(IncrementalHash hash)
    {
        if (!Stream.CanSeek)
            return;
        var position = Stream.Position;
        hash.AppendData(BitConverter.GetBytes(Stream.Length));
        var buffer = new byte[Math.Min(FingerprintBytes, Stream.Length)];
        foreach (var offset in (long[])[0, Stream.Length - buffer.Length])
            hash.AppendData(buffer.AsSpan(0, ReadAt(offset, buffer)));
        Stream.Position = position;
    }

    private (long Start, long End)? NextDataInMemory(long from)
    {
        foreach (var (start, end) in _holes)
        {
            if (from < start)
                return (from, start);
            from = Math.Max(from, end);
        }

        return from < Stream.Length ? (from, Stream.Length) : null;
    }

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);
}
