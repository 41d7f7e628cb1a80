using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>A counter that a kernel and the model both keep, in pages.</summary>
/// <param name="Name">Its name in /proc/vmstat and memory.stat; a sum has one of ours.</param>
/// <param name="Of">What the model counted.</param>
public sealed record BacktestCounter(string Name, Func<Counters, long> Of)
{
    /// <summary>Sum of all that left memory: name in results.</summary>
    public const string SwappedOut = "swapped_out";

    /// <summary>Sum of all that came back: name in results.</summary>
    public const string SwappedIn = "swapped_in";

    /// <summary>What is written to the device, kept by zswap, or noted as zeros.</summary>
    public static IReadOnlyList<BacktestCounter> Outs { get; } =
    [
        new("pswpout", counters => counters.SwapOuts),
        new("swpout_zero", counters => counters.ZeroSwapOuts),
        new("zswpout", counters => counters.ZswapOuts),
    ];

    /// <summary>What is read from the device, loaded from zswap, or filled with zeros.</summary>
    public static IReadOnlyList<BacktestCounter> Ins { get; } =
    [
        new("pswpin", counters => counters.SwapIns),
        new("swpin_zero", counters => counters.ZeroSwapIns),
        new("zswpin", counters => counters.ZswapIns),
    ];

    /// <summary>Read-ahead, whose pages are part of <see cref="Ins"/>.</summary>
    public static IReadOnlyList<BacktestCounter> ReadAhead { get; } =
    [
        new("swap_ra", counters => counters.ReadAheads),
        new("swap_ra_hit", counters => counters.ReadAheadHits),
    ];
}
