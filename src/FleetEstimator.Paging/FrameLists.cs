using System.Runtime.CompilerServices;

namespace FleetEstimator.Paging;

/// <summary>
/// Doubly linked lists of frames for reclaim. A frame is named by its node: the index of the page table entry that owns it (0 and up), or,
/// for a frame that fork shares, ~(number of the shared frame). The first <see cref="Heads"/> shared numbers are the list heads, so that a
/// frame can be taken off a list without knowing which.
/// </summary>
internal sealed class FrameLists
{
    /// <summary>Lists of each memory group: those of group g begin at g × this.</summary>
    public const int PerGroup = 8;

    private Link[] _pages = [];
    private Link[] _shared;

    public FrameLists(int groups)
    {
        Heads = HeadsOf(groups);
        _shared = new Link[Heads];
        for (var list = 0; list < Heads; list++)
            LinkOf(~list) = new Link { Next = ~list, Previous = ~list };
    }

    /// <summary>Number of lists.</summary>
    public int Heads { get; }

    /// <summary>Shared numbers that are list heads, given the number of groups.</summary>
    public static int HeadsOf(int groups) => groups * PerGroup;

    public void EnsureCapacity(int pages, int shared)
    {
        if (pages > _pages.Length)
            Array.Resize(ref _pages, pages);
        if (shared > _shared.Length)
            Array.Resize(ref _shared, shared);
    }

    public bool IsEmpty(int list) => LinkOf(~list).Next == ~list;

    /// <summary>The frame longest on the list.</summary>
    public int Tail(int list) => LinkOf(~list).Previous;

    /// <summary>Where the shared node of an entry without a frame of its own is kept: such an entry is on no list.</summary>
    public ref int SharedNodeOf(int page) => ref _pages[page].Next;

    /// <summary>What reclaim remembers of a page that is swapped out and has no frame: the links of such a node are free.</summary>
    public long ShadowOf(int node)
    {
        var link = LinkOf(node);
        return ((long)link.Previous << 32) | (uint)link.Next;
    }

    /// <summary>Sets <see cref="ShadowOf"/>.</summary>
    public void SetShadow(int node, long shadow) => LinkOf(node) = new Link { Next = (int)shadow, Previous = (int)(shadow >> 32) };

    public void AddHead(int list, int node) => Insert(node, ~list, LinkOf(~list).Next);

    public void AddTail(int list, int node) => Insert(node, LinkOf(~list).Previous, ~list);

    public void Remove(int node)
    {
        var link = LinkOf(node);
        LinkOf(link.Previous).Next = link.Next;
        LinkOf(link.Next).Previous = link.Previous;
    }

    /// <summary>Gives the place of <paramref name="old"/> on its list to <paramref name="node"/>.</summary>
    public void Replace(int old, int node)
    {
        var link = LinkOf(old);
        LinkOf(node) = link;
        LinkOf(link.Previous).Next = node;
        LinkOf(link.Next).Previous = node;
    }

    /// <summary>Frames of a list from tail (oldest) to head, for checks.</summary>
    public IEnumerable<int> FromTail(int list)
    {
        for (var node = Tail(list); node != ~list; node = LinkOf(node).Previous)
            yield return node;
    }

    private void Insert(int node, int previous, int next)
    {
        LinkOf(node) = new Link { Next = next, Previous = previous };
        LinkOf(previous).Next = node;
        LinkOf(next).Previous = node;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Link LinkOf(int node) => ref node >= 0 ? ref _pages[node] : ref _shared[~node];

    private struct Link
    {
        /// <summary>Towards the tail (older).</summary>
        public int Next;

        /// <summary>Towards the head (younger).</summary>
        public int Previous;
    }
}
