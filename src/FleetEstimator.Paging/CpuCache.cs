using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace FleetEstimator.Paging;

/// <summary>Hints to the processor; without effect on results.</summary>
internal static class CpuCache
{
    /// <summary>Starts to load what will be needed soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Prefetch(ref byte at)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(Unsafe.AsPointer(ref at));
    }
}
