namespace FleetEstimator.Paging;

/// <summary>
/// What elementary steps of paging cost, in nanoseconds each: CPU time, but for the two latencies, which a process waits without using a CPU.
/// <see cref="Cost.All"/> says of every entry what it is and where its default comes from. Costs differ from machine to machine:
/// compare mechanisms by them, do not size hardware; <c>fleet-estimator calibrate</c> measures those of a machine.
/// </summary>
public sealed record CostTable
{
    /// <summary>The costs used unless others are given.</summary>
    public static readonly CostTable Default = new();

    /// <summary>Entering and leaving a page fault and setting the entry.</summary>
    public long Fault { get; init; } = 330;

    /// <summary>Allocating, charging and listing a frame.</summary>
    public long PageAllocation { get; init; } = 210;

    /// <summary>Clearing a page.</summary>
    public long PageClearing { get; init; } = 190;

    /// <summary>Copying a page.</summary>
    public long PageCopy { get; init; } = 650;

    /// <summary>What a store to a read-only page takes beyond a fault on an empty one: flushing the old translation, changing the mapping.</summary>
    public long CopyOnWrite { get; init; } = 290;

    /// <summary>Taking a page off its list at reclaim and freeing it.</summary>
    public long Reclaim { get; init; } = 130;

    /// <summary>Finding and changing one mapping of a page by the reverse map, its share of the batched TLB flush included.</summary>
    public long ReverseMapWalk { get; init; } = 155;

    /// <summary>Checking a page that is filled with zeros: all of it is read.</summary>
    public long ZeroCheckOfZeros { get; init; } = 155;

    /// <summary>Checking a page that is not: it ends at the first word that is not zero.</summary>
    public long ZeroCheckOfData { get; init; } = 15;

    /// <summary>Taking a swap slot, entering and leaving the swap cache.</summary>
    public long SlotAllocation { get; init; } = 800;

    /// <summary>Looking a slot up at swap-in and giving it back.</summary>
    public long SlotRelease { get; init; } = 385;

    /// <summary>Compressing a page.</summary>
    public long Compression { get; init; } = 615;

    /// <summary>Decompressing a page.</summary>
    public long Decompression { get; init; } = 405;

    /// <summary>Writing a page to zram, compression apart.</summary>
    public long ZramWrite { get; init; } = 560;

    /// <summary>Reading a page from zram, decompression apart.</summary>
    public long ZramRead { get; init; } = 490;

    /// <summary>Storing a page in zswap, compression apart.</summary>
    public long ZswapStore { get; init; } = 750;

    /// <summary>Loading a page from zswap, decompression apart.</summary>
    public long ZswapLoad { get; init; } = 2180;

    /// <summary>CPU time of writing a page to a solid-state disk.</summary>
    public long SsdWrite { get; init; } = 1600;

    /// <summary>CPU time of reading a page from a solid-state disk.</summary>
    public long SsdRead { get; init; } = 1600;

    /// <summary>Time from asking a solid-state disk for a page until it is there.</summary>
    public long SsdReadLatency { get; init; } = 80_000;

    /// <summary>CPU time of writing a page to a rotating disk.</summary>
    public long DiskWrite { get; init; } = 1600;

    /// <summary>CPU time of reading a page from a rotating disk.</summary>
    public long DiskRead { get; init; } = 1600;

    /// <summary>Time from asking a rotating disk for a page until it is there.</summary>
    public long DiskReadLatency { get; init; } = 12_000_000;

    /// <summary>Reading a page for KSM: the walk to it and a checksum.</summary>
    public long KsmScan { get; init; } = 600;

    /// <summary>Where values come from that are not defaults, by <see cref="Cost.Key"/>.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    /// <summary>CPU time of everything counted under <paramref name="mechanism"/>, in nanoseconds.</summary>
    public long CpuNanoseconds(Mechanism mechanism, NodeSettings settings, in Counters counters) =>
        FaultCpu(settings, counters) + ReclaimCpu(mechanism, settings, counters) + counters.KsmPagesScanned * KsmScan;

    /// <summary>
    /// Time processes wait in page faults, in nanoseconds: the CPU time of faults, and the latency of the device where a fault reads from it.
    /// Read-ahead is taken to have arrived by the time a process comes to it, and reclaim to happen in the background.
    /// </summary>
    public long FaultNanoseconds(NodeSettings settings, in Counters counters) =>
        FaultCpu(settings, counters) + (counters.SwapIns - counters.SwapInsAhead) * ReadLatency(settings.SwapDevice);

    /// <summary>Time a process waits in one major fault, in nanoseconds: <see cref="FaultNanoseconds"/> of a single one.</summary>
    /// <param name="settings">The node.</param>
    /// <param name="zeromap">Whether the zeromap knows the page to be zeros.</param>
    /// <param name="zswap">Whether zswap holds the page.</param>
    public long MajorFaultNanoseconds(NodeSettings settings, bool zeromap, bool zswap)
    {
        var read = zeromap ? PageClearing
            : zswap ? ZswapLoad + Decompression
            : ReadCpu(settings.SwapDevice) + ReadLatency(settings.SwapDevice) + (settings.SwapDevice == SwapDevice.Zram ? Decompression : 0);
        return Fault + PageAllocation + SlotRelease + read;
    }

    private long FaultCpu(NodeSettings settings, in Counters counters)
    {
        var compressed = IsCompressed(settings)
            ? counters.ZswapIns + (settings.SwapDevice == SwapDevice.Zram ? counters.SwapIns : 0) - ZerosReadBack(counters)
            : 0;
        return (counters.MinorFaults + counters.MajorFaults) * Fault
            + counters.NewFrames * (PageAllocation + PageClearing)
            + counters.CopiedFrames * (PageCopy - PageClearing)
            + counters.CopyOnWrites * CopyOnWrite
            + (counters.ZeroSwapIns + counters.SwapIns + counters.ZswapIns) * (PageAllocation + SlotRelease)
            + counters.ZeroSwapIns * PageClearing
            + counters.ZeroPagesMappedAtSwapIn * SlotRelease
            + counters.SwapIns * ReadCpu(settings.SwapDevice)
            + counters.ZswapIns * ZswapLoad
            + compressed * Decompression;
    }

    private long ReclaimCpu(Mechanism mechanism, NodeSettings settings, in Counters counters)
    {
        var stored = counters.SwapOuts + counters.ZswapOuts;
        var slots = stored + counters.ZeroSwapOuts;
        var walks = mechanism is { ZeroPageAtSwapOut: true, ChecksBeforeFlush: false } ? 2 : 1;
        var checksOfData = (mechanism.Zeromap ? 1 : 0) + (mechanism.ZeroPageAtSwapOut ? 1 : 0);
        return (slots + counters.ZeroPagesMappedAtSwapOut) * Reclaim
            + counters.ReclaimedEntries * walks * ReverseMapWalk
            + slots * SlotAllocation
            + (counters.ZeroSwapOuts + counters.ZeroPagesMappedAtSwapOut) * ZeroCheckOfZeros
            + stored * checksOfData * ZeroCheckOfData
            + counters.SwapOuts * WriteCpu(settings.SwapDevice)
            + counters.ZswapOuts * ZswapStore
            + (IsCompressed(settings) ? stored - ZerosStored(counters) : 0) * Compression;
    }

    // zram and zswap keep a page of zeros as its word, without compressing it. zswap also tries in vain what it then leaves to the device.
    private static bool IsCompressed(NodeSettings settings) => settings.SwapDevice == SwapDevice.Zram || settings.Zswap;

    private static long ZerosStored(in Counters counters) => counters.ZeroFilledSwapOuts - counters.ZeroSwapOuts - counters.ZeroPagesMappedAtSwapOut;

    private static long ZerosReadBack(in Counters counters) => counters.ZeroFilledSwapIns - counters.ZeroSwapIns - counters.ZeroPagesMappedAtSwapIn;

    private long WriteCpu(SwapDevice device) => device switch { SwapDevice.Zram => ZramWrite, SwapDevice.Ssd => SsdWrite, SwapDevice.Disk => DiskWrite, _ => 0 };

    private long ReadCpu(SwapDevice device) => device switch { SwapDevice.Zram => ZramRead, SwapDevice.Ssd => SsdRead, SwapDevice.Disk => DiskRead, _ => 0 };

    private long ReadLatency(SwapDevice device) => device switch { SwapDevice.Ssd => SsdReadLatency, SwapDevice.Disk => DiskReadLatency, _ => 0 };
}
