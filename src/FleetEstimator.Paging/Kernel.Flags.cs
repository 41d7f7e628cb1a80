using System.Runtime.CompilerServices;

namespace FleetEstimator.Paging;

/// <content>
/// Where <see cref="NodeFlags"/> are kept. LRU state stands with the links, everything else of shared nodes in their record. For exclusive nodes it takes no
/// memory as long as it follows from the entry: a frame of which nothing is to be said, and a slot without a frame as <see cref="SwapOut"/> leaves it.
/// The first page of a table of which more is to be said — swap cache, mlock, MADV_FREE, large folios — gives its table an array of flags.
/// </content>
internal sealed partial class Kernel
{
    // By page table: the flags of its pages but for their LRU state, or null while they follow from the entries.
    private NodeFlags[]?[] _flagTables = [];
    private readonly Stack<NodeFlags[]> _unusedFlagTables = new();

    // By content (the bits of an entry, shifted down): the flags of a slot after an order-0 folio was written to it.
    private readonly NodeFlags[] _flagsOfWrittenSlots;

    internal NodeFlags FlagsOf(int node) => LruStateOf(node) | StoredFlags(node);

    /// <summary>LRU state alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal NodeFlags LruStateOf(int node) => (NodeFlags)Lists.StateOf(node);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetLruState(int node, NodeFlags state) => Lists.SetState(node, (uint)state);

    internal void SetFlags(int node, NodeFlags flags)
    {
        SetLruState(node, flags & NodeFlags.LruState);
        SetStoredFlags(node, flags & ~NodeFlags.LruState);
    }

    internal void AddFlags(int node, NodeFlags flags) => SetFlags(node, FlagsOf(node) | flags);

    internal void RemoveFlags(int node, NodeFlags flags) => SetFlags(node, FlagsOf(node) & ~flags);

    /// <summary>Flags of a node but for its LRU state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private NodeFlags StoredFlags(int node)
    {
        if (node < 0)
            return _shared[node].Flags;
        return _flagTables[node / PageTables.EntriesPerTable] is { } table ? table[node % PageTables.EntriesPerTable] : FlagsByEntry(_pte[node]);
    }

    private void SetStoredFlags(int node, NodeFlags flags)
    {
        if (node < 0)
            _shared[node].Flags = flags;
        else if (_flagTables[node / PageTables.EntriesPerTable] is { } table)
            table[node % PageTables.EntriesPerTable] = flags;
        else if (flags != FlagsByEntry(_pte[node]))
            FlagTable(node)[node % PageTables.EntriesPerTable] = flags;
    }

    /// <summary>An entry says something else from now on, or will in a moment: flags that follow from entries will follow from that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ForgetFlags(int index)
    {
        if (_flagTables[index / PageTables.EntriesPerTable] is { } table)
            table[index % PageTables.EntriesPerTable] = NodeFlags.None;
    }

    private NodeFlags FlagsByEntry(byte entry) =>
        (entry & (Pte.KindMask | Pte.Shared)) == Pte.Swapped ? _flagsOfWrittenSlots[entry >> Pte.ContentShift] : NodeFlags.None;

    /// <summary>The flags of the pages of an entry's table, from now on kept explicitly.</summary>
    private NodeFlags[] FlagTable(int index)
    {
        ref var table = ref _flagTables[index / PageTables.EntriesPerTable];
        if (table != null)
            return table;
        if (!_unusedFlagTables.TryPop(out table))
            table = new NodeFlags[PageTables.EntriesPerTable];
        var first = index & ~(PageTables.EntriesPerTable - 1);
        for (var k = 0; k < table.Length; k++)
            table[k] = FlagsByEntry(_pte[first + k]);
        return table;
    }

    /// <summary>A table without entries keeps no flags.</summary>
    private void ForgetFlagTable(int first)
    {
        ref var table = ref _flagTables[first / PageTables.EntriesPerTable];
        if (table != null)
            _unusedFlagTables.Push(table);
        table = null;
    }

    private NodeFlags[] FlagsOfWrittenSlots()
    {
        var flags = new NodeFlags[1 << (8 - Pte.ContentShift)];
        for (var content = 0; content < flags.Length; content++)
            flags[content] = FlagsOfWrittenSlot((byte)(content << Pte.ContentShift));
        return flags;
    }

    /// <summary>Pages of one repeated word, zeros included, take no memory: zram keeps the word in its table entry, zswap compresses it to next to nothing.</summary>
    private NodeFlags FlagsOfWrittenSlot(byte contentBits)
    {
        if (contentBits == Pte.ContentZero && Mechanism.Zeromap)
            return NodeFlags.ZeromapBit;
        var inZswap = _settings.Zswap && contentBits != Pte.Incompressible;
        return (inZswap ? NodeFlags.InZswap : NodeFlags.None) | CopyInMemory(contentBits, inZswap);
    }

    private NodeFlags CopyInMemory(byte contentBits, bool inZswap) =>
        (inZswap || _settings.SwapDevice == SwapDevice.Zram) && contentBits != Pte.ContentZero && contentBits != Pte.ContentBits(PageContent.Repeated)
            ? NodeFlags.SlotHoldsData
            : NodeFlags.None;
}
