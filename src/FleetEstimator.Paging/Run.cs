namespace FleetEstimator.Paging;

/// <summary>
/// Consecutive pages of one VMA within one page table, found once and handed to every kernel: page <see cref="Page"/> + k has its state
/// at index <see cref="Index"/> + k of every kernel's arrays.
/// </summary>
/// <param name="Area">The VMA that holds all of them.</param>
/// <param name="Page">First virtual page number.</param>
/// <param name="Index">Index of its page table entry.</param>
/// <param name="Count">Number of pages, 1..512.</param>
internal readonly record struct Run(Vma Area, ulong Page, int Index, int Count)
{
    public int End => Index + Count;

    public ulong PageAt(int index) => Page + (ulong)(index - Index);

    /// <summary>The part of [start, end) around <paramref name="index"/> that lies in the same VMA and page table, as indices.</summary>
    public (int Start, int End) Clip(int index, long start, long end)
    {
        var page = (long)PageAt(index);
        var tableStart = page & ~(PageTables.EntriesPerTable - 1L);
        start = Math.Max(start, Math.Max((long)Area.Start, tableStart));
        end = Math.Min(end, Math.Min((long)Area.End, tableStart + PageTables.EntriesPerTable));
        return (index - (int)(page - start), index + (int)(end - page));
    }
}
