using FleetEstimator.Paging;

namespace FleetEstimator.KernelTruthTests.Naive;

internal enum Content
{
    Zeros,
    RepeatedWord,
    Data,
    Incompressible,
}

/// <summary>What a page table entry says; a page without one is empty.</summary>
internal enum EntryKind
{
    ZeroPage,
    Mapped,
    Swapped,
}

/// <summary>What stands at a 2 MiB range of a process; nothing at all where the process has no page table.</summary>
internal enum TableKind
{
    PageTable,
    HugeFrame,
    HugeZeroPage,
}

/// <summary>Where the copy of a page that a slot stands for lies.</summary>
internal enum SlotPlace
{
    Nowhere,
    Zeromap,
    Zswap,
    Device,
}

internal sealed class Entry
{
    public EntryKind Kind { get; set; }
    public Folio? Folio { get; set; }
    public Slot? Slot { get; set; }
    public bool Young { get; set; }
    public bool Writable { get; set; }
    public bool Dirty { get; set; }

    /// <summary>Of a swap entry: the page belonged to this process alone (pte_swp_exclusive).</summary>
    public bool SwapExclusive { get; set; }

    /// <summary>Of a zero page: a mechanism put it where a page of the user's was.</summary>
    public bool Hidden { get; set; }

    /// <summary>Of such a zero page: when it was put there, if a TLB may since have let stores through to the page before it.</summary>
    public long? UnflushedSince { get; set; }

    public Entry Copy() => (Entry)MemberwiseClone();
}

/// <summary>A frame, or a large folio of several. Always on the LRU, from its allocation until it is freed.</summary>
internal sealed class Folio(ulong firstPage, int pages)
{
    /// <summary>Virtual page number of the first page, the same in every process that maps it.</summary>
    public ulong FirstPage { get; } = firstPage;
    public int Pages { get; } = pages;
    public Content[] Contents { get; } = new Content[pages];
    public Slot? Slot { get; set; }

    /// <summary>PageAnonExclusive: the only process that maps it may write to it without asking.</summary>
    public bool Exclusive { get; set; }

    /// <summary>PG_dirty.</summary>
    public bool Dirty { get; set; }
    public bool ReadAhead { get; set; }

    /// <summary>Not PG_swapbacked: MADV_FREE allows it to be dropped.</summary>
    public bool LazilyFreed { get; set; }
    public bool UnderWriteback { get; set; }
    public bool PartlyMapped { get; set; }
    public bool Referenced { get; set; }
    public bool Isolated { get; set; }
    public long Generation { get; set; }

    /// <summary>The list of the LRU it stands on; null before it is allocated and once it is freed.</summary>
    public List<Folio>? List { get; set; }

    public bool IsLarge => Pages > 1;
    public bool InSwapCache => Slot != null;
    public ulong End => FirstPage + (ulong)Pages;

    public ref Content ContentAt(ulong page) => ref Contents[page - FirstPage];
}

internal sealed class Slot(ulong page, Content content)
{
    /// <summary>Virtual page number at which every entry that names the slot stands.</summary>
    public ulong Page { get; } = page;
    public Content Content { get; set; } = content;
    public SlotPlace Place { get; set; }
}

internal sealed class ReadAheadState
{
    public ulong Page { get; set; }
    public int Window { get; set; }
    public int Hits { get; set; } = 4;

    public ReadAheadState Copy() => (ReadAheadState)MemberwiseClone();
}

internal sealed class Area(ulong start, ulong end, int mapping)
{
    public ulong Start { get; set; } = start;
    public ulong End { get; set; } = end;

    /// <summary>The mmap it comes from: only its own parts are joined again.</summary>
    public int Mapping { get; } = mapping;
    public bool Locked { get; set; }
    public HugeAdvice Advice { get; set; }
    public bool HasAnonVma { get; set; }
    public ReadAheadState ReadAhead { get; set; } = new();

    public bool Holds(ulong page) => Start <= page && page < End;

    /// <summary>vm_area_dup.</summary>
    public Area Copy(ulong start, ulong end, int mapping) =>
        new(start, end, mapping) { Locked = Locked, Advice = Advice, HasAnonVma = HasAnonVma, ReadAhead = ReadAhead.Copy() };
}

internal sealed class Process(uint number)
{
    public const ulong PagesPerTable = 512;

    public uint Number { get; } = number;
    public List<Area> Areas { get; } = [];
    public Dictionary<ulong, Entry> Entries { get; } = [];
    public Dictionary<ulong, TableKind> Tables { get; } = [];

    /// <summary>Tables whose own accessed bit the MMU has set since the last walk.</summary>
    public HashSet<ulong> AccessedTables { get; } = [];

    public static ulong TableOf(ulong page) => page / PagesPerTable;

    public Area AreaOf(ulong page)
    {
        foreach (var area in Areas)
        {
            if (area.Holds(page))
                return area;
        }

        throw new InvalidOperationException($"Page {page} is not mapped.");
    }

    public Entry? EntryOf(ulong page) => Entries.GetValueOrDefault(page);

    public Folio? FolioAt(ulong page) => EntryOf(page)?.Folio;

    public TableKind? TableAt(ulong page) => Tables.TryGetValue(TableOf(page), out var kind) ? kind : null;

    /// <summary>__split_huge_pmd: what was mapped as one becomes small entries.</summary>
    public void PartHugeMapping(ulong page)
    {
        if (TableAt(page) is TableKind.HugeFrame or TableKind.HugeZeroPage)
            Tables[TableOf(page)] = TableKind.PageTable;
    }
}
