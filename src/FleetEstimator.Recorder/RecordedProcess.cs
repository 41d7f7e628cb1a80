using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Recorder;

/// <summary>
/// One process as the trace knows it: what is mapped and what every page holds. Compares that with what a scan sees and writes the difference as rows.
/// Knows nothing of Linux.
/// </summary>
internal sealed class RecordedProcess
{
    // Rows are handed on after this many, so that a first snapshot of a large process is not kept in memory as rows.
    private const int RowsKept = 65_536;

    private readonly RowRuns _discards = new();
    private readonly RowRuns _changes = new();
    private readonly RowRuns _swapOuts = new();
    private readonly bool _writesSwapOuts;
    private List<PageRange> _mapped = [];
    private PageStates _pages = new();
    private readonly PageMeasure? _measure;
    private bool _isFirstScan = true;
    private uint _programs;

    /// <param name="number">Number of the process in the trace.</param>
    /// <param name="writesSwapOuts">Whether pages seen going to swap are written as <c>observed_swapout</c>; not when the recorder itself sends them there.</param>
    /// <param name="measure">What is written of other data beside the flag; null: nothing.</param>
    internal RecordedProcess(uint number, bool writesSwapOuts, PageMeasure? measure = null)
    {
        (Number, _writesSwapOuts, _measure) = (number, writesSwapOuts, measure);
        Lineage = (ulong)number << 32;
    }

    /// <summary>Number of the process in the trace.</summary>
    internal uint Number { get; }

    /// <summary>Names the program whose memory this is: a fork's is its parent's, until one of them executes another program. No two programs of a trace have the same.</summary>
    internal ulong Lineage { get; private set; }

    /// <summary>How pages come in that are new in the first scan: written since the scan before, or only observed because nobody looked before. Later ones are written.</summary>
    internal OperationKind NewPagesAre { get; init; } = OperationKind.Write;

    /// <summary>What every page holds.</summary>
    internal PageStates Pages => _pages;

    /// <summary>The mapped ranges, ascending and disjoint.</summary>
    internal IReadOnlyList<PageRange> Mapped => _mapped;

    /// <summary>A fork of this process as it is now, under a number of its own. Its row must follow the rows of this process so far.</summary>
    internal RecordedProcess Fork(uint number, OperationKind newPagesAre, ulong timeMicroseconds, Action<TraceRow> append)
    {
        append(new TraceRow(timeMicroseconds, new Operation(OperationKind.Fork, Number, number, 1)));
        return new RecordedProcess(number, _writesSwapOuts, _measure)
        {
            NewPagesAre = newPagesAre,
            Lineage = Lineage,
            _mapped = [.. _mapped],
            _pages = _pages.Clone(),
        };
    }

    /// <summary>The process ended.</summary>
    internal void Exit(ulong timeMicroseconds, Action<TraceRow> append) =>
        append(new TraceRow(timeMicroseconds, new Operation(OperationKind.Exit, Number, 0, 1)));

    /// <summary>Another program took the place of this one since the last scan: everything is unmapped, and what comes is written.</summary>
    internal void Exec(ulong timeMicroseconds, Action<TraceRow> append)
    {
        Map([], timeMicroseconds, append);
        _isFirstScan = false;
        _programs++;
        Lineage = ((ulong)Number << 32) | _programs;
    }

    /// <summary>Compares the ranges mapped until now with those mapped now: what went is unmapped, what came is mapped, one row for each VMA's part of it.</summary>
    /// <param name="mapped">Ascending and disjoint; a copy is kept.</param>
    /// <param name="timeMicroseconds">Time of the rows.</param>
    /// <param name="append">Receives the rows.</param>
    internal void Map(List<PageRange> mapped, ulong timeMicroseconds, Action<TraceRow> append)
    {
        foreach (var gone in PageRange.Difference(_mapped, mapped))
        {
            AppendRange(OperationKind.Unmap, gone, timeMicroseconds, append);
            _pages.Clear(gone);
        }

        foreach (var added in PageRange.Difference(mapped, _mapped))
            AppendRange(OperationKind.Map, added, timeMicroseconds, append);
        _mapped.Clear();
        _mapped.AddRange(mapped);
    }

    /// <summary>Notes what a scan saw of a page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="seen">What was seen.</param>
    /// <param name="bytes">Its content, if it was read: looked at where a row says what it is, and not kept.</param>
    internal void See(ulong page, in PageSighting seen, ReadOnlySpan<byte> bytes = default)
    {
        var before = _pages[page];
        var transition = PageTransition.Between(in before, in seen, _isFirstScan ? NewPagesAre : OperationKind.Write);
        if (transition.IsDiscarded)
            _discards.Add(OperationKind.Discard, Number, page, PageContent.Unknown, 0);
        if (transition.Change is { } change)
        {
            var (fill, compressedBytes) = transition.Content switch
            {
                PageContent.Repeated => (seen.Value, (ushort)0),
                PageContent.Data when _measure is not null && !bytes.IsEmpty => _measure.Of(bytes),
                _ => default,
            };
            _changes.Add(change, Number, page, transition.Content, fill, compressedBytes);
        }

        if (transition.IsSwappedOut && _writesSwapOuts)
            _swapOuts.Add(OperationKind.ObservedSwapOut, Number, page, PageContent.Unknown, 0);
        if (transition.After != before)
            _pages[page] = transition.After;
    }

    /// <summary>Notes that a scan found nothing in a range.</summary>
    internal void SeeNothing(PageRange range)
    {
        for (var page = _pages.FirstHeld(range); page < range.End; page = _pages.FirstHeld(range with { Start = page + 1 }))
            See(page, new PageSighting(Presence.Nowhere));
    }

    /// <summary>Ends a scan: hands on the rest of its rows.</summary>
    internal void EndScan(ulong timeMicroseconds, Action<TraceRow> append)
    {
        Flush(timeMicroseconds, append);
        _isFirstScan = false;
    }

    /// <summary>Hands on the rows noted so far, once enough have gathered.</summary>
    internal void FlushIfMany(ulong timeMicroseconds, Action<TraceRow> append)
    {
        if (_discards.Count + _changes.Count + _swapOuts.Count >= RowsKept)
            Flush(timeMicroseconds, append);
    }

    /// <summary>Discards, then changes, then swap-outs: their order within a scan is not known, and this one keeps every row valid.</summary>
    private void Flush(ulong timeMicroseconds, Action<TraceRow> append)
    {
        foreach (var runs in (ReadOnlySpan<RowRuns>)[_discards, _changes, _swapOuts])
        {
            foreach (var (operation, fill) in runs.Rows)
                append(new TraceRow(timeMicroseconds, operation, fill));
            runs.Clear();
        }
    }

    private void AppendRange(OperationKind kind, PageRange range, ulong timeMicroseconds, Action<TraceRow> append)
    {
        for (var start = range.Start; start < range.End;)
        {
            var pages = (uint)Math.Min(uint.MaxValue, range.End - start);
            append(new TraceRow(timeMicroseconds, new Operation(kind, Number, start, pages)));
            start += pages;
        }
    }
}
