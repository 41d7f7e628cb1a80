using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public sealed class MemoryGroupTests
{
    [Fact]
    public void GroupLimit_ReclaimsFromTheGroupAlone()
    {
        var node = TwoGroups();
        node.Simulator.SetGroupLimit(1, 1_000);

        node.Write(0, 0, 2_000).Write(1, 0, 2_000);

        Assert.Equal(2_000, node.Resident(0, 2_000));
        Assert.InRange(node.Resident(1, 2_000), 500, 1_000);
    }

    [Theory]
    [InlineData("linux-6.1", true)]
    [InlineData("linux-6.12", false)]
    public void RequestThatOneGroupMeets_GoesThroughAllOfThemOn61Only(string mechanism, bool all)
    {
        var node = new NodeUnderTest(new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = 100_000, Groups = 2, Lru = LruKind.Classic }, Mechanism.Find(mechanism)!);
        node.Simulator.Assign(1, group: 1);
        node.Write(0, 0, 2_000).Write(1, 0, 2_000).Reclaim(1);

        var before = (node.Resident(0, 2_000), node.Resident(1, 2_000));
        node.Reclaim(32);

        Assert.Equal((true, all), (node.Resident(0, 2_000) + node.Resident(1, 2_000) < before.Item1 + before.Item2,
            node.Resident(0, 2_000) < before.Item1 && node.Resident(1, 2_000) < before.Item2));
    }

    [Fact]
    public void ProcessWithoutMemory_MayFork_AndItsNumberStaysFree()
    {
        var node = new Simulator([new(Mechanism.Linux612)], new NodeSettings());
        node.Apply(new Operation(OperationKind.Fork, 3, 4, 1));
        node.Apply(new Operation(OperationKind.Fork, 1, 3, 1));
        node.Apply(new Operation(OperationKind.Map, 3, 0, 2));
        node.Apply(new Operation(OperationKind.Write, 3, 0, 2));
        Assert.Equal(2, node.State(0).MappedFrames);
        node.Audit();
    }

    [Fact]
    public void ForkedProcess_IsChargedToTheGroupOfItsParent()
    {
        var node = TwoGroups();
        node.Simulator.SetGroupLimit(1, 1_000);
        node.Write(1, 0, 10);
        node.Simulator.Apply(new Operation(OperationKind.Fork, 1, 5, 1));

        node.Simulator.Apply(new Operation(OperationKind.Write, 5, 0, 2_000, PageContent.Data));

        node.Simulator.Audit();
        Assert.InRange(node.Resident(1, 2_000) + node.Resident(5, 2_000), 500, 1_010);
    }

    [Fact]
    public void ProcessThatComesAgain_BelongsToItsGroupAgain()
    {
        var node = TwoGroups();
        node.Simulator.SetGroupLimit(1, 1_000);
        node.Write(1, 0, 10);
        node.Simulator.Apply(new Operation(OperationKind.Exit, 1, 0, 1));

        node.Simulator.Apply(new Operation(OperationKind.Map, 1, 0, 2_000));
        node.Write(1, 0, 2_000);

        Assert.InRange(node.Resident(1, 2_000), 500, 1_000);
    }

    [Fact]
    public void LimitOfTheNode_ReclaimsFromEveryGroup()
    {
        var node = TwoGroups();
        node.Write(0, 0, 2_000).Write(1, 0, 2_000);

        node.Limit(2_000);

        Assert.InRange(node.Resident(0, 2_000) + node.Resident(1, 2_000), 500, 2_000);
        Assert.True(node.Resident(0, 2_000) < 2_000, "nothing was reclaimed from group 0");
        Assert.True(node.Resident(1, 2_000) < 2_000, "nothing was reclaimed from group 1");
    }

    [Fact]
    public void SwapThatIsFull_CountsOutOfMemory_AndLosesNothing()
    {
        var node = new NodeUnderTest(new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = 100 }, Mechanism.Linux612);

        node.Limit(1_000).Write(0, 0, 1_500);

        // get_swappiness: with fewer than 64 slots left the multi-generational LRU leaves anonymous memory alone, so the last 36 of 100 stay free.
        Assert.Equal(436, node.Counters.OutOfMemoryPages);
        Assert.Equal((1_436, 64), (node.Resident(0, 1_500), node.Pages(0, 0, 1_500).Count(letter => letter == 'S')));
    }

    private static NodeUnderTest TwoGroups()
    {
        var node = new NodeUnderTest(new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = 100_000, Groups = 2 }, Mechanism.Linux612);
        node.Simulator.Assign(1, group: 1);
        return node;
    }
}
