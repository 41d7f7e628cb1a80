using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Synthesis;

/// <summary>Pages side by side that live and are accessed together.</summary>
internal sealed class Extent
{
    public required SyntheticProcess Process { get; init; }

    public required ulong Page { get; init; }

    public required int Pages { get; init; }

    /// <summary>Step in which it appeared; −1 = before the first.</summary>
    public required int Since { get; init; }

    /// <summary>The part of the model's first pages that it belongs to, or null.</summary>
    public required WorkloadPart? Part { get; init; }

    public PageContent Content { get; set; }

    /// <summary>Step of the last access, or of its appearance if it was never accessed.</summary>
    public required int LastUse { get; set; }

    /// <summary>Whether it was accessed when it appeared.</summary>
    public required bool IsBornAccessed { get; init; }

    /// <summary>Steps since it appeared in which it was accessed.</summary>
    public int Uses { get; set; }

    /// <summary>Those of them in which it was stored to.</summary>
    public int Stores { get; set; }

    /// <summary>Whether the last of them was one.</summary>
    public bool WasStored { get; set; }

    public bool IsGone { get; set; }
}

/// <summary>A process of a generated trace: its mappings, filled from the start, and what of them is in use.</summary>
internal sealed class SyntheticProcess(uint number)
{
    // Mappings of 2 MiB and more begin at a multiple of it, as page tables do; smaller ones have a page between them.
    private const ulong Alignment = 512;

    private readonly List<(ulong Page, int Pages, bool IsMapped)> _free = [];
    private ulong _next;
    private ulong _mappingEnd;
    private ulong _nextMapping = 1 << 16;

    public uint Number { get; } = number;

    /// <summary>In no order between steps; whoever needs one sorts.</summary>
    public List<Extent> Extents { get; } = [];

    public long Pages => Extents.Sum(extent => extent.IsGone ? 0L : extent.Pages);

    /// <summary>Whether there are ranges whose pages have gone.</summary>
    public bool HasRoom => _free.Count > 0;

    /// <summary>Makes the range of an extent available again, discarded or unmapped.</summary>
    public void Free(Extent extent, bool isMapped) => _free.Add((extent.Page, extent.Pages, isMapped));

    /// <summary>Takes up to <paramref name="pages"/> pages side by side, where pages have gone if wanted and possible.</summary>
    /// <param name="pages">At least 1.</param>
    /// <param name="reuse">Whether to take such a range.</param>
    /// <param name="map">Writes the row of a mapping from a page on, so many pages long; of a size of its own choice if null is asked for. How long it is.</param>
    /// <param name="random">Which of the ranges.</param>
    public (ulong Page, int Pages) Take(int pages, bool reuse, Func<ulong, int?, int> map, SeededRandom random)
    {
        if (reuse && _free.Count > 0)
        {
            var at = random.Below(_free.Count);
            var (page, length, isMapped) = _free[at];
            if (!isMapped)
                map(page, Math.Min(pages, length));
            if (length > pages)
            {
                _free[at] = (page + (ulong)pages, length - pages, isMapped);
            }
            else
            {
                _free[at] = _free[^1];
                _free.RemoveAt(_free.Count - 1);
            }

            return (page, Math.Min(pages, length));
        }

        if (_next == _mappingEnd)
        {
            // Aligned before its size is known: a gap does not matter.
            _next = (_nextMapping + Alignment) / Alignment * Alignment;
            _mappingEnd = _next + (ulong)map(_next, null);
            _nextMapping = _mappingEnd + 1;
        }

        var first = _next;
        var taken = (int)Math.Min((ulong)pages, _mappingEnd - _next);
        _next += (ulong)taken;
        return (first, taken);
    }
}
