using FleetEstimator.Recorder;
using FleetEstimator.Tests.Recorder.Sources;
using Xunit;
using static FleetEstimator.Recorder.FindingState;

namespace FleetEstimator.Tests.Recorder.Doctor;

public sealed class DoctorTests : IDisposable
{
    private readonly MadeUpKernel _machine = new();

    public DoctorTests() => LinuxOnly.Require();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void OnAnEmptyMachineNothingCanBeRecorded_AndItSaysWhatIsMissing()
    {
        var report = Examine();

        Assert.False(report.CanRecord);
        Assert.Null(report.WouldChoose);
        Assert.Equal("6.12.1-test", report.KernelRelease);
        Assert.Equal("CONFIG_PROC_PAGE_MONITOR", Of(report, "page table").Remedy);
        Assert.Equal(No, Of(report, "idle-page").State);
        Assert.Equal(Yes, Of(report, "content").State);
        Assert.Equal(No, Of(report, "cgroup").State);
        Assert.Equal(No, Of(report, "swap").State);
        Assert.All(report.Findings, finding => Assert.NotEmpty(finding.Detail));
        Assert.All(report.Findings.Where(finding => finding.State is No or Partly), finding => Assert.NotEmpty(finding.Remedy!));
    }

    [Fact]
    public void WithTheRealPageTable_ThisProcessCanBeRecorded()
    {
        LinuxOnly.RequirePageMap();
        LinkPageTable();

        var report = Examine();

        Assert.True(report.CanRecord);
        Assert.NotNull(report.WouldChoose);
        Assert.Equal(Yes, Of(report, "page table").State);
        Assert.Equal(Yes, Of(report, "zero page").State);
    }

    [Fact]
    public void IdlePageTrackingIsChosen_WhereTheKernelHasIt()
    {
        LinuxOnly.RequirePageMap();
        LinkPageTable();
        _machine.SetNumber("/sys/kernel/mm/page_idle/bitmap", 0, 0);
        _machine.SetNumber("/proc/kpageflags", 0, 0);
        if (!PageTable.Check(_machine.Kernel).IsAvailable)
            Assert.Skip("Page frame numbers are hidden from this user: run as root.");

        var report = Examine();

        Assert.Equal(Yes, Of(report, "idle-page").State);
        Assert.Equal(PageTable.HasSoftDirtyBits(_machine.Kernel) ? "idle-page+soft-dirty" : "idle-page", report.WouldChoose);
    }

    [Theory]
    [InlineData("CONFIG_IDLE_PAGE_TRACKING=y\n", "(CONFIG_IDLE_PAGE_TRACKING is set in this kernel)")]
    [InlineData("# CONFIG_IDLE_PAGE_TRACKING is not set\n", "(CONFIG_IDLE_PAGE_TRACKING is not set in this kernel)")]
    public void SaysHowTheKernelWasConfigured(string config, string said)
    {
        _machine.Write("/boot/config-6.12.1-test", config);

        Assert.EndsWith(said, Of(Examine(), "idle-page").Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("000001ffffffffff", null, Yes)]
    [InlineData("0000000000000000", null, Partly)]
    [InlineData("0000000000000000", "0", Partly)]
    [InlineData("0000000000000000", "1", Partly)]
    public void SaysWhoseMemoryThisUserMayRead(string capabilities, string? scope, FindingState state)
    {
        _machine.Write("/proc/self/status", $"Name:\tx\nCapEff:\t{capabilities}\nCapBnd:\t0\n");
        if (scope is not null)
            _machine.Write("/proc/sys/kernel/yama/ptrace_scope", scope + "\n");

        var finding = Of(Examine(), "other processes");

        Assert.Equal(state, finding.State);
        Assert.Equal(scope == "1", finding.Detail.Contains("ptrace_scope is 1", StringComparison.Ordinal));
        Assert.Equal(state == Yes ? Yes : No, Of(Examine(), "whole node").State);
    }

    [Fact]
    public void TellsCgroupsByVersionAndController()
    {
        _machine.Write("/proc/self/cgroup", "0::/\n");
        Assert.Contains("no memory controller", Of(Examine(), "cgroup").Detail, StringComparison.Ordinal);
        _ = Directory.CreateDirectory(_machine.PathOf("/sys/fs/cgroup/memory"));
        Assert.Contains("version 1", Of(Examine(), "cgroup").Detail, StringComparison.Ordinal);
        _machine.Write("/sys/fs/cgroup/cgroup.controllers", "cpu io\n");
        Assert.Equal(Partly, Of(Examine(), "cgroup").State);
        _machine.Write("/sys/fs/cgroup/cgroup.controllers", "cpu io memory\n");
        Assert.Equal(Yes, Of(Examine(), "cgroup").State);
    }

    [Fact]
    public void TellsSwapAndItsCounters()
    {
        _machine.Write("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        _machine.Write("/proc/vmstat", "pswpin 1\npswpout 2\n");
        Assert.Equal("no swap is active", Of(Examine(), "swap").Detail);
        Assert.Equal(Partly, Of(Examine(), "counters").State);

        _machine.Write("/proc/swaps", "Filename Type Size Used Priority\n/dev/zram0                              partition\t4194304\t\t0\t\t100\n");
        _machine.Write("/proc/vmstat", "pswpin 1\npswpout 2\nswpin_zero 3\n");
        Assert.Equal("/dev/zram0 (partition, 4.0 GiB, priority 100)", Of(Examine(), "swap").Detail);
        Assert.Equal(Yes, Of(Examine(), "counters").State);
        Assert.Equal(Yes, Of(Examine(), "page-out").State);
    }

    [Fact]
    public void TellsSettings()
    {
        _machine.Write("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
        _machine.Write("/sys/module/zswap/parameters/enabled", "Y\n");
        _machine.Write("/sys/module/zswap/parameters/compressor", "zstd\n");
        _machine.Write("/sys/kernel/mm/lru_gen/enabled", "0x0007\n");
        _machine.Write("/proc/sys/vm/swappiness", "60\n");

        var report = Examine();

        Assert.Equal("madvise", Of(report, "thp").Detail);
        Assert.Equal("on, zstd", Of(report, "zswap").Detail);
        Assert.StartsWith("on", Of(report, "lru_gen").Detail, StringComparison.Ordinal);
        Assert.Equal("60", Of(report, "swappiness").Detail);
    }

    private DoctorReport Examine() => FleetEstimator.Recorder.Doctor.Examine(_machine.Kernel);

    private void LinkPageTable()
    {
        _ = Directory.CreateDirectory(_machine.PathOf("/proc/self"));
        _ = File.CreateSymbolicLink(_machine.PathOf("/proc/self/pagemap"), "/proc/self/pagemap");
    }

    private static Finding Of(DoctorReport report, string name) => Assert.Single(report.Findings, finding => finding.Name == name);
}
