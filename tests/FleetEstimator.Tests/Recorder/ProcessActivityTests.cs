using FleetEstimator.Recorder;
using FleetEstimator.Tests.Recorder.Sources;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

public sealed class ProcessActivityTests : IDisposable
{
    private readonly MadeUpKernel _machine = new();
    private readonly ProcessActivity _activity;

    public ProcessActivityTests()
    {
        LinuxOnly.Require();
        _activity = new ProcessActivity(_machine.Kernel);
        _machine.Write("/proc/7/statm", "100 50 10 1 0 40 0\n");
        _machine.Write("/proc/7/schedstat", "123456 789 10\n");
        _machine.Write("/proc/7/task/7/schedstat", "123456 789 10\n");
        _machine.Write("/proc/7/task/8/schedstat", "5 6 7\n");
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void IsTheSame_WhileTheProcessSleeps(int threads) => Assert.Equal(Digest(threads), Digest(threads));

    [Theory]
    [InlineData("/proc/7/schedstat", "123457 789 11", 1)]
    // It got a processor, and the kernel has not yet charged it for it.
    [InlineData("/proc/7/schedstat", "123456 789 11", 1)]
    [InlineData("/proc/7/statm", "100 49 10 1 0 40 0", 1)]
    [InlineData("/proc/7/task/8/schedstat", "6 6 8", 2)]
    [InlineData("/proc/7/task/9/schedstat", "1 1 1", 2)]
    public void IsAnotherOne_AfterAThreadHasRunOrPagesCameOrWent(string path, string now, int threads)
    {
        var before = Digest(threads);
        _machine.Write(path, now + "\n");

        Assert.NotNull(before);
        Assert.NotEqual(before, Digest(threads));
    }

    [Fact]
    public void IsNotKnown_WhereTheKernelDoesNotCount()
    {
        _machine.Write("/proc/7/schedstat", "0 0 0\n");
        Assert.Null(Digest(1));
        File.Delete(_machine.PathOf("/proc/7/schedstat"));
        Assert.Null(Digest(1));
        Assert.Null(_activity.Digest(new ProcessStat(9, 1, 1, false, false, false, default)));
    }

    private ulong? Digest(int threads) => _activity.Digest(new ProcessStat(7, 1, 1, false, false, false, default, threads));
}
