using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using FleetEstimator.Recorder.Calibration;
using Xunit;

namespace FleetEstimator.Tests.Recorder.Calibration;

public sealed class CostDerivationTests
{
    // Made from: fault 300, allocation 200, clearing 100, copy 400, copy on write 250, reclaim 50 + 80, walk 170, checks 150 and 10,
    // slot 700 and 350, zram 500 and 450, compression 600, decompression 420, zswap 550 and 300.
    private static readonly Dictionary<PageStep, double> Steps = new()
    {
        [PageStep.FirstLoad] = 300,
        [PageStep.HugeFirstStore] = 100 + 300 / 512.0,
        [PageStep.FirstStore] = 600,
        [PageStep.ZeroPageStore] = 850,
        [PageStep.FilePageStore] = 1150,
        [PageStep.Cold] = 50,
        [PageStep.DontNeed] = 80,
        [PageStep.LazilyFreedOut] = 300,
        [PageStep.CheckZeros] = 150,
        [PageStep.CheckData] = 10,
        [PageStep.ZerosOut] = 130 + 170 + 150 + 700,
        [PageStep.ZerosIn] = 300 + 200 + 100 + 350,
        [PageStep.RepeatedOut] = 130 + 170 + 10 + 700 + 500,
        [PageStep.RepeatedIn] = 300 + 200 + 350 + 450,
        [PageStep.HalfOut] = 130 + 170 + 10 + 700 + 500 + 600,
        [PageStep.HalfIn] = 300 + 200 + 350 + 450 + 420,
        [PageStep.ZswapOut] = 130 + 170 + 10 + 700 + 550 + 600,
        [PageStep.ZswapIn] = 300 + 200 + 350 + 300 + 420,
    };

    [Fact]
    public void SyntheticTimings_GiveBackTheCostsTheyAreMadeOf()
    {
        var table = Derive(Steps);

        Assert.Equal(
            [300, 200, 100, 400, 250, 130, 170, 150, 10, 700, 350, 600, 420, 500, 450, 550, 300],
            Cost.All.Take(17).Select(cost => cost.Of(table)));
        Assert.All(Cost.All.Skip(17), cost => Assert.True(cost.IsDefaultIn(table)));
        Assert.All(Cost.All.Take(17), cost => Assert.StartsWith("a test: ", cost.SourceIn(table), StringComparison.Ordinal));
    }

    [Fact]
    public void DerivedCosts_GiveBackTheTimesOfWholeSteps()
    {
        var table = Derive(Steps);
        var zram = new NodeSettings { SwapDevice = SwapDevice.Zram };

        Assert.Equal(2110, table.CpuNanoseconds(Mechanism.Linux612, zram, new Counters { SwapOuts = 1, ReclaimedEntries = 1 }));
        Assert.Equal(1720, table.CpuNanoseconds(Mechanism.Linux612, zram, new Counters { SwapIns = 1, MajorFaults = 1 }));
        Assert.Equal(1150, table.CpuNanoseconds(Mechanism.Linux612, zram, new Counters { ZeroSwapOuts = 1, ZeroFilledSwapOuts = 1, ReclaimedEntries = 1 }));
    }

    [Fact]
    public void WithoutTheZeromap_WhatZerosWouldTell_KeepsItsDefault()
    {
        var table = Derive(Steps.Where(step => step.Key is not (PageStep.ZerosOut or PageStep.ZerosIn)));

        Assert.Equal(
            ["slot_allocation", "slot_release", "zram_write", "zram_read", "zswap_store", "zswap_load"],
            Cost.All.Take(17).Where(cost => cost.IsDefaultIn(table)).Select(cost => cost.Key));
        Assert.Equal(600, table.Compression);
    }

    [Fact]
    public void DifferenceBelowTheNoise_IsZero()
    {
        var table = Derive(Steps.Select(step => step.Key == PageStep.ZeroPageStore ? new(step.Key, 590) : step));

        Assert.Equal(0, table.CopyOnWrite);
        Assert.False(Cost.Find("copy_on_write")!.IsDefaultIn(table));
    }

    [Theory]
    [InlineData(true, "disk")]
    [InlineData(false, "ssd")]
    public void DirectTransfers_TellOfTheKindOfDiskTheyWereMadeOn(bool rotating, string disk)
    {
        var timings = new[] { (PageStep.DirectWriteCpu, 4000.0), (PageStep.DirectReadCpu, 3000), (PageStep.DirectRead, 90_000) };
        var table = CostDerivation.Derive(timings.ToDictionary(step => step.Item1, step => StepTiming.Of([step.Item2])), rotating, "a test");

        Assert.Equal([$"{disk}_write", $"{disk}_read", $"{disk}_read_latency"], Cost.All.Where(cost => !cost.IsDefaultIn(table)).Select(cost => cost.Key));
        Assert.Equal([4000, 3000, 87_000], Cost.All.Where(cost => !cost.IsDefaultIn(table)).Select(cost => cost.Of(table)));
    }

    [Fact]
    public void DerivedTable_SurvivesItsFile()
    {
        var table = Derive(Steps);
        var read = CostReader.Read(CostReader.Write(table, ["a test"]), "costs.yaml");

        Assert.All(Cost.All, cost => Assert.Equal((cost.Of(table), cost.SourceIn(table)), (cost.Of(read), cost.SourceIn(read))));
    }

    private static CostTable Derive(IEnumerable<KeyValuePair<PageStep, double>> steps) =>
        CostDerivation.Derive(steps.ToDictionary(step => step.Key, step => StepTiming.Of([step.Value * 2, step.Value, step.Value * 3])), rotating: false, "a test");
}
