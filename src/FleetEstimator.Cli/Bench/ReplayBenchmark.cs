using System.Diagnostics;
using FleetEstimator.Paging;

namespace FleetEstimator.Cli.Bench;

/// <summary>How fast the paging model replays single reads of one process under a memory limit on zram, and what it needs for it.</summary>
/// <param name="Pages">Pages of the process.</param>
/// <param name="MemoryPages">Memory limit in pages; 0 = none.</param>
/// <param name="Accesses">The page of every read.</param>
/// <param name="Mechanisms">Replayed in one pass.</param>
/// <param name="Lru">Which frames reclaim takes first.</param>
internal sealed record ReplayBenchmark(
    uint Pages, uint MemoryPages, uint[] Accesses, IReadOnlyList<Mechanism> Mechanisms, LruKind Lru = LruKind.MultiGenerational)
{
    private const uint Process = 1;

    private const int OperationsAtOnce = 1024;

    private readonly Operation[] _operations = new Operation[OperationsAtOnce];

    // Enough for the just-in-time compiler to have seen every path and compiled it for good, which it does behind our back.
    private const int WarmUpPages = 20_000;
    private const int WarmUpAccesses = 200_000;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);

    /// <summary>Has the code compiled by a small replay with the same mechanisms, which is thrown away.</summary>
    public void CompileCode()
    {
        var pages = Math.Min(Pages, WarmUpPages);
        var small = this with { Pages = pages, MemoryPages = pages / 2, Accesses = new ZipfAccesses(pages, exponent: 0.9, seed: 0).Take(WarmUpAccesses) };
        var simulator = small.Populate();
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < WarmUp;)
            small.Replay(simulator);
    }

    /// <summary>Writes every page with data, then reads in sequence against the clock.</summary>
    public ReplayResult Run()
    {
        var heapBefore = GC.GetTotalMemory(forceFullCollection: true);
        var simulator = Populate();
        var heap = GC.GetTotalMemory(forceFullCollection: true) - heapBefore;
        var before = CountersOf(simulator);

        var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var started = Stopwatch.GetTimestamp();
        Replay(simulator);
        var elapsed = Stopwatch.GetElapsedTime(started);
        var cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;

        var counted = CountersOf(simulator).Zip(before, (after, earlier) => after.Since(earlier)).ToList();
        return new ReplayResult(Accesses.Length, elapsed, cpu, heap / ((double)Pages * Mechanisms.Count), allocated, counted);
    }

    /// <summary>A node whose one process has written all its pages, under the limit.</summary>
    public Simulator Populate()
    {
        var simulator = new Simulator([.. Mechanisms.Select(mechanism => new Simulator.Lane(mechanism))],
            new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = Pages, ExpectedPages = checked((int)Pages), Lru = Lru });
        simulator.Apply(new Operation(OperationKind.Map, Process, 0, Pages));
        if (MemoryPages > 0)
            simulator.Apply(new Operation(OperationKind.Limit, 0, 0, MemoryPages));
        simulator.Apply(new Operation(OperationKind.Write, Process, 0, Pages, PageContent.Data));
        return simulator;
    }

    /// <summary>Reads every page of the sequence.</summary>
    public void Replay(Simulator simulator)
    {
        var pages = Accesses.AsSpan();
        while (!pages.IsEmpty)
        {
            var count = Math.Min(pages.Length, OperationsAtOnce);
            for (var k = 0; k < count; k++)
                _operations[k] = new Operation(OperationKind.Read, Process, pages[k], 1);
            simulator.Apply(_operations.AsSpan(0, count));
            pages = pages[count..];
        }
    }

    private List<Counters> CountersOf(Simulator simulator) => [.. Mechanisms.Select((_, lane) => simulator.Counters(lane))];
}

/// <summary>What a replay took and did.</summary>
/// <param name="Accesses">Reads replayed, each under every mechanism.</param>
/// <param name="Elapsed">Time for all of them.</param>
/// <param name="Cpu">Processor time of the process meanwhile: less than the time elapsed where other work shares the processor.</param>
/// <param name="BytesPerPage">Memory of the model per page and mechanism, page tables included.</param>
/// <param name="AllocatedBytes">Garbage made while the clock ran.</param>
/// <param name="Counted">Events under each mechanism while the clock ran.</param>
internal sealed record ReplayResult(long Accesses, TimeSpan Elapsed, TimeSpan Cpu, double BytesPerPage, long AllocatedBytes, IReadOnlyList<Counters> Counted)
{
    public double AccessesPerSecond => Accesses / Elapsed.TotalSeconds;

    /// <summary>Frames that reclaim took away.</summary>
    public static long Reclaimed(in Counters counted) => counted.SwapOuts + counted.ZeroSwapOuts + counted.ZswapOuts + counted.ZeroPagesMappedAtSwapOut;
}
