using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public sealed class CostTableTests
{
    private static readonly NodeSettings Zram = new() { SwapDevice = SwapDevice.Zram, SwapPages = 1024 };
    private static readonly NodeSettings Ssd = new() { SwapDevice = SwapDevice.Ssd, SwapPages = 1024 };

    // Every cost its own power of ten or multiple, so that a sum tells what went into it.
    private static readonly CostTable Table = new()
    {
        Fault = 1,
        PageAllocation = 10,
        PageClearing = 100,
        PageCopy = 400,
        CopyOnWrite = 1_000,
        Reclaim = 10_000,
        ReverseMapWalk = 100_000,
        ZeroCheckOfZeros = 1_000_000,
        ZeroCheckOfData = 2_000_000,
        SlotAllocation = 10_000_000,
        SlotRelease = 100_000_000,
        Compression = 1_000_000_000,
        Decompression = 2_000_000_000,
        ZramWrite = 10_000_000_000,
        ZramRead = 20_000_000_000,
        SsdWrite = 30_000_000_000,
        SsdRead = 40_000_000_000,
        SsdReadLatency = 1_000_000_000_000,
    };

    [Fact]
    public void FirstStore_IsAFaultAndAClearedFrame() =>
        Assert.Equal(111, Cpu(Mechanism.Linux612, Zram, [Map(1), Write(1)]));

    [Fact]
    public void StoreToTheZeroPage_AddsTheCopyOnWrite() =>
        Assert.Equal(1 + 1_111, Cpu(Mechanism.Linux612, Zram, [Map(1), Read(1), Write(1)]));

    [Fact]
    public void StoreToASharedPage_CopiesInsteadOfClearing() =>
        Assert.Equal(111 + 1_411, Cpu(Mechanism.Linux612, Zram, [Map(1), Write(1), new(OperationKind.Fork, 1, 2, 1), Write(1)]));

    [Fact]
    public void PageOutAndInOfData_CompressesAndDecompresses_OnZram() =>
        Assert.Equal(
            111 + 10_000 + 100_000 + 2_000_000 + 10_000_000 + 1_000_000_000 + 10_000_000_000 + 1 + 10 + 100_000_000 + 2_000_000_000 + 20_000_000_000,
            Cpu(Mechanism.Linux612, Zram, [Map(1), Write(1), PageOut(1), Read(1)]));

    [Fact]
    public void PageOutAndInOfZeros_TakesTheZeromapsWay() =>
        Assert.Equal(
            111 + 10_000 + 100_000 + 1_000_000 + 10_000_000 + 1 + 110 + 100_000_000,
            Cpu(Mechanism.Linux612, Zram, [Map(1), Write(1, PageContent.Zero), PageOut(1), Read(1)]));

    [Fact]
    public void ZerosBeforeTheZeromap_AreNeverCompressed() =>
        Assert.Equal(
            111 + 10_000 + 100_000 + 10_000_000 + 10_000_000_000 + 1 + 10 + 100_000_000 + 20_000_000_000,
            Cpu(Mechanism.Linux61, Zram, [Map(1), Write(1, PageContent.Zero), PageOut(1), Read(1)]));

    [Fact]
    public void ReadOfZeros_UnderTheRfc_AllocatesAndClearsNothing() =>
        Assert.Equal(
            110,
            Cpu(Mechanism.Linux612, Zram, [Map(1), Write(1, PageContent.Zero), PageOut(1), Read(1)])
                - Cpu(Mechanism.ZeroPfnSwapIn, Zram, [Map(1), Write(1, PageContent.Zero), PageOut(1), Read(1)]));

    [Fact]
    public void ZeroAtSwapOut_WalksTwiceAndTakesNoSlot() =>
        Assert.Equal(111 + 10_000 + 200_000 + 1_000_000, Cpu(Mechanism.ZeroAtSwapOut, Zram, [Map(1), Write(1, PageContent.Zero), PageOut(1)]));

    [Fact]
    public void EveryMappingOfAReclaimedPage_IsAWalk()
    {
        var alone = Cpu(Mechanism.Linux612, Zram, [Map(1), Write(1), new(OperationKind.Reclaim, 0, 0, 8)]);
        var shared = Cpu(Mechanism.Linux612, Zram, [Map(1), Write(1), new(OperationKind.Fork, 1, 2, 1), new(OperationKind.Reclaim, 0, 0, 8)]);
        Assert.Equal(100_000, shared - alone);
    }

    [Fact]
    public void TimeInFaults_HasTheLatencyOfReadsThatAFaultWaitedFor_NotOfReadAhead()
    {
        var counters = new Counters { MajorFaults = 2, SwapIns = 8, SwapInsAhead = 6, ReadAheads = 6 };
        Assert.Equal(2 + 8 * (10 + 100_000_000L + 40_000_000_000L), Table.CpuNanoseconds(Mechanism.Linux612, Ssd, counters));
        Assert.Equal(2 * 1_000_000_000_000L, Table.FaultNanoseconds(Ssd, counters) - Table.CpuNanoseconds(Mechanism.Linux612, Ssd, counters));
    }

    [Fact]
    public void RotatingDisk_HasItsOwnLatencyAndCpuTime()
    {
        var table = new CostTable { DiskWrite = 3, DiskRead = 5, DiskReadLatency = 7, Fault = 0, PageAllocation = 0, Reclaim = 0, SlotAllocation = 0, SlotRelease = 0, ZeroCheckOfData = 0 };
        var disk = Ssd with { SwapDevice = SwapDevice.Disk };
        var counters = new Counters { MajorFaults = 1, SwapIns = 4, SwapInsAhead = 3, SwapOuts = 10 };
        Assert.Equal(4 * 5 + 10 * 3, table.CpuNanoseconds(Mechanism.Linux612, disk, counters));
        Assert.Equal(4 * 5 + 7, table.FaultNanoseconds(disk, counters));
        Assert.Equal(5 + 7, table.MajorFaultNanoseconds(disk, zeromap: false, zswap: false));
    }

    // Least times of whole steps when the defaults were measured: two runs of 20 passes each differed by up to 8%.
    [Fact]
    public void Defaults_AddUpToTheStepsTheyWereMeasuredBy()
    {
        Near(728, new Counters { MinorFaults = 1, NewFrames = 1 });
        Near(1022, new Counters { MinorFaults = 1, NewFrames = 1, CopyOnWrites = 1 });
        Near(1240, new Counters { ZeroSwapOuts = 1, ZeroFilledSwapOuts = 1, ReclaimedEntries = 1 });
        Near(1111, new Counters { MajorFaults = 1, ZeroSwapIns = 1, ZeroFilledSwapIns = 1 });
        Near(2278, new Counters { SwapOuts = 1, ReclaimedEntries = 1 });
        Near(1820, new Counters { MajorFaults = 1, SwapIns = 1 });

        static void Near(double measured, Counters counters) =>
            Assert.InRange(CostTable.Default.CpuNanoseconds(Mechanism.Linux612, Zram, counters), measured * 0.98, measured * 1.02);
    }

    private static Operation Map(uint process) => new(OperationKind.Map, process, 16, 1);

    private static Operation Read(uint process) => new(OperationKind.Read, process, 16, 1);

    private static Operation Write(uint process, PageContent content = PageContent.Data) => new(OperationKind.Write, process, 16, 1, content, 2000);

    private static Operation PageOut(uint process) => new(OperationKind.PageOut, process, 16, 1);

    private static long Cpu(Mechanism mechanism, NodeSettings settings, Operation[] operations)
    {
        var simulator = new Simulator([new Simulator.Lane(mechanism)], settings);
        foreach (var operation in operations)
            simulator.Apply(operation);
        return Table.CpuNanoseconds(mechanism, settings, simulator.Counters(0));
    }
}
