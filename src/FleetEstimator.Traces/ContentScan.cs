using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>Tells what a page holds, as far as it matters to swap.</summary>
public static class ContentScan
{
    /// <summary>
    /// Whether <paramref name="page"/> repeats its first 64-bit word throughout, and then whether that word is zero; stops at the first word that differs.
    /// </summary>
    /// <param name="page">At least one word; a tail shorter than a word counts as the beginning of one.</param>
    /// <param name="word">The repeated word in native byte order; 0 unless the result is <see cref="PageContent.Repeated"/>.</param>
    public static PageContent Classify(ReadOnlySpan<byte> page, out ulong word)
    {
        word = MemoryMarshal.Read<ulong>(page);
        if (!Repeats(page, word))
        {
            word = 0;
            return PageContent.Data;
        }

        return word == 0 ? PageContent.Zero : PageContent.Repeated;
    }

    private static bool Repeats(ReadOnlySpan<byte> page, ulong word)
    {
        // Most data differs within its first words and most that does not is repeated to the end: no more than a test per 128 bytes is worth its branch.
        ref var start = ref MemoryMarshal.GetReference(page);
        var expected = Vector256.Create(word).AsByte();
        var offset = 0;
        for (; offset <= page.Length - (4 * Vector256<byte>.Count); offset += 4 * Vector256<byte>.Count)
        {
            var difference = (Vector256.LoadUnsafe(ref start, (nuint)offset) ^ expected)
                | (Vector256.LoadUnsafe(ref start, (nuint)(offset + 32)) ^ expected)
                | (Vector256.LoadUnsafe(ref start, (nuint)(offset + 64)) ^ expected)
                | (Vector256.LoadUnsafe(ref start, (nuint)(offset + 96)) ^ expected);
            if (difference != Vector256<byte>.Zero)
                return false;
        }

        // A span equals itself moved by one word exactly when it repeats that word.
        var tail = page[Math.Max(0, offset - sizeof(ulong))..];
        return tail[sizeof(ulong)..].SequenceEqual(tail[..^sizeof(ulong)]);
    }
}
