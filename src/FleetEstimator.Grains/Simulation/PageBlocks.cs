using FleetEstimator.Paging;

namespace FleetEstimator.Grains.Simulation;

/// <summary>
/// The sampling units of a recording that holds only a sample of its node's pages: aligned blocks of 2 MiB of a family of processes. Fork makes a child's block
/// share its parent's pages, so both are one unit.
/// </summary>
internal static class PageBlocks
{
    /// <summary>How often the blocks are split into two random halves to estimate the variance of page sampling: about as many degrees of freedom for each recording.</summary>
    public const int Splits = 16;

    /// <summary>Which of a recording's blocks are kept.</summary>
    /// <param name="family">Number of the process from which the block's process descends by forks.</param>
    /// <param name="block">First page of the block divided by its pages.</param>
    public delegate bool Filter(uint family, ulong block);

    private const int BlockBytes = 2 << 20;
    private const int SmallBlockBytes = 64 << 10;

    // Any constants will do, as long as no recorder samples by the same hash.
    private const ulong SplitKey = 0x6a09e667f3bcc908;

    /// <summary>The blocks of one half of a split.</summary>
    /// <param name="split">From 0; less than <see cref="Splits"/>.</param>
    /// <param name="half">0 or 1.</param>
    public static Filter Half(int split, int half) => (family, block) => ((Hash(SplitKey, family, block) >> split) & 1) == (ulong)half;

    /// <summary>A random share of the blocks, another one for each key.</summary>
    public static Filter Sample(double share, ulong key) => (family, block) => (Hash(~key, family, block) >> 11) < share * (1UL << 53);

    /// <summary>The part of an operation that falls on the blocks kept, as runs in ascending order; an operation that accesses no pages as it is.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="family">Its process's family.</param>
    /// <param name="keeps">Which blocks are kept.</param>
    /// <param name="pageBytes">Bytes in a page.</param>
    public static IEnumerable<Operation> Kept(Operation operation, uint family, Filter keeps, int pageBytes)
    {
        if (!AccessesPages(operation.Kind))
        {
            yield return operation;
            yield break;
        }

        var blockPages = PagesOfBlock(pageBytes);
        var end = operation.Page + operation.Pages;
        var keptFrom = end;
        for (var page = operation.Page; page < end; page = Math.Min(end, (page / blockPages + 1) * blockPages))
        {
            var isKept = keeps(family, page / blockPages);
            if (isKept && keptFrom == end)
                keptFrom = page;
            if (isKept || keptFrom == end)
                continue;
            yield return operation with { Page = keptFrom, Pages = (uint)(page - keptFrom) };
            keptFrom = end;
        }

        if (keptFrom < end)
            yield return operation with { Page = keptFrom, Pages = (uint)(end - keptFrom) };
    }

    /// <summary>Blocks of 2 MiB in which an operation accesses pages, by number.</summary>
    public static IEnumerable<ulong> Of(Operation operation, int pageBytes)
    {
        if (!AccessesPages(operation.Kind))
            yield break;
        var blockPages = PagesOfBlock(pageBytes);
        for (var block = operation.Page / blockPages; block <= (operation.Page + operation.Pages - 1) / blockPages; block++)
            yield return block;
    }

    /// <summary>Aligned blocks of 64 KiB in which an operation's run lies, by number, each with the pages in it.</summary>
    public static IEnumerable<(ulong Block, uint Pages)> Of64KiB(Operation operation, int pageBytes)
    {
        var blockPages = PagesOfSmallBlock(pageBytes);
        var end = operation.Page + operation.Pages;
        for (var page = operation.Page; page < end;)
        {
            var next = Math.Min(end, (page / blockPages + 1) * blockPages);
            yield return (page / blockPages, (uint)(next - page));
            page = next;
        }
    }

    /// <summary>An operation with each block of 64 KiB changed, neighbours that come out the same as one run.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="pageBytes">Bytes in a page.</param>
    /// <param name="change">What becomes of it in a block, but for its run.</param>
    public static IEnumerable<Operation> Parts(Operation operation, int pageBytes, Func<Operation, ulong, Operation> change)
    {
        var (page, run) = (operation.Page, (Operation?)null);
        foreach (var (block, pages) in Of64KiB(operation, pageBytes))
        {
            var part = change(operation, block) with { Page = page, Pages = pages };
            page += pages;
            if (run is not { } open)
            {
                run = part;
            }
            else if (part with { Page = open.Page, Pages = open.Pages } == open)
            {
                run = open with { Pages = open.Pages + pages };
            }
            else
            {
                yield return open;
                run = part;
            }
        }

        if (run is { } last)
            yield return last;
    }

    /// <summary>A number in [0, 1) that a block has under a key, as good as random.</summary>
    public static double Draw(ulong key, uint family, ulong block) => (Hash(key, family, block) >> 11) * (1.0 / (1UL << 53));

    private static ulong PagesOfSmallBlock(int pageBytes) => Math.Max(1, SmallBlockBytes / (ulong)pageBytes);

    private static ulong PagesOfBlock(int pageBytes) => Math.Max(1, BlockBytes / (ulong)pageBytes);

    // Mappings stay whole, so that VMAs are what they were: pages that are never accessed have no part in anything.
    private static bool AccessesPages(OperationKind kind) => kind is not
        (OperationKind.Map or OperationKind.Unmap or OperationKind.Huge or OperationKind.NoHuge
        or OperationKind.Fork or OperationKind.Exit or OperationKind.Reclaim or OperationKind.Limit or OperationKind.Settle);

    private static ulong Hash(ulong key, uint family, ulong block) => SeededRandom.Mix(SeededRandom.Mix(key + family) ^ block);
}
