using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public sealed class ProactiveReclaimTests
{
    private static readonly ProactiveReclaim OnePercentASecond = new() { IntervalMicroseconds = 1_000_000, Ratio = 0.01 };

    [Fact]
    public void IdleMemory_IsReclaimedByTheRatioEveryInterval()
    {
        var node = Node(OnePercentASecond).Write(0, 0, 10_000);

        node.Pass(60_000_000);

        // Reclaim takes batches of 64, and so up to 63 more than it is asked for; at first it only clears accessed bits.
        var (asked, taken) = (10_000 * Math.Pow(0.99, 60), 10_000 * Math.Pow(0.99 - 0.0064, 60));
        Assert.InRange(node.State.MappedFrames, taken, asked * 1.05);
    }

    [Fact]
    public void BeforeTheFirstInterval_NothingIsReclaimed()
    {
        var node = Node(OnePercentASecond).Write(0, 0, 10_000).Pass(999_999);

        Assert.Equal(10_000, node.State.MappedFrames);
    }

    [Fact]
    public void PressureAboveTheTarget_StopsReclaim()
    {
        var patient = Thrash(OnePercentASecond with { Pressure = 1 });
        var careful = Thrash(OnePercentASecond with { Pressure = 1e-6 });

        // Every interval in which something was read back is followed by one in which nothing is asked for.
        Assert.True(patient.Counters.SwapOuts > 5_000, $"{patient.Counters.SwapOuts} pages");
        Assert.InRange(careful.Counters.SwapOuts, 1, patient.Counters.SwapOuts / 2);
    }

    [Fact]
    public void GroupsUnderPressure_AreSpared_WhileOthersAreNot()
    {
        var node = new NodeUnderTest(Settings(OnePercentASecond with { Pressure = 1e-6 }) with { Groups = 2 }, Mechanism.Linux612);
        node.Simulator.Assign(1, group: 1);
        node.Write(0, 0, 10_000).Write(1, 0, 10_000);

        for (var second = 0; second < 120; second++)
            node.Read(1, 0, 10_000).Pass(1_000_000);

        Assert.True(node.Resident(0, 10_000) < 5_000, $"{node.Resident(0, 10_000)} pages of the idle group are left");
        Assert.True(node.Resident(1, 10_000) > 9_000, $"{node.Resident(1, 10_000)} pages of the busy group are left");
    }

    [Fact]
    public void SmallGroups_AreAskedSeldomRatherThanTooMuch()
    {
        // 1% of 100 pages is one a second; reclaim takes 32 at least, so the first request comes after half a minute.
        var node = Node(OnePercentASecond).Write(0, 0, 100);

        Assert.Equal(100, node.Pass(31_000_000).State.MappedFrames);
        Assert.True(node.Pass(60_000_000).State.MappedFrames < 100);
    }

    private static NodeUnderTest Thrash(ProactiveReclaim policy)
    {
        var node = Node(policy).Write(0, 0, 10_000);
        for (var second = 0; second < 100; second++)
            node.Pass(1_000_000).Read(0, 0, 10_000);
        return node;
    }

    private static NodeUnderTest Node(ProactiveReclaim policy) => new(Settings(policy), Mechanism.Linux612);

    private static NodeSettings Settings(ProactiveReclaim policy) => new() { SwapDevice = SwapDevice.Zram, SwapPages = 100_000, Proactive = policy };
}
