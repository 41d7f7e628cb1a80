namespace FleetEstimator.Paging;

/// <summary>
/// A page table entry, one byte a page and kernel. Kind is one of four; bit 1 says that the MMU finds a page (zero page or frame).
///
///   kind     Young     Writable   Dirty                    Shared            content (bits 6–7)
///   None     –         –          –                        –                 0 (zeros by definition)
///   Swapped  –         –          –                        slot is shared    of the page, unless shared
///   Zero     accessed  –          a mechanism put it here  –                 0 (zeros by definition)
///   Mapped   accessed  a store    written since mapped     frame is shared   of the page, unless shared
///                      takes no
///                      fault
///
/// An entry that is not Shared owns its frame or slot exclusively (the kernel's PageAnonExclusive and its swap-entry twin): the frame is
/// the node named like the entry's index. A Shared entry names a <see cref="SharedNodes"/> record, which knows the content.
/// </summary>
internal static class Pte
{
    public const byte KindMask = 3;
    public const byte None = 0;
    public const byte Swapped = 1;
    public const byte Zero = 2;
    public const byte Mapped = 3;
    public const byte Present = 2;
    public const byte Young = 4;
    public const byte Writable = 8;
    public const byte Dirty = 16;
    public const byte HiddenZero = Dirty;
    public const byte Shared = 32;
    public const int ContentShift = 6;
    public const byte ContentMask = 3 << ContentShift;
    public const byte ContentZero = (byte)PageContent.Zero << ContentShift;

    /// <summary>Data that does not compress: the code that <see cref="PageContent"/> has for content that is not known, which an entry never needs.</summary>
    public const byte Incompressible = 0;

    /// <summary>Content that is not known counts as data.</summary>
    public static byte ContentBits(PageContent content) =>
        (byte)((byte)(content == PageContent.Unknown ? PageContent.Data : content) << ContentShift);
}

/// <summary>What is known of a frame and its slot (a node), beside the entries that name them.</summary>
[Flags]
internal enum NodeFlags : ushort
{
    None = 0,

    /// <summary>Generation of the frame: sequence number modulo 4.</summary>
    GenerationLow = 1,

    /// <summary>Second bit of the generation.</summary>
    GenerationHigh = 2,

    /// <summary>Classic LRU: on the active list.</summary>
    Active = GenerationLow,

    /// <summary>Classic LRU: was on the active list before (PG_workingset).</summary>
    WorkingSet = GenerationHigh,

    /// <summary>Found young while off the list for eviction: to be kept (the kernel's PG_referenced).</summary>
    Referenced = 4,

    /// <summary>Off its list for eviction.</summary>
    Isolated = 8,

    /// <summary>Classic LRU: locked when reclaim met it, and on a list of its own since.</summary>
    Unevictable = Isolated,

    /// <summary>The frame sits in the swap cache: it has a slot as well, whose copy is valid unless <see cref="Dirty"/>.</summary>
    InSwapCache = 16,

    /// <summary>The slot's zeromap bit.</summary>
    ZeromapBit = 32,

    /// <summary>The device spends memory on the slot's copy.</summary>
    SlotHoldsData = 64,

    /// <summary>The frame differs from its slot's copy.</summary>
    Dirty = 128,

    /// <summary>Read ahead and not used yet.</summary>
    ReadAhead = 256,

    /// <summary>MADV_FREE was called and the frame was not put back since (not PG_swapbacked): reclaim may drop it instead of swapping it out.</summary>
    LazilyFreed = 512,

    /// <summary>mlocked: on no list for reclaim to take it from.</summary>
    Locked = 1024,

    /// <summary>Being written to an asynchronous device: the frame can neither leave the swap cache nor be written again.</summary>
    UnderWriteback = 2048,

    /// <summary>The slot's content lies in zswap.</summary>
    InZswap = 4096,

    /// <summary>The entry maps a page of a 64 KiB folio.</summary>
    Folio64K = 8192,

    /// <summary>The entry maps a page of a 2 MiB folio.</summary>
    Folio2M = 16384,

    /// <summary>Entries of the large folio were unmapped: the next reclaim or madvise splits it.</summary>
    PartlyMapped = 32768,

    /// <summary>What reclaim keeps of a frame on its lists, with its links: the lowest <see cref="FrameWord.StateBits"/> bits.</summary>
    LruState = GenerationLow | GenerationHigh | Referenced | Isolated,

    /// <summary>What says where a slot's content lies.</summary>
    SlotCopy = ZeromapBit | InZswap | SlotHoldsData,

    /// <summary>What belongs to a slot and ends with it.</summary>
    SlotState = InSwapCache | SlotCopy | Dirty | ReadAhead,
}

/// <summary>Frames and slots that more than one page table entry may name, by number; the node of number n is ~n.</summary>
/// <param name="heads">The first numbers, which are list heads of <see cref="FrameLists"/>.</param>
internal sealed class SharedNodes(int heads)
{
    private readonly Stack<int> _free = new();
    private State[] _states = new State[heads + 64];
    private int _used = heads;

    public int Capacity => _used;

    public ref State this[int node] => ref _states[~node];

    /// <summary>Takes an unused node.</summary>
    public int Add(ForkFamily family, ulong page)
    {
        if (!_free.TryPop(out var number))
        {
            number = _used++;
            if (number == _states.Length)
                Array.Resize(ref _states, _states.Length * 2);
        }

        _states[number] = new State { Family = family, Page = page };
        return ~number;
    }

    public void Remove(int node)
    {
        this[node] = default;
        _free.Push(~node);
    }

    internal struct State
    {
        /// <summary>Where the entries that name this node are to be found: in these processes…</summary>
        public ForkFamily Family;

        /// <summary>…at this virtual page number (the reverse map).</summary>
        public ulong Page;

        /// <summary>Entries that map the frame.</summary>
        public int MapCount;

        /// <summary>Entries that name the slot (the kernel's swap map count).</summary>
        public int SwapCount;

        /// <summary>Its number, where slots are numbered.</summary>
        public int Slot;

        /// <summary>As in an entry, <see cref="Pte.ContentMask"/>.</summary>
        public byte ContentBits;
        public NodeFlags Flags;
    }
}
