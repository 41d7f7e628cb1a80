namespace FleetEstimator.Tests.Fuzzing;

/// <summary>Changes that need not know what the bytes mean.</summary>
internal static class ByteMutations
{
    // Values that have broken readers of lengths and offsets before.
    private static readonly long[] Numbers =
    [
        0, 1, -1, 2, 3, 4, 7, 8, -8, 16, 24, 64, 127, 128, 255, 256, short.MaxValue, ushort.MaxValue, 1 << 16, 1 << 20, int.MaxValue, int.MinValue, int.MaxValue - 7, uint.MaxValue,
        1L << 32, (1L << 32) + 8, long.MaxValue, long.MinValue, long.MaxValue - 7, 256 << 20, 1L << 40,
    ];

    /// <summary>A number that readers may stumble over.</summary>
    public static long Number(Random random) => random.Next(4) switch
    {
        0 => random.NextInt64(-64, 6000),
        1 => random.NextInt64(),
        _ => Numbers[random.Next(Numbers.Length)],
    };

    /// <summary>Changes the bytes in one to four places. May change the array itself.</summary>
    public static byte[] Apply(byte[] bytes, Random random)
    {
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Length > 0; changes--)
            bytes = Once(bytes, random);
        return bytes;
    }

    /// <summary>Writes a number of some bytes at a place, or moves the one that is there.</summary>
    public static void Overwrite(Span<byte> at, Random random)
    {
        var old = ReadLittleEndian(at);
        var value = random.Next(3) == 0 ? old + new[] { -8, -1, 1, 8, 24 }[random.Next(5)] : Number(random);
        for (var index = 0; index < at.Length; index++)
            at[index] = (byte)(value >> (8 * index));
    }

    /// <summary>The front of one file and the back of another.</summary>
    public static byte[] Splice(byte[] front, byte[] back, Random random)
    {
        var end = random.Next(front.Length + 1) / 8 * 8;
        var start = random.Next(2) == 0 ? Math.Min(end, back.Length) : random.Next(back.Length + 1) / 8 * 8;
        return [.. front.AsSpan(0, end), .. back.AsSpan(start)];
    }

    private static byte[] Once(byte[] bytes, Random random)
    {
        var at = Place(bytes, random);
        switch (random.Next(8))
        {
            case 0:
                bytes[at] ^= (byte)random.Next(1, 256);
                return bytes;
            case 1:
                Overwrite(Aligned(bytes, at, 4), random);
                return bytes;
            case 2:
                Overwrite(Aligned(bytes, at, 8), random);
                return bytes;
            case 3:
                var (from, count) = (random.Next(bytes.Length), random.Next(1, 64));
                count = Math.Min(count, bytes.Length - Math.Max(from, at));
                bytes.AsSpan(from, count).CopyTo(bytes.AsSpan(at));
                return bytes;
            case 4:
                return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(Math.Min(bytes.Length, at + random.Next(1, 100)))];
            case 5:
                var inserted = new byte[random.Next(1, 100)];
                random.NextBytes(inserted);
                return [.. bytes.AsSpan(0, at), .. inserted, .. bytes.AsSpan(at)];
            case 6:
                return bytes[..at];
            default:
                return [.. bytes, .. bytes.AsSpan(at)];
        }
    }

    // Anywhere, and as often near either end, where headers and footers are.
    private static int Place(byte[] bytes, Random random) => random.Next(4) switch
    {
        0 => random.Next(Math.Min(256, bytes.Length)),
        1 => bytes.Length - 1 - random.Next(Math.Min(1500, bytes.Length)),
        _ => random.Next(bytes.Length),
    };

    private static Span<byte> Aligned(byte[] bytes, int at, int width)
    {
        var start = at / width * width;
        return bytes.AsSpan(start, Math.Min(width, bytes.Length - start));
    }

    private static long ReadLittleEndian(ReadOnlySpan<byte> bytes)
    {
        var value = 0L;
        for (var index = bytes.Length - 1; index >= 0; index--)
            value = (value << 8) | bytes[index];
        return value;
    }
}
