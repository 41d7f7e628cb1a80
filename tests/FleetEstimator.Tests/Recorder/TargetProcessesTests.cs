using System.Diagnostics;
using FleetEstimator.Recorder;
using FleetEstimator.Tests.Traces;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

public sealed class TargetProcessesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Process _sleeper;

    public TargetProcessesTests()
    {
        LinuxOnly.Require();
        _sleeper = Process.Start("sleep", "600");
    }

    public void Dispose()
    {
        _sleeper.Kill();
        _sleeper.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void TheWholeNodeIsEveryProcessButThisOne_WithoutKernelThreads()
    {
        var found = Find(new RecordingTarget.Node());

        Assert.Contains(_sleeper.Id, found);
        Assert.DoesNotContain(Environment.ProcessId, found);
        Assert.All(found, pid => Assert.False(ProcessStat.Read(new ProcFile(), pid)?.IsKernelThread ?? false));
    }

    [Fact]
    public void ACgroupIsItsMembersAndThoseBelow_EachOnce()
    {
        _ = Directory.CreateDirectory(_folder["below"]);
        File.WriteAllText(_folder["cgroup.procs"], $"{_sleeper.Id}\n");
        // In version 1 the threads of one process can be in several groups.
        File.WriteAllText(Path.Combine(_folder["below"], "cgroup.procs"), $"{_sleeper.Id}\n0\n{Environment.ProcessId}\n");

        Assert.Equal([_sleeper.Id], Find(new RecordingTarget.Cgroup(_folder.Path)));
    }

    [Fact]
    public void AThreadedCgroupBelowIsPassedOver_ItsProcessesAreListedAbove()
    {
        _ = Directory.CreateDirectory(_folder["below"]);
        File.WriteAllText(_folder["cgroup.procs"], $"{_sleeper.Id}\n");
        File.WriteAllText(Path.Combine(_folder["below"], "cgroup.type"), "threaded\n");

        Assert.Equal([_sleeper.Id], Find(new RecordingTarget.Cgroup(_folder.Path)));
    }

    [Fact]
    public void AThreadedCgroupAskedForIsTheProcessesOfItsThreads()
    {
        File.WriteAllText(_folder["cgroup.type"], "threaded\n");
        File.WriteAllText(_folder["cgroup.procs"], "");
        File.WriteAllText(_folder["cgroup.threads"], $"{_sleeper.Id}\n");

        Assert.Equal([_sleeper.Id], Find(new RecordingTarget.Cgroup(_folder.Path)));
    }

    private static List<int> Find(RecordingTarget target)
    {
        var found = new List<ProcessStat>();
        TargetProcesses.Open(target).Find(found);
        return [.. found.Select(process => process.Pid)];
    }
}
