using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>What the catalogue says of a trace's rows.</summary>
/// <param name="Rows">Number of rows.</param>
/// <param name="DurationMicroseconds">The last time; 0 without rows.</param>
/// <param name="ContentPages">Pages by stated content.</param>
/// <param name="ZeroShare">Shares of zero-filled pages; null if only a replay can tell them (<see cref="TraceReplay.ZeroSharesOf"/>).</param>
internal readonly record struct TraceFacts(long Rows, ulong DurationMicroseconds, ContentPages ContentPages, ZeroShares? ZeroShare)
{
    /// <summary>Reads a scan to its end.</summary>
    /// <param name="scan">At its beginning.</param>
    /// <param name="take">Is given every batch that is not empty: columns and number of rows.</param>
    /// <exception cref="TraceException">A batch is not acceptable.</exception>
    public static TraceFacts Of(TraceScan scan, Action<TraceArrays, int> take)
    {
        Span<ulong> pages = stackalloc ulong[(int)PageContent.Data + 1];
        pages.Clear();
        var duration = 0ul;
        var knowsContent = scan.Header.Capability == Capability.ContentKnown;
        var resident = knowsContent ? new ResidentTally(scan.Header.PageSize) : null;
        while (scan.Next())
        {
            if (scan.BatchRows == 0)
                continue;
            Count(scan.Batch, scan.BatchRows, pages);
            if (resident?.IsExact == true)
                resident.Take(scan.Batch, scan.BatchRows);
            duration = scan.Batch.Times[scan.BatchRows - 1];
            take(scan.Batch, scan.BatchRows);
        }

        ContentPages content = new(pages[(int)PageContent.Zero], pages[(int)PageContent.Repeated], pages[(int)PageContent.Data], pages[(int)PageContent.Unknown]);

        // As long as the tally is exact nothing is swapped out, and these denominators are empty.
        return new(scan.Rows, duration, content, resident is null ? new() : resident.IsExact ? new() { ResidentPages = resident.Share } : null);
    }

    private static void Count(TraceArrays columns, int rows, Span<ulong> pages)
    {
        for (var row = 0; row < rows; row++)
        {
            var content = columns.Contents[row];
            if (columns.Kinds[row] is OperationKind.Write or OperationKind.Observe || (columns.Kinds[row] == OperationKind.Access && content != PageContent.Unknown))
                pages[(int)content] += columns.PageCounts[row];
        }
    }
}
