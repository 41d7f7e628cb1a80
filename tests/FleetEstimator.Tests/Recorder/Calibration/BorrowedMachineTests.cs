using System.Diagnostics;
using FleetEstimator.Recorder.Calibration;
using Xunit;

namespace FleetEstimator.Tests.Recorder.Calibration;

/// <summary>What is changed on the machine is taken back, whatever happens to the process that changed it.</summary>
[Collection(LinuxOnly.SwapCollection)]
public sealed class BorrowedMachineTests : IDisposable
{
    private const string PageCluster = "/proc/sys/vm/page-cluster";

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Setting_IsAsBefore_AfterTheMachineIsGivenBack()
    {
        RequireRoot();
        var setting = FileHolding("always [madvise] never");
        using (var machine = BorrowedMachine.Take(_folder, out _))
        {
            machine.Set(setting, "never");
            Assert.Equal("never", File.ReadAllText(setting));
        }

        Assert.Equal("madvise", File.ReadAllText(setting));
        Assert.False(File.Exists(Path.Combine(_folder, "journal")));
    }

    [Fact]
    public void SettingsChangedTwice_GoBackToTheFirst()
    {
        RequireRoot();
        var setting = FileHolding("3");
        using (var machine = BorrowedMachine.Take(_folder, out _))
        {
            machine.Set(setting, "0");
            machine.Set(setting, "5");
        }

        Assert.Equal("3", File.ReadAllText(setting));
    }

    [Fact]
    public void SecondRun_IsRefused_WhileTheFirstHasTheMachine()
    {
        RequireRoot();
        using var machine = BorrowedMachine.Take(_folder, out _);

        Assert.Contains("Another run of this program has it", Assert.Throws<CalibrationException>(() => BorrowedMachine.Take(_folder, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void JournalOfAKilledRun_IsTakenBackByTheNext_NewestFirst()
    {
        RequireRoot();
        var setting = FileHolding("5");
        var file = FileHolding("swap");
        File.WriteAllText(Path.Combine(_folder, "journal"), $"Write\t{setting}\t3\nWrite\t{setting}\t0\nDelete\t{file}\t\nSwapOff\t{file}\t\nDetachLoop\t/dev/loop0\t{file}\n");

        using var machine = BorrowedMachine.Take(_folder, out var restored);

        Assert.Equal(5, restored);
        Assert.Equal("3", File.ReadAllText(setting));
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task KilledCalibration_LeavesNothing_OnceTheNextHasStarted()
    {
        RequireRoot();
        if (!Directory.Exists("/sys/class/zram-control"))
            Assert.Skip("This kernel has no zram; modprobe zram to run this test.");
        var pageCluster = await File.ReadAllTextAsync(PageCluster, TestContext.Current.CancellationToken);
        var swaps = BorrowedMachine.SwapAreas;
        var program = Path.Combine(AppContext.BaseDirectory, "fleet-estimator");
        using var process = Process.Start(new ProcessStartInfo(program, ["calibrate", "--passes", "1000", "--state", _folder]) { UseShellExecute = false, RedirectStandardError = true })!;
        while (BorrowedMachine.SwapAreas.SequenceEqual(swaps) && !process.HasExited)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(137, process.ExitCode);
        var left = Assert.Single(BorrowedMachine.SwapAreas.Except(swaps));

        Assert.NotEqual(0, CostCalibration.Restore(_folder));

        Assert.DoesNotContain(left, BorrowedMachine.SwapAreas);
        Assert.False(File.Exists(left));
        Assert.Equal(pageCluster, await File.ReadAllTextAsync(PageCluster, TestContext.Current.CancellationToken));
        Assert.Equal(0, CostCalibration.Restore(_folder));
    }

    private static void RequireRoot()
    {
        LinuxOnly.Require();
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("Changing the machine needs root.");
    }

    private string FileHolding(string text)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("n"));
        File.WriteAllText(path, text);
        return path;
    }
}
