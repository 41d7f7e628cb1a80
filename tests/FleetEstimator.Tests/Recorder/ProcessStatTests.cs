using System.Text;
using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

public sealed class ProcessStatTests
{
    private const string Rest =
        "1200 4242 4242 34816 4242 4194368 151 0 0 0 1 2 0 0 20 0 1 0 987654 8192000 512 18446744073709551615 94000000000000 94000000100000 140720000000000"
        + " 0 0 0 0 4096 81922 0 0 0 17 1 0 0 0 0 0 94000000200000 94000000300000 94000001000000 140720000001000 140720000001100 140720000001100 140720000001200 0\n";

    [Theory]
    [InlineData("redis-server")]
    [InlineData("tmux: server (1)")]
    [InlineData(") S 1 (")]
    [InlineData("")]
    public void ReadsTheFields_WhateverTheCommandIsCalled(string command)
    {
        var stat = ProcessStat.Parse(Encoding.UTF8.GetBytes($"4242 ({command}) S {Rest}"));

        Assert.Equal(4242, stat.Pid);
        Assert.Equal(1200, stat.Parent);
        Assert.Equal(987654UL, stat.StartTicks);
        Assert.False(stat.HasEnded);
        Assert.False(stat.IsKernelThread);
        Assert.True(stat.ForkedWithoutExec);
        Assert.Equal(new MemoryLayout(94000000000000, 140720000000000, 94000001000000), stat.Layout);
    }

    [Fact]
    public void KnowsAZombie() => Assert.True(ProcessStat.Parse(Encoding.UTF8.GetBytes($"4242 (a) Z {Rest}")).HasEnded);

    [Theory]
    [InlineData("")]
    [InlineData("4242 a S 1")]
    [InlineData("4242 (a) S 1 2 3")]
    public void RefusesALineThatIsTooShort(string line) =>
        _ = Assert.Throws<FormatException>(() => ProcessStat.Parse(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void FindsThisProcess()
    {
        LinuxOnly.Require();
        var stat = ProcessStat.Read(new ProcFile(), Environment.ProcessId);

        Assert.NotNull(stat);
        Assert.Equal(Environment.ProcessId, stat.Value.Pid);
        Assert.False(stat.Value.HasEnded);
        Assert.InRange(stat.Value.StartTicks, 1UL, LinuxMachine.BootTicks);
    }
}
