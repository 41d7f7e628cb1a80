using FleetEstimator.Recorder;
using FleetEstimator.Tests.Traces;
using Xunit;

namespace FleetEstimator.Tests.Recorder.Sources;

/// <summary>DAMON's administration on a made-up sysfs. The kernel itself is tried by .ci/qemu/idle-page.</summary>
public sealed class DamonTests : IDisposable
{
    private const string Threads = "/sys/kernel/mm/damon/admin/kdamonds";
    private const string Context = Threads + "/0/contexts/0";

    private readonly MadeUpKernel _machine = new();
    private readonly TemporaryFolder _journal = new();

    public DamonTests() => LinuxOnly.Require();

    public void Dispose()
    {
        _machine.Dispose();
        _journal.Dispose();
    }

    [Fact]
    public void IsNotThere_WithoutItsFolders()
    {
        Assert.Contains("no DAMON", DamonSysfs.Check(_machine.Kernel).WhyNot!, StringComparison.Ordinal);
        _machine.Write("/sys/kernel/mm/damon/x", "");
        Assert.Contains("sysfs", DamonSysfs.Check(_machine.Kernel).WhyNot!, StringComparison.Ordinal);
    }

    [Fact]
    public void IsNotThere_BeforeTheKernelReportsRegions()
    {
        MakeSysfs();
        _machine.Write("/proc/sys/kernel/osrelease", "6.1.0-50-amd64\n");

        Assert.Contains("6.1", DamonSysfs.Check(_machine.Kernel).WhyNot!, StringComparison.Ordinal);
    }

    [Fact]
    public void IsSomebodyElses_WhileItRuns()
    {
        MakeSysfs();
        Assert.True(DamonSysfs.Check(_machine.Kernel).IsAvailable);

        _machine.Write($"{Threads}/nr_kdamonds", "1\n");
        _machine.Write($"{Threads}/0/state", "on\n");
        Assert.Contains("Another program", DamonSysfs.Check(_machine.Kernel).WhyNot!, StringComparison.Ordinal);
    }

    [Fact]
    public void SetsUpOneTargetAndOneSchemeForEachProcess_AndTakesAllBack()
    {
        MakeSysfs(targets: 2);

        using (var damon = DamonSysfs.Take(_machine.Kernel, _journal.Path))
        {
            damon.TurnOn("vaddr", [11, 12], [], new DamonTiming(100_000, 2_000_000, 1000));

            Assert.Equal("vaddr", _machine.Read($"{Context}/operations"));
            Assert.Equal("2000000", _machine.Read($"{Context}/monitoring_attrs/intervals/aggr_us"));
            Assert.Equal("12", _machine.Read($"{Context}/targets/1/pid_target"));
            Assert.Equal("stat", _machine.Read($"{Context}/schemes/1/action"));
            Assert.Equal("1", _machine.Read($"{Context}/schemes/1/filters/0/damon_target_idx"));
            Assert.Equal("N", _machine.Read($"{Context}/schemes/1/filters/0/matching"));
            Assert.True(damon.IsOn);
            Assert.Contains("77", File.ReadAllText(_journal["journal"]), StringComparison.Ordinal);
        }

        Assert.Equal("off", _machine.Read($"{Threads}/0/state"));
        Assert.Equal("0", _machine.Read($"{Threads}/nr_kdamonds"));
        Assert.False(File.Exists(_journal["journal"]));
    }

    [Fact]
    public void MonitorsTheMemoryOfTheMachine()
    {
        MakeSysfs();
        using var damon = DamonSysfs.Take(_machine.Kernel, _journal.Path);

        damon.TurnOn("paddr", [], [(4096, 8192)], new DamonTiming(100_000, 2_000_000, 1000));

        Assert.Equal("4096", _machine.Read($"{Context}/targets/0/regions/0/start"));
        Assert.Equal("8192", _machine.Read($"{Context}/targets/0/regions/0/end"));
    }

    [Fact]
    public void OneRecordingAtATimeHasIt()
    {
        MakeSysfs();
        using var damon = DamonSysfs.Take(_machine.Kernel, _journal.Path);

        var refused = Assert.Throws<RecordingException>(() => DamonSysfs.Take(_machine.Kernel, _journal.Path));
        Assert.Contains("--source content", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("77", "off", "0")]
    // Another program started its own since: the kernel thread is not ours.
    [InlineData("78", "on", "1")]
    public void WhatAKilledRecordingLeftIsTakenBack_AndNothingElse(string ours, string stateAfter, string threadsAfter)
    {
        MakeSysfs();
        _machine.Write($"{Threads}/nr_kdamonds", "1");
        _machine.Write($"{Threads}/0/state", "on");
        File.WriteAllText(_journal["journal"], $"EndDamon\t{_machine.PathOf(Threads)}\t{ours}\n");

        DamonSysfs.CleanUp(_journal.Path);

        Assert.Equal(stateAfter, _machine.Read($"{Threads}/0/state"));
        Assert.Equal(threadsAfter, _machine.Read($"{Threads}/nr_kdamonds"));
        Assert.False(File.Exists(_journal["journal"]));
    }

    [Fact]
    public void ReadsTheRegionsOfEveryTarget_InOrder()
    {
        MakeSysfs(targets: 2);
        using var damon = DamonSysfs.Take(_machine.Kernel, _journal.Path);
        damon.TurnOn("vaddr", [11, 12], [], new DamonTiming(100_000, 2_000_000, 1000));
        Region(0, 0, 40960, 81920, 3);
        Region(0, 1, 4096, 8192, 20);
        Region(1, 0, 0, 4096, 1);

        var regions = damon.ReadRegions(2);

        Assert.Equal([new DamonRegion(4096, 8192, 20), new DamonRegion(40960, 81920, 3)], regions[0]);
        Assert.Equal([new DamonRegion(0, 4096, 1)], regions[1]);
        Assert.Equal(20, DamonSource.Accesses(regions[0], 4096));
        Assert.Equal(20, DamonSource.Accesses(regions[0], 8191));
        Assert.Equal(0, DamonSource.Accesses(regions[0], 8192));
        Assert.Equal(3, DamonSource.Accesses(regions[0], 81919));
        Assert.Equal(0, DamonSource.Accesses(regions[0], 0));
        Assert.Equal(0, DamonSource.Accesses([], 4096));
    }

    [Fact]
    public void MemoryIsWhatTheMapOfAddressesCallsSystemRam() => Assert.Equal(
        [(0x1000UL, 0xa0000UL), (0x100000UL, 0xc0000000UL)],
        DamonSource.SystemMemory(
        [
            "00000000-00000fff : Reserved", "00001000-0009ffff : System RAM", "000a0000-000fffff : Reserved", "00100000-bfffffff : System RAM",
            "  01000000-01ffffff : Kernel code", "fee00000-fee00fff : Local APIC", "00000000-00000000 : System RAM",
        ]));

    [Fact]
    public void AggregatesFromScanToScan_In20Samples_AndNotForLong()
    {
        Assert.Equal(DamonTiming.For(TimeSpan.FromSeconds(2)), DamonTiming.For(TimeSpan.FromMinutes(1)));
        Assert.Equal(new DamonTiming(100_000, 2_000_000, 1000), DamonTiming.For(TimeSpan.FromSeconds(2)));
        Assert.Equal(20, DamonTiming.For(TimeSpan.FromMilliseconds(1)).Samples);
    }

    private void MakeSysfs(int targets = 1)
    {
        _machine.Write($"{Threads}/nr_kdamonds", "0");
        _machine.Write($"{Threads}/0/state", "off");
        _machine.Write($"{Threads}/0/pid", "77");
        _machine.Write($"{Context}/avail_operations", "vaddr\npaddr\n");
        foreach (var folder in (string[])["monitoring_attrs/intervals", "monitoring_attrs/nr_regions", "targets", "schemes"])
            _ = Directory.CreateDirectory(_machine.PathOf($"{Context}/{folder}"));
        for (var target = 0; target < targets; target++)
        {
            _ = Directory.CreateDirectory(_machine.PathOf($"{Context}/targets/{target}/regions/0"));
            foreach (var folder in (string[])["sz", "nr_accesses", "age"])
                _ = Directory.CreateDirectory(_machine.PathOf($"{Context}/schemes/{target}/access_pattern/{folder}"));
            _ = Directory.CreateDirectory(_machine.PathOf($"{Context}/schemes/{target}/filters/0"));
            _ = Directory.CreateDirectory(_machine.PathOf($"{Context}/schemes/{target}/tried_regions"));
        }
    }

    private void Region(int target, int number, ulong start, ulong end, int accesses)
    {
        var folder = $"{Context}/schemes/{target}/tried_regions/{number}";
        _machine.Write($"{folder}/start", $"{start}\n");
        _machine.Write($"{folder}/end", $"{end}\n");
        _machine.Write($"{folder}/nr_accesses", $"{accesses}\n");
    }
}
