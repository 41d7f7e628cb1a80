using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Paging;

/// <summary>The words that hold links and LRU state, in their narrow and their wide form.</summary>
public class FrameLinksTests
{
    private const int Pages = 1_000;
    private const int NodesThatNeedWideWords = 1 << 26;

    [Fact]
    public void Widening_KeepsListsStatesAndWhatIsRememberedOfPages()
    {
        var links = new FrameLinks(lanes: 3, groups: 1);
        var lists = Enumerable.Range(0, 3).Select(links.ListsOf).ToArray();
        foreach (var list in lists)
            list.EnsureCapacity(Pages, list.Heads + 2);
        for (var lane = 0; lane < lists.Length; lane++)
        {
            var list = lists[lane];
            for (var page = lane; page < Pages - 2; page += 3)
                list.AddHead(page % 2, page, (uint)page % 16);
            list.AddHead(0, ~(list.Heads + 1), 5);
            list.SetShadow(Pages - 2, 0x123456);
            list.SetSharedNode(Pages - 1, ~(list.Heads + 1));
        }

        var before = lists.Select(Contents).ToList();
        lists[1].EnsureCapacity(Pages, NodesThatNeedWideWords);

        Assert.Equal(before, lists.Select(Contents));
    }

    [Fact]
    public void TailOfAList_MovesInOrder_AndLeavesTheRest()
    {
        var lists = new FrameLinks(lanes: 1, groups: 1).ListsOf(0);
        lists.EnsureCapacity(Pages, lists.Heads);
        foreach (var page in (int[])[0, 1, 2, 3, 4])
            lists.AddHead(0, page, 0);

        lists.MoveTail(0, 2, 1);

        Assert.Equal([0, 1, 2], lists.FromTail(1));
        Assert.Equal([3, 4], lists.FromTail(0));
        lists.MoveHead(0, 1, 7);
        Assert.Equal([0, 2], lists.FromTail(1));
        Assert.Equal([3, 4, 1], lists.FromTail(0));
        Assert.Equal(7u, lists.StateOf(1));
    }

    [Fact]
    public void Node_BeyondWhatWideWordsHold_IsRefused()
    {
        var lists = new FrameLinks(lanes: 1, groups: 1).ListsOf(0);
        Assert.Contains("2 TiB", Assert.Throws<NotSupportedException>(() => lists.EnsureCapacity(Pages, int.MaxValue)).Message, StringComparison.Ordinal);
    }

    private static string Contents(FrameLists lists) => string.Join(' ', Enumerable.Range(0, 2).SelectMany(lists.FromTail).Select(node => $"{node}:{lists.StateOf(node)}"))
        + $" {lists.ShadowOf(Pages - 2)} {lists.SharedNodeOf(Pages - 1)}";
}
