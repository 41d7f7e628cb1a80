using System.Runtime.CompilerServices;

namespace FleetEstimator.Paging;

/// <summary>What <see cref="FrameLinks"/> keeps of a frame: from the lowest bit on, the next node, the previous node, 4 bits of LRU state. Node numbers are signed.</summary>
internal static class FrameWord
{
    public const int StateBits = 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Next(ulong word, int nodeBits) => Signed((uint)word, nodeBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Previous(ulong word, int nodeBits) => Signed((uint)(word >> nodeBits), nodeBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint State(ulong word, int nodeBits) => (uint)(word >> (2 * nodeBits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Make(int next, int previous, uint state, int nodeBits)
    {
        var mask = (1UL << nodeBits) - 1;
        return ((uint)next & mask) | (((uint)previous & mask) << nodeBits) | ((ulong)state << (2 * nodeBits));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WithNext(ulong word, int next, int nodeBits)
    {
        var mask = (1UL << nodeBits) - 1;
        return (word & ~mask) | ((uint)next & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WithPrevious(ulong word, int previous, int nodeBits)
    {
        var mask = (1UL << nodeBits) - 1;
        return (word & ~(mask << nodeBits)) | (((uint)previous & mask) << nodeBits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WithState(ulong word, uint state, int nodeBits) => (word & ((1UL << (2 * nodeBits)) - 1)) | ((ulong)state << (2 * nodeBits));

    public static ulong Convert(ulong word, int fromBits, int toBits) => Make(Next(word, fromBits), Previous(word, fromBits), State(word, fromBits), toBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Signed(uint bits, int nodeBits) => (int)(bits << (32 - nodeBits)) >> (32 - nodeBits);
}
