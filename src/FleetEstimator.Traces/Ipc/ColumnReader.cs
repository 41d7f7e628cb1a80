using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;

namespace FleetEstimator.Traces.Ipc;

/// <summary>
/// Copies columns of primitive values out of record batches. What a batch declares is checked against the file before any memory is taken for it;
/// after that a column costs its decompression and one copy.
/// </summary>
internal sealed class ColumnReader : IDisposable
{
    // What no valid data exceeds: a Zstd block yields at most 128 KiB from 4 bytes, an LZ4 sequence at most 255 bytes from one.
    private const long ZstdRatioMax = 32_768;
    private const long Lz4RatioMax = 255;
    private const int LengthPrefixBytes = sizeof(long);
    private const int PaddingBytes = 64;

    private readonly CompressionCodecFactory _factory = new();
    private ICompressionCodec? _lz4;
    private ICompressionCodec? _zstd;
    private byte[] _scratch = [];

    /// <summary>The bytes that the ranges of columns lie in: the whole file, or one record batch of it.</summary>
    public ReadOnlyMemory<byte> Source { get; set; }

    /// <summary>Checks that a column of a batch can hold <paramref name="rows"/> values of <paramref name="valueBytes"/> bytes.</summary>
    /// <returns>Bytes that decoding the column will need at most at one time beside its destination.</returns>
    /// <exception cref="InvalidDataException">It cannot.</exception>
    public long Check(string name, in ColumnBuffers column, BodyCompression compression, int rows, int valueBytes)
    {
        if (rows == 0)
            return 0;
        var forValues = CheckBuffer(name, column.Values, compression, (long)rows * valueBytes);
        return HasBitmap(in column, compression) ? forValues + CheckBuffer(name, column.Validity, compression, BitmapBytes(rows)) : forValues;
    }

    /// <summary>Copies the values of a column that <see cref="Check"/> accepted, in the file's byte order.</summary>
    public void CopyTo<T>(in ColumnBuffers column, BodyCompression compression, Span<T> destination)
        where T : unmanaged
    {
        if (destination.IsEmpty)
            return;
        var bytes = MemoryMarshal.AsBytes(destination);
        Decode(column.Values, compression, bytes.Length)[..bytes.Length].CopyTo(bytes);
    }

    /// <summary>The first row of a batch whose value is null, or null when there is none. A column that <see cref="Check"/> accepted.</summary>
    /// <exception cref="InvalidDataException">Nulls are declared but none is marked.</exception>
    public int? FirstNull(string name, in ColumnBuffers column, BodyCompression compression, int rows)
    {
        if (rows == 0)
            return null;
        if (!HasBitmap(in column, compression))
            return column.NullCount > 0 ? throw new InvalidDataException($"column {name} declares {column.NullCount} nulls, but does not say which") : null;
        var bitmapBytes = (int)BitmapBytes(rows);
        var bitmap = Decode(column.Validity, compression, bitmapBytes)[..bitmapBytes];
        var full = bitmap[..(rows / 8)].IndexOfAnyExcept((byte)0xFF);
        var at = full >= 0 ? full : rows / 8;
        var firstNull = at < bitmap.Length ? (at * 8) + BitOperations.TrailingZeroCount((uint)(byte)~bitmap[at]) : rows;
        if (firstNull < rows)
            return firstNull;
        return column.NullCount > 0 ? throw new InvalidDataException($"column {name} declares {column.NullCount} nulls, but marks none") : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lz4?.Dispose();
        _zstd?.Dispose();
    }

    private static long BitmapBytes(int rows) => ((long)rows + 7) / 8;

    // A compressed body keeps the length 0 of a bitmap that is not there in eight bytes.
    private bool HasBitmap(in ColumnBuffers column, BodyCompression compression) =>
        column.Validity.Bytes > 0 && (compression == BodyCompression.None || DeclaredBytes(column.Validity) != 0);

    private long CheckBuffer(string name, FileRange buffer, BodyCompression compression, long needed)
    {
        long available = buffer.Bytes;
        if (compression != BodyCompression.None)
        {
            var declared = DeclaredBytes(buffer, needed);
            available = declared == -1 ? buffer.Bytes - LengthPrefixBytes : declared;
            var ratio = compression == BodyCompression.Zstd ? ZstdRatioMax : Lz4RatioMax;
            if (declared < -1 || declared > buffer.Bytes * ratio)
                throw new InvalidDataException($"column {name} claims {declared} bytes in {buffer.Bytes} compressed ones, more than any data can yield");
        }

        return available >= needed
            ? Math.Max(available, needed)
            : throw new InvalidDataException($"column {name} needs {needed} bytes for its rows, but has {available}");
    }

    // Apache Arrow for JavaScript (up to 21.2.0 at least) writes the compressed length where the uncompressed one belongs. No right buffer declares
    // fewer bytes than its rows need, so none is mistaken for that; what it then has to yield is what the rows need, padded as writers pad.
    private long DeclaredBytes(FileRange buffer, long needed)
    {
        var declared = DeclaredBytes(buffer);
        return declared == buffer.Bytes - LengthPrefixBytes && declared < needed ? (needed + PaddingBytes - 1) / PaddingBytes * PaddingBytes : declared;
    }

    private long DeclaredBytes(FileRange buffer) => buffer.Bytes switch
    {
        0 => 0,
        < LengthPrefixBytes => throw new InvalidDataException($"a compressed buffer has {buffer.Bytes} bytes, fewer than its length takes"),
        _ => BinaryPrimitives.ReadInt64LittleEndian(Source.Span.Slice(buffer.Start, LengthPrefixBytes)),
    };

    private ReadOnlySpan<byte> Decode(FileRange buffer, BodyCompression compression, int needed)
    {
        var stored = Source.Slice(buffer.Start, buffer.Bytes);
        if (compression == BodyCompression.None)
            return stored.Span;
        var (stated, declared) = (DeclaredBytes(buffer), DeclaredBytes(buffer, needed));
        stored = stored[LengthPrefixBytes..];
        if (declared == -1)
            return stored.Span;
        if (_scratch.Length < declared)
            _scratch = GC.AllocateUninitializedArray<byte>((int)declared);
        var destination = _scratch.AsMemory(0, (int)declared);
        var written = Decompress(stored, destination, compression);
        return written == declared || (stated != declared && written >= needed)
            ? destination.Span
            : throw new InvalidDataException($"a compressed buffer claims {stated} bytes, but yields {written}");
    }

    private int Decompress(ReadOnlyMemory<byte> stored, Memory<byte> destination, BodyCompression compression)
    {
        try
        {
            return CodecOf(compression).Decompress(stored, destination);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The codecs answer damaged data with exceptions of many types, I/O exceptions among them.
            throw new InvalidDataException($"its {compression} data cannot be decompressed: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    private ICompressionCodec CodecOf(BodyCompression compression) => compression == BodyCompression.Zstd
        ? _zstd ??= _factory.CreateCodec(CompressionCodecType.Zstd)
        : _lz4 ??= _factory.CreateCodec(CompressionCodecType.Lz4Frame);
}
