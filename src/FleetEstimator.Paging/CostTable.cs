namespace FleetEstimator.Paging;

/// <summary>
/// CPU time of what a kernel counts, in nanoseconds an event. The defaults were measured with madvise(MADV_PAGEOUT) and single-byte
/// accesses over 64 MiB of 4 KiB pages on Linux 6.18 (x86-64 guest, zram with lzo-rle), best of 24 passes; the published figures for
/// 50 GB of zeros (0.34 µs a page swapped out, 3.8 µs swapped in, K. Song 2024) bracket them. Costs on another machine differ: compare
/// mechanisms by them, do not size hardware.
/// </summary>
public sealed record CostTable
{
    /// <summary>The costs used unless others are given.</summary>
    public static readonly CostTable Default = new();

    /// <summary>A minor fault that allocates nothing; also the part of every major fault that is not the swap-in itself. Measured: 340.</summary>
    public long Fault { get; init; } = 340;

    /// <summary>Allocating and clearing or copying a frame in a minor fault. Measured: 680 for a first store, less the fault.</summary>
    public long NewFrame { get; init; } = 340;

    /// <summary>Swap-in of a page the zeromap knows to be zeros: frame, clearing, slot. Measured: 1,060 with the fault.</summary>
    public long ZeroSwapIn { get; init; } = 720;

    /// <summary>Swap-in from zram: frame, decompression, slot. Measured: 1,650 with the fault.</summary>
    public long SwapIn { get; init; } = 1310;

    /// <summary>Swap-out of a zero-filled page: unmap, flush, check, zeromap bit. Measured: 870.</summary>
    public long ZeroSwapOut { get; init; } = 870;

    /// <summary>Swap-out to zram: unmap, flush, check, compression. Measured: 2,500.</summary>
    public long SwapOut { get; init; } = 2500;

    /// <summary>Putting the zero page in the place of a zero-filled page at reclaim: as a swap-out by zeromap, without the slot. Not measured: taken as <see cref="ZeroSwapOut"/>.</summary>
    public long ZeroPageAtSwapOut { get; init; } = 870;

    /// <summary>The second reverse-map walk that <c>zero-at-swapout</c> takes for every frame reclaimed. Not measured: half of an unmap without compression.</summary>
    public long SecondReverseMapWalk { get; init; } = 430;

    /// <summary>A page that KSM reads: the walk to it and a checksum over 4 KiB. Not measured: 4 KiB at 10 GB/s, and the walk.</summary>
    public long KsmPageScanned { get; init; } = 600;

    /// <summary>CPU time of everything counted under <paramref name="mechanism"/>, in nanoseconds.</summary>
    public long Nanoseconds(Mechanism mechanism, in Counters counters)
    {
        var reclaimed = counters.SwapOuts + counters.ZeroSwapOuts + counters.ZeroPagesMappedAtSwapOut;
        return (counters.MinorFaults + counters.MajorFaults) * Fault
            + counters.NewFrames * NewFrame
            + counters.ZeroSwapIns * ZeroSwapIn
            + counters.SwapIns * SwapIn
            + counters.ZeroSwapOuts * ZeroSwapOut
            + counters.SwapOuts * SwapOut
            + counters.ZeroPagesMappedAtSwapOut * ZeroPageAtSwapOut
            + counters.KsmPagesScanned * KsmPageScanned
            + (mechanism is { ZeroPageAtSwapOut: true, ChecksBeforeFlush: false } ? reclaimed * SecondReverseMapWalk : 0);
    }
}
