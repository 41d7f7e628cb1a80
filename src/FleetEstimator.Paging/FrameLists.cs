using System.Diagnostics;
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

    private readonly FrameLinks _links;
    private readonly int _lane;
    private FrameLinks.LaneWords _pages;
    private ulong[] _shared;
    private int _nodeBits;

    public FrameLists(FrameLinks links, int lane, int groups)
    {
        (_links, _lane) = (links, lane);
        Heads = HeadsOf(groups);
        _shared = new ulong[Heads];
        Attach();
        for (var list = 0; list < Heads; list++)
            this[~list] = FrameWord.Make(~list, ~list, 0, _nodeBits);
    }

    /// <summary>Number of lists.</summary>
    public int Heads { get; }

    /// <summary>Shared numbers that are list heads, given the number of groups.</summary>
    public static int HeadsOf(int groups) => groups * PerGroup;

    public void EnsureCapacity(int pages, int shared)
    {
        _links.EnsureCapacity(pages, Math.Max(pages, shared));
        if (shared > _shared.Length)
            Array.Resize(ref _shared, shared);
    }

    /// <summary>The words lie elsewhere from now on.</summary>
    public void Attach() => (_pages, _nodeBits) = (_links.WordsOf(_lane), _links.NodeBits);

    /// <summary>Words look different from now on; those of pages have been converted.</summary>
    public void Convert(int fromBits, int toBits)
    {
        foreach (ref var word in _shared.AsSpan())
            word = FrameWord.Convert(word, fromBits, toBits);
    }

    public bool IsEmpty(int list) => Next(~list) == ~list;

    /// <summary>The frame longest on the list.</summary>
    public int Tail(int list) => Previous(~list);

    /// <summary>The shared node of an entry without a frame of its own, kept in its links: such an entry is on no list.</summary>
    public int SharedNodeOf(int page) => Next(page);

    /// <summary>Sets <see cref="SharedNodeOf"/>.</summary>
    public void SetSharedNode(int page, int node) => this[page] = FrameWord.Make(node, 0, 0, _nodeBits);

    /// <summary>What reclaim remembers of a page that is swapped out and has no frame, kept in its links: such a node is on no list.</summary>
    public long ShadowOf(int node)
    {
        var word = this[node];
        return ((long)FrameWord.Previous(word, _nodeBits) << FrameLinks.ShadowHalfBits) | (uint)FrameWord.Next(word, _nodeBits);
    }

    /// <summary>Sets <see cref="ShadowOf"/> to a number of 0 up to 2^(2 × <see cref="FrameLinks.ShadowHalfBits"/>) - 1.</summary>
    public void SetShadow(int node, long shadow)
    {
        Debug.Assert(shadow >> (2 * FrameLinks.ShadowHalfBits) == 0, "A shadow that does not fit.");
        this[node] = FrameWord.Make((int)(shadow & ((1 << FrameLinks.ShadowHalfBits) - 1)), (int)(shadow >> FrameLinks.ShadowHalfBits), 0, _nodeBits);
    }

    /// <summary>LRU state of a frame: <see cref="FrameWord.StateBits"/> bits, kept while it moves from list to list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint StateOf(int node) => FrameWord.State(this[node], _nodeBits);

    /// <summary>Sets <see cref="StateOf"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetState(int node, uint state) => this[node] = FrameWord.WithState(this[node], state, _nodeBits);

    public void AddHead(int list, int node, uint state) => Insert(node, ~list, Next(~list), state);

    public void AddTail(int list, int node, uint state) => Insert(node, Previous(~list), ~list, state);

    public void Remove(int node)
    {
        var words = new Words(this);
        var word = words[node];
        words.Link(FrameWord.Previous(word, words.NodeBits), FrameWord.Next(word, words.NodeBits));
    }

    /// <summary>Moves a frame and all that stand between it and the tail of their list to the head of another, as they are ordered.</summary>
    public void MoveTail(int from, int node, int to)
    {
        var words = new Words(this);
        var (tail, above, head) = (words.Previous(~from), words.Previous(node), words.Next(~to));
        words.Link(above, ~from);
        words.Link(tail, head);
        words.Link(~to, node);
    }

    /// <summary>The frame before it on its list, or negative, as list heads are and shared frames.</summary>
    public int Above(int node) => Previous(node);

    /// <summary>Gives the place of <paramref name="old"/> on its list to <paramref name="node"/>.</summary>
    public void Replace(int old, int node)
    {
        var words = new Words(this);
        var word = words[old];
        words[node] = word;
        words.Link(FrameWord.Previous(word, words.NodeBits), node);
        words.Link(node, FrameWord.Next(word, words.NodeBits));
    }

    /// <summary>Frames of a list from tail (oldest) to head, for checks.</summary>
    public IEnumerable<int> FromTail(int list)
    {
        for (var node = Tail(list); node != ~list; node = Previous(node))
            yield return node;
    }

    /// <summary>Starts to load the links of a frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int node)
    {
        if (node >= 0)
            _pages.Prefetch(node);
    }

    private void Insert(int node, int previous, int next, uint state)
    {
        var words = new Words(this);
        words[node] = FrameWord.Make(next, previous, state, words.NodeBits);
        words.SetNext(previous, node);
        words.SetPrevious(next, node);
    }

    /// <summary>Towards the tail (older).</summary>
    private int Next(int node) => FrameWord.Next(this[node], _nodeBits);

    /// <summary>Towards the head (younger).</summary>
    private int Previous(int node) => FrameWord.Previous(this[node], _nodeBits);

    private ulong this[int node]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new Words(this)[node];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            var words = new Words(this);
            words[node] = value;
        }
    }

    /// <summary>The words of pages and of shared frames, in locals: the fields would have to be read again after every store.</summary>
    private readonly ref struct Words(FrameLists lists)
    {
        private readonly FrameLinks.LaneWords _pages = lists._pages;
        private readonly ulong[] _shared = lists._shared;

        public readonly int NodeBits = lists._nodeBits;

        public ulong this[int node]
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => node >= 0 ? _pages[node] : _shared[~node];

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            set
            {
                if (node >= 0)
                    _pages[node] = value;
                else
                    _shared[~node] = value;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Next(int node) => FrameWord.Next(this[node], NodeBits);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Previous(int node) => FrameWord.Previous(this[node], NodeBits);

        /// <summary>Makes two nodes neighbours.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Link(int previous, int next)
        {
            SetNext(previous, next);
            SetPrevious(next, previous);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void SetNext(int node, int next) => this[node] = FrameWord.WithNext(this[node], next, NodeBits);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void SetPrevious(int node, int previous) => this[node] = FrameWord.WithPrevious(this[node], previous, NodeBits);
    }
}
