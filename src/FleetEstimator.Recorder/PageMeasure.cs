using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using K4os.Compression.LZ4;

namespace FleetEstimator.Recorder;

/// <summary>Codecs whose sizes can be recorded: what zram and zswap make of a page.</summary>
public enum PageCodec
{
    /// <summary>No sizes.</summary>
    None,

    /// <summary>LZ4 as the kernel calls it: one block, fastest setting.</summary>
    Lz4,

    /// <summary>Zstandard at the kernel's default, level 3.</summary>
    Zstd,
}

/// <summary>
/// What is recorded of a page of other data beside the flag, if asked for: a keyed fingerprint, equal for equal pages of all recordings with one key, and the size
/// to which one page alone compresses. Asked for rows only, not for every page of every scan.
/// </summary>
internal sealed class PageMeasure : IDisposable
{
    private const int ZstdLevel = 3;

    private readonly byte[]? _key;
    private readonly ulong _mask;
    private readonly PageCodec _codec;
    private readonly ZstdSharp.Compressor? _zstd;
    private readonly byte[] _hash = new byte[HMACSHA256.HashSizeInBytes];
    private readonly byte[] _compressed;

    private PageMeasure(byte[]? key, int bits, PageCodec codec, int pageSize)
    {
        _key = key;
        _mask = ulong.MaxValue >> (64 - bits);
        _codec = codec;
        _zstd = codec == PageCodec.Zstd ? new ZstdSharp.Compressor(ZstdLevel) : null;
        _compressed = new byte[LZ4Codec.MaximumOutputSize(pageSize) + 64];
    }

    /// <summary>What the options ask for; null if they ask for nothing.</summary>
    /// <exception cref="RecordingException">The key cannot be read or is too short, or nothing can compute the fingerprint here.</exception>
    internal static PageMeasure? Create(RecordingOptions options, int pageSize)
    {
        if (options.FingerprintKeyFile is null && options.CompressedSizes == PageCodec.None)
            return null;
        var key = options.FingerprintKeyFile is { } path ? ReadKey(path) : null;
        return new PageMeasure(key, options.FingerprintBits, options.CompressedSizes, pageSize);
    }

    /// <summary>What the trace's metadata calls the fingerprint that the options ask for.</summary>
    internal static string FingerprintName(RecordingOptions options) => options.FingerprintKeyFile is null ? "none" : $"hmac-sha256/{options.FingerprintBits}";

    /// <summary>What the trace's metadata calls the codec that the options ask for.</summary>
    internal static string CodecName(RecordingOptions options) => options.CompressedSizes switch
    {
        PageCodec.Lz4 => "lz4",
        PageCodec.Zstd => "zstd",
        _ => "none",
    };

    /// <summary>Fingerprint (0: none) and compressed size in bytes (0: none; never more than the page) of one page.</summary>
    internal (ulong Fingerprint, ushort CompressedBytes) Of(ReadOnlySpan<byte> page) => (Fingerprint(page), CompressedBytes(page));

    /// <inheritdoc/>
    public void Dispose()
    {
        _zstd?.Dispose();
        _key.AsSpan().Clear();
        _compressed.AsSpan().Clear();
    }

    /// <summary>HMAC-SHA256 rather than a faster keyed hash: whoever has a trace and not the key learns nothing, and every platform has it.</summary>
    private ulong Fingerprint(ReadOnlySpan<byte> page)
    {
        if (_key is null)
            return 0;
        _ = HMACSHA256.HashData(_key, page, _hash);
        // 0 stands for none.
        return Math.Max(1, BinaryPrimitives.ReadUInt64BigEndian(_hash) & _mask);
    }

    private ushort CompressedBytes(ReadOnlySpan<byte> page)
    {
        var size = _codec switch
        {
            PageCodec.Lz4 => LZ4Codec.Encode(page, _compressed),
            PageCodec.Zstd => _zstd!.Wrap(page, _compressed),
            _ => 0,
        };
        // zram and zswap keep what does not shrink as it is. A size of 64 KiB does not fit into the column.
        return (ushort)Math.Min(Math.Min(size, page.Length), ushort.MaxValue);
    }

    private static byte[] ReadKey(string path)
    {
        const int keyBytesMin = 16;
        const int keyBytesMax = 4096;
        RequireOpenSsl();
        byte[] key;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var buffer = new byte[keyBytesMax + 1];
            var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            key = buffer[..length];
            buffer.AsSpan().Clear();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RecordingException(
                RecordingFailure.Options, $"The key {path} cannot be read: {exception.Message} Make one with: head -c 32 /dev/urandom > {path}", exception);
        }

        if (key.Length is < keyBytesMin or > keyBytesMax)
        {
            throw new RecordingException(
                RecordingFailure.Options,
                $"The key {path} has {(key.Length > keyBytesMax ? $"more than {keyBytesMax}" : key.Length)} bytes, not {keyBytesMin} to {keyBytesMax}."
                    + $" Make one with: head -c 32 /dev/urandom > {path}");
        }

        return key;
    }

    /// <summary>.NET computes SHA-256 with OpenSSL, and ends the process where there is none.</summary>
    private static void RequireOpenSsl()
    {
        foreach (var name in (ReadOnlySpan<string>)["libssl.so.3", "libssl.so.1.1", "libssl.so"])
        {
            if (NativeLibrary.TryLoad(name, out _))
                return;
        }

        throw new RecordingException(
            RecordingFailure.NotSupported, "Fingerprints are computed with OpenSSL, and there is no libssl here. Install it (libssl3), or record without --fingerprint.");
    }
}
