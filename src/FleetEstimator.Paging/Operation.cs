namespace FleetEstimator.Paging;

/// <summary>What happens to a run of pages. The values are the operation codes of the page-content trace, version 1.</summary>
public enum OperationKind : byte
{
    /// <summary>Maps private anonymous memory: the run becomes one VMA, not merged with its neighbours.</summary>
    Map = 1,

    /// <summary>munmap.</summary>
    Unmap = 2,

    /// <summary>A load from each page, in order.</summary>
    Read = 3,

    /// <summary>A store to each page, in order; <see cref="Operation.Content"/> is what results.</summary>
    Write = 4,

    /// <summary>Content seen by a scan, without an access or a fault; an empty page becomes resident with it.</summary>
    Observe = 5,

    /// <summary>MADV_DONTNEED.</summary>
    Discard = 6,

    /// <summary>MADV_FREE.</summary>
    LazyFree = 7,

    /// <summary>MADV_COLD.</summary>
    Cold = 8,

    /// <summary>MADV_PAGEOUT, asked for by the workload.</summary>
    PageOut = 9,

    /// <summary>Proactive reclaim of <see cref="Operation.Pages"/> pages of the whole node.</summary>
    Reclaim = 10,

    /// <summary><see cref="Operation.Process"/> forks the process numbered <see cref="Operation.Page"/>.</summary>
    Fork = 11,

    /// <summary>The process ends.</summary>
    Exit = 12,

    /// <summary>mlock.</summary>
    Lock = 13,

    /// <summary>munlock.</summary>
    Unlock = 14,

    /// <summary>MADV_HUGEPAGE.</summary>
    Huge = 15,

    /// <summary>MADV_NOHUGEPAGE.</summary>
    NoHuge = 16,

    /// <summary>Long-term GUP pin.</summary>
    Pin = 17,

    /// <summary>The end of a pin.</summary>
    Unpin = 18,

    /// <summary>The node's memory limit becomes <see cref="Operation.Pages"/> pages; 0 = none.</summary>
    Limit = 19,

    /// <summary>Accessed since the last scan; read or write is not known.</summary>
    Access = 20,

    /// <summary>The recording kernel swapped these pages out.</summary>
    ObservedSwapOut = 21,

    /// <summary>Asynchronous write-back has ended.</summary>
    Settle = 22,
}

/// <summary>Content of a page, as far as it matters to swap.</summary>
public enum PageContent : byte
{
    /// <summary>Not known (on a write, an observation or an access) or unchanged (on other operations).</summary>
    Unknown = 0,

    /// <summary>Every byte is zero.</summary>
    Zero = 1,

    /// <summary>One 64-bit word repeated, not zero.</summary>
    Repeated = 2,

    /// <summary>Anything else.</summary>
    Data = 3,
}

/// <summary>One operation on a run of consecutive virtual pages of one process.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Process">Address space, numbered by whoever recorded it.</param>
/// <param name="Page">First virtual page number (virtual address / page size), or an operand.</param>
/// <param name="Pages">Length of the run in pages, at least 1, or an operand.</param>
/// <param name="Content">Content of every page of the run after the operation.</param>
/// <param name="CompressedBytes">Size of one page of the run when compressed; 0 = not recorded.</param>
public readonly record struct Operation(
    OperationKind Kind,
    uint Process,
    ulong Page,
    uint Pages,
    PageContent Content = PageContent.Unknown,
    ushort CompressedBytes = 0);
