using System.Buffers.Binary;
using System.IO.Hashing;

namespace FleetEstimator.Recorder;

/// <summary>
/// Which aligned 2 MiB blocks of address space are recorded: those whose keyed hash falls below the fraction. Whole blocks, since read-ahead and huge pages
/// need a page's neighbours. A fork has the blocks of its parent (<see cref="RecordedProcess.Lineage"/>); two runs of one program have blocks of their own.
/// </summary>
internal sealed class BlockSample
{
    private const ulong BlockBytes = 2 << 20;

    // A mapping of this size is a reservation by another name (sanitizers map terabytes): the blocks that hold something are looked for, not all hashed.
    private const ulong DefaultSparseBytes = 256UL << 30;

    private readonly long _key;
    private readonly ulong _threshold;
    private readonly ulong _pagesPerBlock;

    /// <param name="fraction">Share of the blocks that are recorded, above 0 and up to 1.</param>
    /// <param name="key">Key of the hash, drawn for each recording.</param>
    /// <param name="pageSize">Bytes in a page.</param>
    /// <param name="sparseBytes">Size of a mapping from which on only blocks that hold something are taken.</param>
    internal BlockSample(double fraction, long key, int pageSize, ulong sparseBytes = DefaultSparseBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fraction, 1);
        Fraction = fraction;
        _key = key;
        _pagesPerBlock = BlockBytes / (ulong)pageSize;
        // 2^64 does not fit; everything is included without a look at the hash.
        _threshold = IsEverything ? ulong.MaxValue : (ulong)(fraction * Math.Pow(2, 64));
        SparsePages = sparseBytes / (ulong)pageSize;
    }

    /// <summary>Share of the blocks that are recorded.</summary>
    internal double Fraction { get; }

    /// <summary>Whether every block is recorded.</summary>
    internal bool IsEverything => Fraction >= 1;

    /// <summary>Pages of a mapping from which on only blocks that hold something are taken.</summary>
    internal ulong SparsePages { get; }

    /// <summary>Whether the block of a page is recorded.</summary>
    internal bool Includes(ulong lineage, ulong page)
    {
        if (IsEverything)
            return true;
        Span<byte> bytes = stackalloc byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, lineage);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[sizeof(ulong)..], page / _pagesPerBlock);
        return XxHash3.HashToUInt64(bytes, _key) < _threshold;
    }

    /// <summary>The parts of a range that are recorded, ascending, neighbours joined.</summary>
    internal void Clip(ulong lineage, PageRange range, List<PageRange> parts)
    {
        if (IsEverything)
        {
            parts.Add(range);
            return;
        }

        var open = false;
        for (var start = range.Start; start < range.End;)
        {
            var end = Math.Min(range.End, EndOfBlock(start));
            var isIncluded = Includes(lineage, start);
            if (isIncluded && open)
                parts[^1] = parts[^1] with { End = end };
            else if (isIncluded)
                parts.Add(new PageRange(start, end));
            open = isIncluded;
            start = end;
        }
    }

    /// <summary>The blocks that pages lie in, as far as their mapping goes.</summary>
    internal PageRange BlocksOf(PageRange pages, PageRange mapping) => new(
        Math.Max(mapping.Start, pages.Start / _pagesPerBlock * _pagesPerBlock), Math.Min(mapping.End, EndOfBlock(pages.End - 1)));

    private ulong EndOfBlock(ulong page) => ((page / _pagesPerBlock) + 1) * _pagesPerBlock;
}
