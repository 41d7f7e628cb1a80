using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>What pages filled with zeros stand for in a dump that does not say which of them exist.</summary>
internal enum ZeroPages : byte
{
    /// <summary>The file has holes: pages of zeros in its data exist.</summary>
    AsWritten,

    /// <summary>All exist.</summary>
    Resident,

    /// <summary>None exists.</summary>
    Untouched,
}

/// <summary>Classifies the pages of dumped memory and writes them as observed.</summary>
/// <param name="trace">The trace to write.</param>
/// <param name="zeroPages">What pages of zeros stand for.</param>
/// <param name="holesAreZeros">Whether holes only store zeros shortly, as in dumps of machines; otherwise they are pages that do not exist.</param>
internal sealed class DumpedPages(ImportedTrace trace, ZeroPages zeroPages, bool holesAreZeros = false)
{
    private const int ChunkPages = 256;

    private readonly byte[] _chunk = new byte[ChunkPages * trace.Header.PageSize];

    /// <summary>Pages with data other than zeros.</summary>
    public long DataPages { get; private set; }

    /// <summary>Pages of zeros that are in the file.</summary>
    public long ZeroFilledPages { get; private set; }

    /// <summary>Pages that are holes.</summary>
    public long HolePages { get; private set; }

    /// <summary>Writes the pages of a stretch of memory.</summary>
    /// <param name="file">The dump.</param>
    /// <param name="process">Whose memory it is.</param>
    /// <param name="offset">Where the stretch begins in the file.</param>
    /// <param name="page">Its first page.</param>
    /// <param name="pages">How many pages are in the file.</param>
    public void Write(ImportFile file, uint process, long offset, ulong page, long pages)
    {
        var pageBytes = trace.Header.PageSize;
        var end = offset + (pages * pageBytes);
        for (var at = offset; at < end;)
        {
            if (file.NextData(at) is not { } data || data.Start >= end)
            {
                WriteHole(process, page + (ulong)((at - offset) / pageBytes), (end - at) / pageBytes);
                return;
            }

            // A page is a hole only if all of it is; file systems' blocks may lie across pages.
            var start = Math.Max(at, offset + ((data.Start - offset) / pageBytes * pageBytes));
            var stop = Math.Min(end, offset + ((data.End - offset + pageBytes - 1) / pageBytes * pageBytes));
            WriteHole(process, page + (ulong)((at - offset) / pageBytes), (start - at) / pageBytes);
            WriteData(file, process, start, page + (ulong)((start - offset) / pageBytes), (stop - start) / pageBytes);
            at = stop;
        }
    }

    private void WriteHole(uint process, ulong page, long pages)
    {
        if (!holesAreZeros)
        {
            HolePages += pages;
            return;
        }

        ZeroFilledPages += pages;
        if (zeroPages != ZeroPages.Untouched && pages > 0)
            trace.Add(0, OperationKind.Observe, process, page, (ulong)pages, PageContent.Zero);
    }

    private void WriteData(ImportFile file, uint process, long offset, ulong page, long pages)
    {
        var pageBytes = trace.Header.PageSize;
        for (long done = 0; done < pages;)
        {
            var count = (int)Math.Min(ChunkPages, pages - done);
            trace.Place = (file, "byte", offset + (done * pageBytes));
            var chunk = _chunk.AsSpan(0, count * pageBytes);
            if (file.ReadAt(offset + (done * pageBytes), chunk) < chunk.Length)
                throw trace.Wrong(null, "the file ends within the pages it declares", "Dump or copy the file again");
            for (var index = 0; index < count; index++)
            {
                var content = ContentScan.Classify(chunk.Slice(index * pageBytes, pageBytes), out var word);
                if (content != PageContent.Zero)
                {
                    DataPages++;
                }
                else
                {
                    ZeroFilledPages++;
                    if (zeroPages == ZeroPages.Untouched)
                        continue;
                }

                trace.Add(0, OperationKind.Observe, process, page + (ulong)(done + index), 1, content, word);
            }

            done += count;
        }
    }

    /// <summary>What <c>--zero-pages</c> says; null if it was not given.</summary>
    public static ZeroPages? Asked(ImportJob job) => job.Options.Word("zero-pages", "resident", "untouched") switch
    {
        "resident" => ZeroPages.Resident,
        "untouched" => ZeroPages.Untouched,
        _ => null,
    };

    /// <summary>The option that decides what the file leaves open.</summary>
    public static ImportOption Option { get; } = new(
        "zero-pages", "resident|untouched", "What pages of zeros stand for in a dump without holes: memory that was written, or memory never touched. Needed there: the zero share is anything between the two.");
}
