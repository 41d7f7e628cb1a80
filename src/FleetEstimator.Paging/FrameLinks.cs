using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FleetEstimator.Paging;

/// <summary>
/// One word a page and lane: the links and the LRU state of a frame on a reclaim list, or whatever is remembered of a page on none. The words of all
/// lanes for one page lie side by side, because lanes look at the same pages at about the same time: one cache miss serves all of them.
/// </summary>
/// <remarks>
/// See <see cref="FrameWord"/>. As long as 26 bits are enough for a number, up to 128 GiB of touched
/// memory, words take 7 bytes and lie unaligned; from then on words have 8 bytes and numbers 30 bits, up to 2 TiB.
/// </remarks>
internal sealed class FrameLinks(int lanes, int groups)
{
    private const int NodeBitsMax = 30;

#if DEBUG
    private const int NodeBitsAtFirst = 13;
#else
    private const int NodeBitsAtFirst = 26;
#endif

    /// <summary>Half the bits of <see cref="FrameLists.ShadowOf"/>: what fits into a positive node number at any time.</summary>
    public const int ShadowHalfBits = NodeBitsAtFirst - 1;

    private const int NarrowBytes = 7;
    private const int WideBytes = 8;

    private readonly FrameLists[] _lists = new FrameLists[lanes];

    // Bytes at any alignment. The element type lets an array hold more than 2 GiB of them.
    private ulong[] _words = [];
    private int _pages;

    /// <summary>Bits of a node number in every word.</summary>
    public int NodeBits { get; private set; } = NodeBitsAtFirst;

    private int WordBytes => NodeBits == NodeBitsMax ? WideBytes : NarrowBytes;

    /// <summary>The reclaim lists of a lane.</summary>
    public FrameLists ListsOf(int lane) => _lists[lane] ??= new FrameLists(this, lane, groups);

    /// <summary>Where the words of a lane lie.</summary>
    public LaneWords WordsOf(int lane) => new(_words, lanes * WordBytes, lane * WordBytes, WordBytes);

    /// <summary>Makes room for the words of pages, and in each word for numbers of nodes below <paramref name="nodes"/>.</summary>
    public void EnsureCapacity(int pages, int nodes)
    {
        if (pages <= _pages && nodes <= 1L << (NodeBits - 1))
            return;
        if (nodes > 1L << (NodeBitsMax - 1))
            throw new NotSupportedException("A simulated node touches more than 2 TiB of memory; simulate smaller nodes or fewer instances.");
        if (nodes > 1L << (NodeBits - 1))
            Widen();
        if (pages > _pages)
        {
            // Words are read 8 bytes at a time, the last one too.
            Array.Resize(ref _words, checked((int)(((long)pages * lanes * WordBytes + sizeof(ulong) - 1) / sizeof(ulong)) + 1));
            _pages = pages;
        }

        foreach (var list in _lists)
            list?.Attach();
    }

    private void Widen()
    {
        var (old, oldBits) = (Enumerable.Range(0, lanes).Select(WordsOf).ToArray(), NodeBits);
        NodeBits = NodeBitsMax;
        _words = new ulong[(long)_pages * lanes + 1];
        for (var lane = 0; lane < lanes; lane++)
        {
            var words = WordsOf(lane);
            for (var page = 0; page < _pages; page++)
                words[page] = FrameWord.Convert(old[lane][page], oldBits, NodeBitsMax);
            _lists[lane]?.Convert(oldBits, NodeBitsMax);
        }
    }

    /// <summary>The words of one lane, by page.</summary>
    internal readonly struct LaneWords(ulong[] words, int stride, int offset, int wordBytes)
    {
        private readonly ulong _mask = ulong.MaxValue >> (8 * (sizeof(ulong) - wordBytes));

        public ulong this[int page]
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => Unsafe.ReadUnaligned<ulong>(ref At(page)) & _mask;

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            set
            {
                // The last byte read may belong to the next word.
                ref var at = ref At(page);
                Unsafe.WriteUnaligned(ref at, (Unsafe.ReadUnaligned<ulong>(ref at) & ~_mask) | value);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Prefetch(int page) => CpuCache.Prefetch(ref At(page));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private ref byte At(int page)
        {
            Debug.Assert(page >= 0 && (long)page * stride + offset + sizeof(ulong) <= (long)words.Length * sizeof(ulong), "A page without a word.");
            return ref Unsafe.Add(ref Unsafe.As<ulong, byte>(ref MemoryMarshal.GetArrayDataReference(words)), (nint)page * stride + offset);
        }
    }
}
