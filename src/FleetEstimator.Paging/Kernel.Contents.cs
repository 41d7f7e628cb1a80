using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FleetEstimator.Paging;

/// <summary>Distinct frames that processes map, by content, in pages. The sum is <see cref="NodeState.MappedFrames"/>.</summary>
/// <param name="Zero">Filled with zeros: <see cref="NodeState.ZeroFilledFrames"/>.</param>
/// <param name="Repeated">One 64-bit word repeated, not zero.</param>
/// <param name="Data">Other data, or content that is not known.</param>
/// <param name="Incompressible">Data whose recorded compressed size is a page or more.</param>
public readonly record struct FrameContents(long Zero, long Repeated, long Data, long Incompressible);

/// <content>What pages hold: for whoever looks on.</content>
internal sealed partial class Kernel
{
    /// <summary>Counts mapped frames by content: one look at every entry, 32 at a time.</summary>
    public FrameContents CountContents()
    {
        Span<long> counts = stackalloc long[4];
        CountExclusive(_pte, counts);
        for (var node = -1; ~node < _shared.Capacity; node--)
        {
            if (_shared[node] is { MapCount: > 0 } shared)
                counts[shared.ContentBits >> Pte.ContentShift]++;
        }

        return new FrameContents(
            counts[(int)PageContent.Zero], counts[(int)PageContent.Repeated], counts[(int)PageContent.Data], counts[Pte.Incompressible >> Pte.ContentShift]);
    }

    /// <summary>Content of the page whose entry is in swap; null if it is not.</summary>
    public PageContent? SwappedContent(int index)
    {
        if ((uint)index >= (uint)_pte.Length || (_pte[index] & Pte.KindMask) != Pte.Swapped)
            return null;
        var content = ContentOf(index, NodeOf(index));
        return content == Pte.Incompressible ? PageContent.Data : (PageContent)(content >> Pte.ContentShift);
    }

    private static void CountExclusive(ReadOnlySpan<byte> entries, Span<long> counts)
    {
        const byte exclusive = Pte.KindMask | Pte.Shared;
        var done = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref var start = ref MemoryMarshal.GetReference(entries);
            for (; done + Vector256<byte>.Count <= entries.Length; done += Vector256<byte>.Count)
            {
                var now = Vector256.LoadUnsafe(ref start, (nuint)done);
                if (now == Vector256<byte>.Zero)
                    continue;
                var frames = Vector256.Equals(now & Vector256.Create(exclusive), Vector256.Create(Pte.Mapped)).ExtractMostSignificantBits();

                // The two bits of content are the highest of an entry.
                var (high, low) = (now.ExtractMostSignificantBits(), (now + now).ExtractMostSignificantBits());
                counts[0] += BitOperations.PopCount(frames & ~high & ~low);
                counts[1] += BitOperations.PopCount(frames & ~high & low);
                counts[2] += BitOperations.PopCount(frames & high & ~low);
                counts[3] += BitOperations.PopCount(frames & high & low);
            }
        }

        for (; done < entries.Length; done++)
        {
            if ((entries[done] & exclusive) == Pte.Mapped)
                counts[entries[done] >> Pte.ContentShift]++;
        }
    }
}
