using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FleetEstimator.Paging;

/// <summary>
/// What is done to many page table entries at once. Entries are bytes, so a vector holds 32 of them: an access to memory that is present costs a
/// fraction of a nanosecond a page, and only faults are taken one by one.
/// </summary>
internal static class PteRuns
{
    private const byte YoungFrame = Pte.Mapped | Pte.Young;

    /// <summary>Marks entries as accessed from the first on, as long as they find a page. How many there were.</summary>
    public static int TouchPresent(Span<byte> entries)
    {
        var done = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref var start = ref MemoryMarshal.GetReference(entries);
            var present = Vector256.Create(Pte.Present);
            var young = Vector256.Create(Pte.Young);
            for (; done + Vector256<byte>.Count <= entries.Length; done += Vector256<byte>.Count)
            {
                var now = Vector256.LoadUnsafe(ref start, (nuint)done);
                if ((now & present) != present)
                    break;
                (now | young).StoreUnsafe(ref start, (nuint)done);
            }
        }

        for (; done < entries.Length && (entries[done] & Pte.Present) != 0; done++)
            entries[done] |= Pte.Young;
        return done;
    }

    /// <summary>Stores content from the first entry on, as long as entries take it without a fault. How many there were, and how many of them held zeros.</summary>
    public static (int Done, int HeldZeros) StorePresent(Span<byte> entries, byte contentBits)
    {
        const byte mask = Pte.KindMask | Pte.Writable;
        const byte storable = Pte.Mapped | Pte.Writable;
        const byte accessed = Pte.Young | Pte.Dirty;
        var (done, heldZeros) = (0, 0);
        if (Vector256.IsHardwareAccelerated)
        {
            ref var start = ref MemoryMarshal.GetReference(entries);
            for (; done + Vector256<byte>.Count <= entries.Length; done += Vector256<byte>.Count)
            {
                var now = Vector256.LoadUnsafe(ref start, (nuint)done);
                if ((now & Vector256.Create(mask)) != Vector256.Create(storable))
                    break;
                var content = now & Vector256.Create(Pte.ContentMask);
                heldZeros += BitOperations.PopCount(Vector256.Equals(content, Vector256.Create(Pte.ContentZero)).ExtractMostSignificantBits());
                ((now ^ content) | Vector256.Create((byte)(accessed | contentBits))).StoreUnsafe(ref start, (nuint)done);
            }
        }

        for (; done < entries.Length && (entries[done] & mask) == storable; done++)
        {
            if ((entries[done] & Pte.ContentMask) == Pte.ContentZero)
                heldZeros++;
            entries[done] = (byte)((entries[done] & ~Pte.ContentMask) | accessed | contentBits);
        }

        return (done, heldZeros);
    }

    /// <summary>The first entry that says something; the length if none does.</summary>
    public static int FirstInUse(ReadOnlySpan<byte> entries)
    {
        var first = entries.IndexOfAnyExcept(Pte.None);
        return first < 0 ? entries.Length : first;
    }

    /// <summary>Most entries that are taken at once, one a bit.</summary>
    public const int YoungAtOnce = 64;

    /// <summary>Which of up to 64 entries map a frame and were accessed, the first as the lowest bit; they count as not accessed from now on.</summary>
    public static ulong TakeYoung(Span<byte> entries)
    {
        Debug.Assert(entries.Length <= YoungAtOnce, "More entries than bits.");
        if (entries.Length == YoungAtOnce && Vector256.IsHardwareAccelerated)
        {
            ref var start = ref MemoryMarshal.GetReference(entries);
            return TakeYoung(ref start) | ((ulong)TakeYoung(ref Unsafe.Add(ref start, Vector256<byte>.Count)) << Vector256<byte>.Count);
        }

        var taken = 0UL;
        for (var k = 0; k < entries.Length; k++)
        {
            if (!IsYoungFrame(entries[k]))
                continue;
            taken |= 1UL << k;
            entries[k] &= unchecked((byte)~Pte.Young);
        }

        return taken;
    }

    private static uint TakeYoung(ref byte start)
    {
        var entries = Vector256.LoadUnsafe(ref start);
        var young = Vector256.Equals(entries & Vector256.Create(YoungFrame), Vector256.Create(YoungFrame));
        var found = young.ExtractMostSignificantBits();
        if (found != 0)
            Vector256.AndNot(entries, young & Vector256.Create(Pte.Young)).StoreUnsafe(ref start);
        return found;
    }

    /// <summary>Whether an entry maps a frame and was accessed.</summary>
    public static bool IsYoungFrame(byte entry) => (entry & YoungFrame) == YoungFrame;
}
