using System.Buffers.Binary;
using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// libCacheSim's oracleGeneral: little-endian records of 24 bytes — time in seconds (u32), object (u64), its size in bytes (u32), the number of the next
/// request for the object (i64, −1 or the greatest = none) — plain or as Zstandard.
/// </summary>
internal sealed class OracleGeneralImporter : Importer
{
    private const int RecordBytes = 24;

    /// <inheritdoc/>
    public override string Format => "oracle-general";

    /// <inheritdoc/>
    public override string Description => "Requests of a libCacheSim trace, oracleGeneral, plain or .zst.";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.AccessOnly];

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options =>
    [
        new("objects", "pages|numbered", "pages: an object is the page of that number, as in block and page traces; numbered: objects are given pages in the order of their first request. Default: pages."),
        new("operation", "OP", "What a request is: access (default), read or write."),
    ];

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        var kind = job.Options.Word("operation", "access", "read", "write") switch
        {
            "read" => OperationKind.Read,
            "write" => OperationKind.Write,
            _ => OperationKind.Access,
        };
        var isNumbered = job.Options.Word("objects", "pages", "numbered") == "numbered";
        var stream = new PeekStream(job.File.Stream);
        using var decompressed = stream.Peek(4) is [0x28, 0xB5, 0x2F, 0xFD] ? new ZstdSharp.DecompressionStream(stream) : (Stream)stream;
        var trace = job.BeginTrace(Capability.AccessOnly, "exact", new NodeFacts { IntervalMicroseconds = 1_000_000 });
        var pageBytes = (ulong)trace.Header.PageSize;
        var objects = new Dictionary<ulong, (ulong Page, uint Pages)>();
        var nextPage = 0UL;
        var origin = 0u;
        var record = new byte[RecordBytes];
        for (long index = 0; ; index++)
        {
            trace.Place = (job.File, "record", index);
            var read = Fill(decompressed, record, trace);
            if (read == 0)
            {
                if (index == 0)
                    throw job.Wrong("the file is empty", "Give a trace in the format oracleGeneral");
                break;
            }

            if (read < RecordBytes)
                throw trace.Wrong(null, $"the file ends after {read} of the record's {RecordBytes} bytes", "The file is cut short, or not oracleGeneral; copy it again");
            var time = BinaryPrimitives.ReadUInt32LittleEndian(record);
            var id = BinaryPrimitives.ReadUInt64LittleEndian(record.AsSpan(4));
            var size = BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(12));
            var next = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(16));
            if (next < -2)
                throw trace.Wrong("next_access", $"{next} is no number of a request", "Other formats of libCacheSim (oracleGeneralOpNS, LCS) have other records: convert with traceConv to oracleGeneral");
            if (index == 0)
                origin = time;
            if (time < origin)
                throw trace.Wrong("time", $"{time} lies before that of the first record, {origin}", "Sort the trace by time");
            var pages = (uint)Math.Max(1, (size + pageBytes - 1) / pageBytes);
            var page = id;
            if (isNumbered)
            {
                if (!objects.TryGetValue(id, out var known))
                {
                    if (objects.Count == job.Limits.ItemsMax)
                        throw trace.Wrong("object", $"there are more than {job.Limits.ItemsMax} objects", "Import a shorter part of the trace");
                    objects.Add(id, known = (nextPage, pages));
                    nextPage += pages;
                }

                (page, pages) = known;
            }
            else if (pages > 1)
            {
                throw trace.Wrong("size", $"object {id} has {size} bytes, more than a page of {pageBytes}, and would reach into the next object", "Give --objects numbered");
            }
            else if (id >= TraceFormat.AddressSpacePages(trace.Header.PageSize))
            {
                throw trace.Wrong("object", $"{id} is no number of a page, but perhaps a hash", "Give --objects numbered");
            }

            trace.Use((ulong)(time - origin) * 1_000_000, new Operation(kind, 0, page, 0), pages);
        }

        job.Note("times are whole seconds" + (isNumbered ? "; pages are numbered in the order in which objects are first requested, so which lie side by side means nothing" : ""));
        job.Note("each block of 512 pages is mapped when it is first used");
    }

    private static int Fill(Stream stream, byte[] record, ImportedTrace trace)
    {
        try
        {
            return stream.ReadAtLeast(record, RecordBytes, throwOnEndOfStream: false);
        }
        catch (Exception exception) when (exception is ZstdSharp.ZstdException or EndOfStreamException)
        {
            throw trace.Wrong(null, $"it cannot be decompressed ({exception.Message.TrimEnd('.')})", "Copy the file again; zstd -t tells whether it is whole");
        }
    }
}
