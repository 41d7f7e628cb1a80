using System.Buffers.Binary;

namespace FleetEstimator.Traces.Ipc;

/// <summary>How the buffers of a record batch are stored.</summary>
internal enum BodyCompression
{
    None,
    Lz4Frame,
    Zstd,
}

/// <summary>A range of bytes in the file, checked against it.</summary>
internal readonly record struct FileRange(int Start, int Bytes);

/// <summary>One column's share of a record batch.</summary>
/// <param name="NullCount">As declared: negative when the writer did not count.</param>
/// <param name="Validity">Bitmap, one bit a row; empty when there is none.</param>
/// <param name="Values">The values.</param>
internal readonly record struct ColumnBuffers(long NullCount, FileRange Validity, FileRange Values);

/// <summary>The metadata of one record batch, reduced to the wanted columns, with every range inside the batch's body.</summary>
internal sealed class RecordBatchLayout
{
    private const byte RecordBatchHeader = 3;
    private const int PairBytes = 16;

    private RecordBatchLayout(int rows, BodyCompression compression, ColumnBuffers[] columns)
    {
        Rows = rows;
        Compression = compression;
        Columns = columns;
    }

    /// <summary>What every message begins with since Arrow 0.15, and so does an Arrow stream.</summary>
    public static ReadOnlySpan<byte> MessagePrefix => [0xFF, 0xFF, 0xFF, 0xFF];

    public int Rows { get; }

    public BodyCompression Compression { get; }

    /// <summary>In the order of the wanted columns.</summary>
    public IReadOnlyList<ColumnBuffers> Columns { get; }

    /// <summary>Reads the message at <paramref name="block"/>.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or a length or offset in it does not fit.</exception>
    public static RecordBatchLayout Read(ReadOnlySpan<byte> file, ArrowBlock block, IReadOnlyList<ArrowColumn> wanted)
    {
        var message = FlatTable.Root(MessageOf(file.Slice(block.Metadata, block.MetadataBytes)));
        if (message.Byte(Slot.HeaderKind) != RecordBatchHeader || !message.TryTable(Slot.Header, out var batch))
            throw new InvalidDataException("the footer points to a message that is not a record batch");
        var bodyBytes = message.Int64(Slot.BodyLength);
        if (bodyBytes < 0 || bodyBytes > block.BodyBytes)
            throw new InvalidDataException($"the message claims a body of {bodyBytes} bytes, the footer {block.BodyBytes}");
        var rows = batch.Int64(Slot.Length);
        if (rows is < 0 or > int.MaxValue)
            throw new InvalidDataException($"it claims {rows} rows");
        batch.TryVector(Slot.Nodes, PairBytes, out var nodes);
        batch.TryVector(Slot.Buffers, PairBytes, out var buffers);
        batch.TryVector(Slot.VariadicCounts, sizeof(long), out var variadicCounts);
        var columns = new ColumnBuffers[wanted.Count];
        for (var index = 0; index < columns.Length; index++)
            columns[index] = Locate(wanted[index], rows, nodes, buffers, variadicCounts, new(block.Body, (int)bodyBytes));
        return new((int)rows, CompressionOf(batch), columns);
    }

    // Since Arrow 0.15 a message is prefixed by FFFFFFFF and its length, before by its length alone.
    private static ReadOnlySpan<byte> MessageOf(ReadOnlySpan<byte> encapsulated)
    {
        var prefix = encapsulated.StartsWith(MessagePrefix) ? 2 * sizeof(int) : sizeof(int);
        if (encapsulated.Length < prefix)
            throw new InvalidDataException($"its message has {encapsulated.Length} bytes, fewer than its prefix");
        var length = BinaryPrimitives.ReadInt32LittleEndian(encapsulated[(prefix - sizeof(int))..]);
        if (length < 0 || length > encapsulated.Length - prefix)
            throw new InvalidDataException($"its message claims {length} bytes, but {encapsulated.Length - prefix} follow");
        return encapsulated.Slice(prefix, length);
    }

    private static BodyCompression CompressionOf(FlatTable batch)
    {
        if (!batch.TryTable(Slot.Compression, out var compression))
            return BodyCompression.None;
        var (codec, method) = (compression.Byte(Slot.CompressionCodec), compression.Byte(Slot.CompressionMethod));
        return (codec, method) switch
        {
            (0, 0) => BodyCompression.Lz4Frame,
            (1, 0) => BodyCompression.Zstd,
            _ => throw new InvalidDataException($"it is compressed by codec {codec}, method {method}; LZ4 (0) and Zstd (1) by buffer (0) can be read"),
        };
    }

    private static ColumnBuffers Locate(
        ArrowColumn column, long rows, FlatTable.FlatVector nodes, FlatTable.FlatVector buffers, FlatTable.FlatVector variadicCounts, FileRange body)
    {
        var (node, first) = (column.Node!.Value, (long)column.Buffer);
        for (var index = 0; index < column.VariadicBefore; index++)
        {
            var count = index < variadicCounts.Count ? variadicCounts.Int64(index) : 0;
            if (count < 0 || count > buffers.Count)
                throw new InvalidDataException($"it claims {count} buffers for one column, and has {buffers.Count} in all");
            first += count;
        }

        if (node >= nodes.Count || first + 1 >= buffers.Count)
            throw new InvalidDataException($"it has {nodes.Count} columns and {buffers.Count} buffers, too few to reach column {column.Name}");
        var (length, nullCount) = (BinaryPrimitives.ReadInt64LittleEndian(nodes.Struct(node)), BinaryPrimitives.ReadInt64LittleEndian(nodes.Struct(node)[8..]));
        if (length != rows)
            throw new InvalidDataException($"it has {rows} rows, but column {column.Name} has {length}");
        return new(nullCount, RangeOf(buffers.Struct((int)first), body, column), RangeOf(buffers.Struct((int)first + 1), body, column));
    }

    private static FileRange RangeOf(ReadOnlySpan<byte> buffer, FileRange body, ArrowColumn column)
    {
        var (offset, bytes) = (BinaryPrimitives.ReadInt64LittleEndian(buffer), BinaryPrimitives.ReadInt64LittleEndian(buffer[8..]));
        if (bytes == 0)
            return default;
        if (offset < 0 || bytes < 0 || bytes > body.Bytes || offset > body.Bytes - bytes)
            throw new InvalidDataException($"column {column.Name} has a buffer of {bytes} bytes at {offset}, but the body has {body.Bytes} bytes");
        return new(body.Start + (int)offset, (int)bytes);
    }

    // Field numbers in the tables of Arrow's Message.fbs.
    private static class Slot
    {
        public const int HeaderKind = 1;
        public const int Header = 2;
        public const int BodyLength = 3;
        public const int Length = 0;
        public const int Nodes = 1;
        public const int Buffers = 2;
        public const int Compression = 3;
        public const int VariadicCounts = 4;
        public const int CompressionCodec = 0;
        public const int CompressionMethod = 1;
    }
}
