using System.Numerics;

namespace FleetEstimator.Traces;

/// <summary>
/// When pages were last accessed, by window: two bytes a page, in blocks of 512 as page tables are. From it follow the distinct pages accessed in windows of
/// every length at once, and the heatmap.
/// </summary>
/// <remarks>
/// A page accessed in window w, and before that in window v, is new to every longer window that holds w but not v: to those joined k times for which w and v
/// differ after k bits are dropped. So one pass counts for all lengths.
/// </remarks>
internal sealed class PageLedger
{
    public const int PagesPerBlock = 512;

    // Parts of a block that the heatmap tells apart as long as there are few blocks.
    private const int FineParts = 8;
    private const int FineBlocksMax = 2048;

    private const ushort NeverSeen = 0;
    private const ushort NotAccessed = 1;
    private const ushort FirstWindow = 2;

    private readonly TimeWindows _windows;
    private readonly long[][] _accessed;
    private readonly Dictionary<uint, ProcessPages> _live = [];
    private readonly List<ProcessPages> _all = [];
    private ProcessPages? _lastProcess;
    private Block? _lastBlock;
    private ulong _lastBlockNumber;
    private long _marked;
    private int _blocks;
    private int _parts = FineParts;

    public PageLedger(TimeWindows windows)
    {
        _windows = windows;
        _accessed = [.. Enumerable.Range(0, windows.Levels).Select(level => new long[((windows.Count - 1) >> level) + 1])];
    }

    /// <summary>Distinct pages accessed ever.</summary>
    public long DistinctAccessed { get; private set; }

    /// <summary>Pages of a row of <see cref="Rows"/>.</summary>
    public int PagesPerRow => PagesPerBlock / _parts;

    /// <summary>Distinct pages accessed in each window of a level: those joined in pairs <paramref name="level"/> times. The last one may be cut short.</summary>
    public ReadOnlySpan<long> Accessed(int level) => _accessed[level];

    /// <summary>Distinct pages accessed in each column of a chart.</summary>
    public ReadOnlySpan<long> AccessedByColumn => _accessed[_windows.ColumnShift];

    /// <summary>A run was accessed in a window, which never lies before that of an earlier call.</summary>
    public void Access(uint process, ulong page, uint pages, int window) => Visit(process, page, pages, (ushort)(window + FirstWindow));

    /// <summary>A run was seen in memory, without an access.</summary>
    public void See(uint process, ulong page, uint pages) => Visit(process, page, pages, NotAccessed);

    /// <summary>Marks a page that has been seen or accessed.</summary>
    public void Mark(uint process, ulong page)
    {
        ref var marks = ref BlockAt(process, page / PagesPerBlock).MarksOf(page);
        _marked += (marks & MarkOf(page)) == 0 ? 1 : 0;
        marks |= MarkOf(page);
    }

    /// <summary>Takes the marks off a run. How many there were.</summary>
    public int Unmark(uint process, ulong page, uint pages)
    {
        var taken = 0;
        for (var left = pages; left > 0 && _marked > 0 && _live.TryGetValue(process, out var found); page++, left--)
        {
            if (!found.Blocks.TryGetValue(page / PagesPerBlock, out var block) || !block.HasMarks)
            {
                // On to the last page of the block.
                var skipped = (uint)Math.Min(left - 1, PagesPerBlock - 1 - (page % PagesPerBlock));
                (page, left) = (page + skipped, left - skipped);
                continue;
            }

            ref var marks = ref block.MarksOf(page);
            taken += (marks & MarkOf(page)) != 0 ? 1 : 0;
            marks &= ~MarkOf(page);
        }

        _marked -= taken;
        return taken;
    }

    /// <summary>A process has ended: its number may be used again.</summary>
    public void Exit(uint process)
    {
        if (_live.Remove(process, out var pages))
            _marked -= pages.End();
        (_lastProcess, _lastBlock) = (null, null);
    }

    /// <summary>Every stretch of memory that was seen or accessed, by process (in the order they appeared) and address.</summary>
    public IEnumerable<LedgerRow> Rows()
    {
        foreach (var process in _all)
        {
            foreach (var (number, block) in process.Blocks.OrderBy(pair => pair.Key))
            {
                for (var part = 0; part < _parts; part++)
                {
                    var page = (number * PagesPerBlock) + (ulong)(part * PagesPerRow);
                    if (block.Seen[part] > 0)
                        yield return new(process.Number, page, page + (ulong)PagesPerRow, block.Seen[part], block.HeatOf(part, _windows.Columns));
                }
            }
        }
    }

    private static ulong MarkOf(ulong page) => 1UL << (int)(page % 64);

    private void Visit(uint process, ulong page, uint pages, ushort stamp)
    {
        while (pages > 0)
        {
            var first = (int)(page % PagesPerBlock);
            var count = (int)Math.Min(pages, (uint)(PagesPerBlock - first));
            var block = BlockAt(process, page / PagesPerBlock);
            for (var at = first; at < first + count;)
                at += VisitAlike(block, at, Math.Min(first + count, ((at / PagesPerRow) + 1) * PagesPerRow), stamp);
            page += (ulong)count;
            pages -= (uint)count;
        }
    }

    /// <summary>Takes the pages from <paramref name="at"/> on whose last stamp is the same. How many.</summary>
    private int VisitAlike(Block block, int at, int end, ushort stamp)
    {
        var span = block.Last.AsSpan(at, end - at);
        var before = span[0];
        var alike = span.IndexOfAnyExcept(before);
        var count = alike < 0 ? span.Length : alike;
        if (before >= stamp)
            return count;
        var part = at / PagesPerRow;
        if (before == NeverSeen)
            block.Seen[part] += (ushort)count;
        span[..count].Fill(stamp);
        if (stamp >= FirstWindow)
            Count(block, part, before, stamp, count);
        return count;
    }

    private void Count(Block block, int part, ushort before, ushort stamp, int pages)
    {
        var window = stamp - FirstWindow;
        var levels = _accessed.Length;
        if (before < FirstWindow)
            DistinctAccessed += pages;
        else
            levels = Math.Min(levels, 32 - BitOperations.LeadingZeroCount((uint)(window ^ (before - FirstWindow))));
        for (var level = 0; level < levels; level++)
            _accessed[level][window >> level] += pages;
        if (levels > _windows.ColumnShift)
            block.Heat[(part * _windows.Columns) + (window >> _windows.ColumnShift)] += (ushort)pages;
    }

    private Block BlockAt(uint process, ulong number)
    {
        if (_lastProcess is not { } pages || pages.Number != process)
        {
            if (!_live.TryGetValue(process, out pages))
            {
                _live.Add(process, pages = new(process));
                _all.Add(pages);
            }

            (_lastProcess, _lastBlock) = (pages, null);
        }
        else if (_lastBlock is { } last && _lastBlockNumber == number)
        {
            return last;
        }

        if (!pages.Blocks.TryGetValue(number, out var block))
        {
            if (++_blocks > FineBlocksMax && _parts > 1)
                Coarsen();
            pages.Blocks.Add(number, block = new(_parts, _windows.Columns));
        }

        (_lastBlock, _lastBlockNumber) = (block, number);
        return block;
    }

    private void Coarsen()
    {
        foreach (var block in _all.SelectMany(process => process.Blocks.Values))
            block.JoinParts(_windows.Columns);
        _parts = 1;
    }

    private sealed class ProcessPages(uint number)
    {
        public uint Number { get; } = number;

        public Dictionary<ulong, Block> Blocks { get; } = [];

        /// <summary>What counts is kept, what only tells windows and pages apart is not. How many pages were marked.</summary>
        public long End() => Blocks.Values.Sum(block => (long)block.End());
    }

    private sealed class Block(int parts, int columns)
    {
        /// <summary>For each page 0 = never seen, 1 = seen, not accessed, otherwise 2 + the last window in which it was accessed.</summary>
        public ushort[] Last = new ushort[PagesPerBlock];

        /// <summary>Distinct pages ever seen or accessed, by part.</summary>
        public ushort[] Seen = new ushort[parts];

        /// <summary>Distinct pages accessed, by part and column.</summary>
        public ushort[] Heat = new ushort[parts * columns];

        private ulong[]? _marks;

        public bool HasMarks => _marks != null;

        public ref ulong MarksOf(ulong page) => ref (_marks ??= new ulong[PagesPerBlock / 64])[(int)(page % PagesPerBlock) / 64];

        public int End()
        {
            var marked = _marks?.Sum(BitOperations.PopCount) ?? 0;
            (Last, _marks) = ([], null);
            return marked;
        }

        public ReadOnlyMemory<ushort> HeatOf(int part, int columns) => Heat.AsMemory(part * columns, columns);

        public void JoinParts(int columns)
        {
            var heat = new ushort[columns];
            for (var at = 0; at < Heat.Length; at++)
                heat[at % columns] += Heat[at];
            (Heat, Seen) = (heat, [(ushort)Seen.Sum(pages => pages)]);
        }
    }
}

/// <summary>A stretch of memory of a process.</summary>
/// <param name="Process">Its process.</param>
/// <param name="Page">Its first page.</param>
/// <param name="EndPage">The page after its last.</param>
/// <param name="Seen">Distinct pages of it that were ever seen or accessed.</param>
/// <param name="Accessed">Distinct pages of it accessed, by column.</param>
internal readonly record struct LedgerRow(uint Process, ulong Page, ulong EndPage, int Seen, ReadOnlyMemory<ushort> Accessed);
