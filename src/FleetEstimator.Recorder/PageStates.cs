namespace FleetEstimator.Recorder;

/// <summary>What the trace written so far says that a page holds.</summary>
internal enum Holding : byte
{
    /// <summary>Nothing: reading it would map the zero page.</summary>
    Nothing,

    /// <summary>A page of zeros of its own.</summary>
    Zeros,

    /// <summary>One 64-bit word, repeated.</summary>
    RepeatedWord,

    /// <summary>Anything else.</summary>
    Data,

    /// <summary>A page of its own whose content no scan has seen yet.</summary>
    NotKnown,

    /// <summary>The kernel's shared zero page.</summary>
    ZeroPage,
}

/// <summary>State of one page after the last scan.</summary>
/// <param name="Holding">What it holds.</param>
/// <param name="Value">The repeated word, or the keyed hash of data; else 0.</param>
/// <param name="IsOut">It was in swap when last looked at.</param>
/// <param name="IsHuge">It is part of a huge page, whether that is still mapped as a whole or not.</param>
/// <param name="IsWatched">An access source has watched it since the last scan.</param>
internal readonly record struct PageState(Holding Holding, ulong Value, bool IsOut, bool IsHuge, bool IsWatched = false)
{
    internal bool IsPrivatePage => Holding is not (Holding.Nothing or Holding.ZeroPage);
}

/// <summary>The state of every page of one process that holds something: leaves of 512 pages, in ascending order, as a page table has them.</summary>
/// <remarks>Kept by page number rather than per VMA, so that splitting, merging, growing and moving the edges of VMAs costs nothing and loses nothing.</remarks>
internal sealed class PageStates
{
    private readonly List<Leaf> _leaves = [];
    private int _last;

    /// <summary>State of a page; the setter with <see cref="Holding.Nothing"/> forgets it.</summary>
    internal PageState this[ulong page]
    {
        get => Position(page / Leaf.Pages) is >= 0 and var position ? _leaves[position][(int)(page % Leaf.Pages)] : default;
        set
        {
            var position = Position(page / Leaf.Pages);
            if (position < 0)
            {
                if (value.Holding == Holding.Nothing)
                    return;
                position = ~position;
                _leaves.Insert(position, new Leaf(page / Leaf.Pages));
                _last = position;
            }

            _leaves[position][(int)(page % Leaf.Pages)] = value;
        }
    }

    /// <summary>The first page of <paramref name="range"/> that holds something, or its end.</summary>
    internal ulong FirstHeld(PageRange range)
    {
        var position = Position(range.Start / Leaf.Pages);
        for (position = position < 0 ? ~position : position; position < _leaves.Count; position++)
        {
            var leaf = _leaves[position];
            var first = leaf.Number * Leaf.Pages;
            if (first >= range.End)
                break;
            if (leaf.Held == 0)
                continue;
            for (var index = first < range.Start ? (int)(range.Start - first) : 0; index < Leaf.Pages && first + (ulong)index < range.End; index++)
            {
                if (leaf[index].Holding != Holding.Nothing)
                    return first + (ulong)index;
            }
        }

        return range.End;
    }

    /// <summary>Forgets every page of <paramref name="range"/>.</summary>
    internal void Clear(PageRange range)
    {
        for (var page = FirstHeld(range); page < range.End; page = FirstHeld(range with { Start = page }))
            this[page] = default;
        _ = _leaves.RemoveAll(leaf => leaf.Held == 0);
        _last = 0;
    }

    /// <summary>A copy that changes on its own, and in which no page is watched.</summary>
    internal PageStates Clone()
    {
        var copy = new PageStates();
        foreach (var leaf in _leaves)
            copy._leaves.Add(leaf.Clone());
        return copy;
    }

    /// <summary>Index of a leaf, or the complement of the index at which it would stand.</summary>
    private int Position(ulong number)
    {
        // Pages are looked at in ascending order: the leaf is nearly always the last one or the next.
        for (var position = _last; position < Math.Min(_last + 2, _leaves.Count); position++)
        {
            if (_leaves[position].Number == number)
                return _last = position;
        }

        var (low, high) = (0, _leaves.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_leaves[middle].Number < number)
                low = middle + 1;
            else
                high = middle;
        }

        return low < _leaves.Count && _leaves[low].Number == number ? _last = low : ~low;
    }

    /// <summary>512 neighbouring pages.</summary>
    private sealed class Leaf
    {
        internal const int Pages = 512;
        private const int HoldingMask = 7;
        private const int OutBit = 8;
        private const int HugeBit = 16;
        private const int WatchedBit = 32;

        // _kinds[i]: Holding of page i in the low bits, then whether it is out, huge and watched. _values[i]: its word or hash.
        private readonly byte[] _kinds;
        private readonly ulong[] _values;

        internal Leaf(ulong number)
            : this(number, new byte[Pages], new ulong[Pages])
        {
        }

        private Leaf(ulong number, byte[] kinds, ulong[] values) => (Number, _kinds, _values) = (number, kinds, values);

        internal ulong Number { get; }

        internal int Held { get; private set; }

        internal PageState this[int index]
        {
            get
            {
                var kind = _kinds[index];
                return new PageState((Holding)(kind & HoldingMask), _values[index], (kind & OutBit) != 0, (kind & HugeBit) != 0, (kind & WatchedBit) != 0);
            }

            set
            {
                Held += (value.Holding != Holding.Nothing ? 1 : 0) - ((_kinds[index] & HoldingMask) != 0 ? 1 : 0);
                _kinds[index] = (byte)((int)value.Holding | (value.IsOut ? OutBit : 0) | (value.IsHuge ? HugeBit : 0) | (value.IsWatched ? WatchedBit : 0));
                _values[index] = value.Value;
            }
        }

        internal Leaf Clone() => new(Number, [.. _kinds.Select(kind => (byte)(kind & ~WatchedBit))], [.. _values]) { Held = Held };
    }
}
