using System.Buffers.Binary;

namespace FleetEstimator.Traces.Ipc;

/// <summary>Where one record batch stands in a file. The ranges lie inside the file.</summary>
/// <param name="Metadata">Offset of the encapsulated message.</param>
/// <param name="MetadataBytes">Length of the message with its prefix and padding; the body follows.</param>
/// <param name="BodyBytes">Length of the body.</param>
internal readonly record struct ArrowBlock(int Metadata, int MetadataBytes, int BodyBytes)
{
    public int Body => Metadata + MetadataBytes;
}

/// <summary>The footer of an Arrow IPC file: schema, and where the record batches are. Every offset has been checked against the file.</summary>
internal sealed class ArrowFile
{
    private const int BlockBytes = 24;
    private const int MetadataVersion4 = 3;
    private const int MetadataVersion5 = 4;

    private ArrowFile(ArrowSchema schema, ArrowBlock[] batches)
    {
        Schema = schema;
        Batches = batches;
    }

    public ArrowSchema Schema { get; }

    public IReadOnlyList<ArrowBlock> Batches { get; }

    private static ReadOnlySpan<byte> Magic => "ARROW1"u8;

    private static ReadOnlySpan<byte> Gzip => [0x1F, 0x8B];

    private static ReadOnlySpan<byte> Zstd => [0x28, 0xB5, 0x2F, 0xFD];

    private static ReadOnlySpan<byte> Lz4Frame => [0x04, 0x22, 0x4D, 0x18];

    /// <summary>What follows the footer: its length, then the magic letters.</summary>
    public static int TrailerBytes => sizeof(int) + Magic.Length;

    // Magic, two bytes of padding; trailer.
    private static int FrameBytes => 8 + TrailerBytes;

    /// <summary>
    /// Says what <paramref name="file"/> is, and what to do, when it is not a whole Arrow file; null when it looks like one. The first and the last
    /// 32 bytes of a longer file are enough.
    /// </summary>
    public static (string Problem, string Remedy)? Mismatch(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty)
            return ("the file is empty", "Record or copy it again");
        if (!file.StartsWith(Magic))
            return MismatchByFirstBytes(file);
        if (file.Length < FrameBytes || !file.EndsWith(Magic))
        {
            return ("the file is truncated: an Arrow file ends with its footer and the letters ARROW1, and this one does not",
                "The recording was interrupted or the copy is not complete; record or copy it again");
        }

        return null;
    }

    /// <summary>Bytes of the footer of a file in which <see cref="Mismatch"/> found nothing.</summary>
    /// <param name="trailer">The file's last <see cref="TrailerBytes"/> bytes.</param>
    /// <param name="fileBytes">Length of the file.</param>
    /// <exception cref="InvalidDataException">The file has no room for so many.</exception>
    public static int FooterBytes(ReadOnlySpan<byte> trailer, long fileBytes)
    {
        var footerBytes = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        return footerBytes > 0 && footerBytes <= fileBytes - FrameBytes
            ? footerBytes
            : throw new InvalidDataException($"the footer claims {footerBytes} bytes, but the file has {fileBytes - FrameBytes} for it");
    }

    /// <summary>Reads the footer of a file in which <see cref="Mismatch"/> found nothing.</summary>
    /// <exception cref="InvalidDataException">The footer is damaged, or points outside the file.</exception>
    public static ArrowFile Read(ReadOnlySpan<byte> file)
    {
        var footerBytes = FooterBytes(file[^TrailerBytes..], file.Length);
        var footerStart = file.Length - TrailerBytes - footerBytes;
        return ReadFooter(file.Slice(footerStart, footerBytes), footerStart);
    }

    /// <summary>Reads a footer that begins at <paramref name="footerStart"/> of its file.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or points beyond its own start.</exception>
    public static ArrowFile ReadFooter(ReadOnlySpan<byte> bytes, int footerStart)
    {
        var footer = FlatTable.Root(bytes);
        var version = footer.Int16(Slot.Version);
        if (version is not (MetadataVersion4 or MetadataVersion5))
            throw new InvalidDataException($"the footer is of metadata version V{version + 1}; V4 and V5 can be read");
        if (!footer.TryTable(Slot.Schema, out var schema))
            throw new InvalidDataException("the footer holds no schema");
        return new(
            ArrowSchema.Read(schema, unionsHaveValidity: version == MetadataVersion4),
            ReadBlocks(footer, footerStart));
    }

    private static ArrowBlock[] ReadBlocks(FlatTable footer, int footerStart)
    {
        // Writers list none by an empty vector.
        if (!footer.TryVector(Slot.RecordBatches, BlockBytes, out var vector))
            throw new InvalidDataException("the footer does not say where the record batches are");
        var blocks = new ArrowBlock[vector.Count];
        for (var index = 0; index < blocks.Length; index++)
        {
            var block = vector.Struct(index);
            var offset = BinaryPrimitives.ReadInt64LittleEndian(block);
            long metadataBytes = BinaryPrimitives.ReadInt32LittleEndian(block[8..]);
            var bodyBytes = BinaryPrimitives.ReadInt64LittleEndian(block[16..]);
            if (offset < 0 || metadataBytes < 0 || bodyBytes < 0 || bodyBytes > footerStart || offset > footerStart - metadataBytes - bodyBytes)
            {
                throw new InvalidDataException(
                    $"the footer places record batch {index} at {offset}, {metadataBytes} + {bodyBytes} bytes, but the footer itself starts at {footerStart}");
            }

            blocks[index] = new((int)offset, (int)metadataBytes, (int)bodyBytes);
        }

        RequireApart(blocks);
        return blocks;
    }

    // A footer that lists the same bytes over and over would turn a small file into many rows, or one batch into another unnoticed.
    private static void RequireApart(ArrowBlock[] blocks)
    {
        var end = 0;
        foreach (var block in blocks.OrderBy(block => block.Metadata))
        {
            if (block.Metadata < end)
                throw new InvalidDataException($"the footer places a record batch at {block.Metadata}, inside another that ends at {end}");
            end = block.Body + block.BodyBytes;
        }
    }

    private static (string Problem, string Remedy) MismatchByFirstBytes(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith(RecordBatchLayout.MessagePrefix))
        {
            return ("this is an Arrow stream, not an Arrow file: it has no footer",
                "Write it with the file writer of your Arrow library (in Python pyarrow.ipc.new_file instead of new_stream)");
        }

        if (file.StartsWith("PAR1"u8))
            return ("this is a Parquet file, not an Arrow file", "Convert it to an Arrow IPC file");
        if (file.StartsWith("FEA1"u8))
            return ("this is a Feather file of version 1, not an Arrow file", "Write it again as Feather version 2, which is the Arrow IPC file");
        if (file.StartsWith(Gzip) || file.StartsWith(Zstd) || file.StartsWith(Lz4Frame))
        {
            return ("the file is compressed as a whole; an Arrow file begins with the letters ARROW1",
                "Decompress it; to save space use the body compression of the Arrow file itself");
        }

        if (file.StartsWith("{\"format\":\"node-counters\""u8))
            return ("this is a counters file: counter-only, and not to be simulated", "Name traces, such as *.arrow; counters are found beside them");
        return ("this is not an Arrow file, which begins with the letters ARROW1", "Give the path of a page-content trace");
    }

    // Field numbers in the table Footer of Arrow's File.fbs.
    private static class Slot
    {
        public const int Version = 0;
        public const int Schema = 1;
        public const int RecordBatches = 3;
    }
}
