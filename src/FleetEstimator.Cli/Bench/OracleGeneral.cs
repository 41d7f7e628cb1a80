using System.Buffers.Binary;

namespace FleetEstimator.Cli.Bench;

/// <summary>
/// The oracleGeneral trace format of libCacheSim: records of 24 bytes, little-endian — time in seconds (u32), object (u64), its size in bytes (u32),
/// the number of the next request for the same object (i64, -1 = none).
/// </summary>
internal static class OracleGeneral
{
    private const int RecordBytes = 24;

    /// <summary>Writes one request of size 1 for each access, one a second, so that a cache size in bytes is one in pages.</summary>
    public static void Write(Stream stream, ReadOnlySpan<uint> accesses, uint pages)
    {
        var next = NextAccesses(accesses, pages);
        Span<byte> record = stackalloc byte[RecordBytes];
        for (var k = 0; k < accesses.Length; k++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)k);
            BinaryPrimitives.WriteUInt64LittleEndian(record[4..], accesses[k]);
            BinaryPrimitives.WriteUInt32LittleEndian(record[12..], 1);
            BinaryPrimitives.WriteInt64LittleEndian(record[16..], next[k]);
            stream.Write(record);
        }
    }

    private static int[] NextAccesses(ReadOnlySpan<uint> accesses, uint pages)
    {
        var next = new int[accesses.Length];
        var latest = new int[pages];
        Array.Fill(latest, -1);
        for (var k = accesses.Length - 1; k >= 0; k--)
            (next[k], latest[accesses[k]]) = (latest[accesses[k]], k);
        return next;
    }
}
