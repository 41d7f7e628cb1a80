using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

public class RotatingDiskTests
{
    private const ulong FirstPage = 4096;

    [Fact]
    public void ReadAhead_BringsWhatLiesBesideOnTheDisk_OfWhateverProcess()
    {
        var node = SwappedOut(processes: 2, pages: 4, Mechanism.Linux612);
        Assert.Equal("SSSS", node.PageTable(0, 1, FirstPage, 4));

        // Slots 1 to 4 are process 1's, 5 to 8 process 2's: the block around slot 2 is 1 to 7.
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage + 1, 1));
        Assert.Equal("cCcc", node.PageTable(0, 1, FirstPage, 4));
        Assert.Equal("cccS", node.PageTable(0, 2, FirstPage, 4));
        Assert.Equal((1, 7, 6), (node.Counters(0).MajorFaults, node.Counters(0).SwapIns, node.Counters(0).ReadAheads));
        node.Audit();
    }

    [Fact]
    public void PageReadAhead_IsAMinorFaultAndAHit_OnceOnly()
    {
        var node = SwappedOut(processes: 2, pages: 4, Mechanism.Linux612);
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage + 1, 1));
        var before = node.Counters(0);
        node.Apply(new Operation(OperationKind.Read, 2, FirstPage, 3));
        node.Apply(new Operation(OperationKind.Read, 2, FirstPage, 3));
        var change = node.Counters(0).Since(before);
        Assert.Equal((3, 0, 0, 3), (change.MinorFaults, change.MajorFaults, change.SwapIns, change.ReadAheadHits));
    }

    [Fact]
    public void SolidStateDisk_ReadsAheadByAddress()
    {
        var node = SwappedOut(processes: 2, pages: 4, Mechanism.Linux612, SwapDevice.Ssd);
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage + 1, 1));
        Assert.Equal("cCcc", node.PageTable(0, 1, FirstPage, 4));
        Assert.Equal("SSSS", node.PageTable(0, 2, FirstPage, 4));
    }

    [Fact]
    public void SlotThatWasFreed_IsNotRead()
    {
        var node = SwappedOut(processes: 2, pages: 4, Mechanism.Linux612);
        node.Apply(new Operation(OperationKind.Discard, 2, FirstPage, 2));
        node.Apply(new Operation(OperationKind.Read, 1, FirstPage, 1));
        Assert.Equal("..cS", node.PageTable(0, 2, FirstPage, 4));
        Assert.Equal(5, node.Counters(0).SwapIns);
        node.Audit();
    }

    [Fact]
    public void ReadAheadThatSparesZeros_LeavesThemOnTheDisk()
    {
        var node = SwappedOut(processes: 2, pages: 4, Mechanism.ZeroPfnSwapInReadAhead, content: PageContent.Zero);
        node.Apply(new Operation(OperationKind.Write, 1, FirstPage + 1, 1, PageContent.Data));
        Assert.Equal("SPSS", node.PageTable(0, 1, FirstPage, 4));
        Assert.Equal(0, node.Counters(0).ReadAheads);
    }

    [Fact]
    public void LargeFolio_IsSplitBeforeItGoesOut()
    {
        var node = Node(Mechanism.Linux612, SwapDevice.Disk, HugePages.Always);
        node.Apply(new Operation(OperationKind.Map, 1, 512, 512));
        node.Apply(new Operation(OperationKind.Write, 1, 512, 512, PageContent.Data));
        node.Apply(new Operation(OperationKind.PageOut, 1, 512, 512));
        Assert.Equal((1, 0, 512), (node.Counters(0).HugeSwapOutFallbacks, node.Counters(0).HugeSwapOuts, node.Counters(0).SwapOuts));
        node.Audit();
    }

    private static Simulator Node(Mechanism mechanism, SwapDevice device, HugePages huge = HugePages.Never) =>
        new([new Simulator.Lane(mechanism)], new NodeSettings { SwapDevice = device, SwapPages = 8191, PageCluster = 3, HugePages2M = huge });

    /// <summary>A node whose processes 1, 2 … have all their pages swapped out, in this order, and written.</summary>
    private static Simulator SwappedOut(uint processes, uint pages, Mechanism mechanism, SwapDevice device = SwapDevice.Disk, PageContent content = PageContent.Data)
    {
        var node = Node(mechanism, device);
        for (var process = 1u; process <= processes; process++)
        {
            node.Apply(new Operation(OperationKind.Map, process, FirstPage, pages));
            node.Apply(new Operation(OperationKind.Write, process, FirstPage, pages, content));
            node.Apply(new Operation(OperationKind.PageOut, process, FirstPage, pages));
        }

        node.Apply(new Operation(OperationKind.Settle, 0, 0, 1));
        node.Apply(new Operation(OperationKind.Reclaim, 0, 0, 1000));
        return node;
    }
}
