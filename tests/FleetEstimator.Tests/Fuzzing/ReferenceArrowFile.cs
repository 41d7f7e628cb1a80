using System.Buffers.Binary;
using System.Text;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Tests.Fuzzing;

/// <summary>
/// Reads traces from Arrow files a second time, by the format's specification and nothing else: slowly, without limits, trusting everything. What the reader under test
/// accepts it must read in the same way. It notes every place it looks at, so that a fuzzer can change just these.
/// </summary>
internal sealed class ReferenceArrowFile
{
    // Numbers of types in Arrow's Schema.fbs.
    private const byte Int = 2;
    private const byte BinaryView = 23;
    private const byte Utf8View = 24;

    private readonly byte[] _file;
    private readonly List<(int Offset, int Width)> _structure = [];
    private readonly List<(int Offset, int Width)> _bodies = [];

    private ReferenceArrowFile(byte[] file) => _file = file;

    /// <summary>The rows, column by column as the file has them.</summary>
    public TraceRow[] Rows { get; private set; } = [];

    /// <summary>Places of numbers that say where things are and how long.</summary>
    public IReadOnlyList<(int Offset, int Width)> Structure => _structure;

    /// <summary>Buffers of the columns.</summary>
    public IReadOnlyList<(int Offset, int Width)> Bodies => _bodies;

    /// <summary>Where the footer lists record batches, 24 bytes each.</summary>
    public (int Offset, int Count) Blocks { get; private set; }

    /// <exception cref="NotSupportedException">There are columns of types that this reader does not know.</exception>
    public static ReferenceArrowFile Read(byte[] bytes)
    {
        var file = new ReferenceArrowFile(bytes);
        var footerLength = file.Int32(bytes.Length - 10);
        var footer = file.Root(bytes.Length - 10 - footerLength);
        var columns = file.Columns(file.Pointer(file.Field(footer, 1)));
        var rows = new List<TraceRow>();
        var blocks = file.Vector(file.Field(footer, 3));
        file.Blocks = blocks;
        for (var block = 0; block < blocks.Count; block++)
        {
            var at = blocks.Offset + (24 * block);
            rows.AddRange(file.Batch((int)file.Int64(at), file.Int32(at + 8), columns));
            file.Int64(at + 16);
        }

        file.Rows = [.. rows];
        return file;
    }

    private IEnumerable<TraceRow> Batch(int start, int metadataLength, Dictionary<string, (int Buffer, int Variadic, int Bytes)> columns)
    {
        var message = Root(Int32(start) == -1 ? start + 8 : start + 4);
        Int32(start + 4);
        Int64(Field(message, 3));
        var batch = Pointer(Field(message, 2));
        var count = Field(batch, 0) is > 0 and var length ? (int)Int64(length) : 0;
        var nodes = Vector(Field(batch, 1));
        for (var node = 0; node < nodes.Count; node++)
        {
            Int64(nodes.Offset + (16 * node));
            Int64(nodes.Offset + (16 * node) + 8);
        }

        var buffers = Vector(Field(batch, 2));
        var compression = Field(batch, 3) is > 0 and var compressed ? Pointer(compressed) : 0;
        var codec = compression == 0 ? (CompressionCodecType?)null : Field(compression, 0) is > 0 and var type && _file[type] == 1 ? CompressionCodecType.Zstd : CompressionCodecType.Lz4Frame;
        var variadic = Vector(Field(batch, 4));
        ulong[] Values(string name)
        {
            var (buffer, before, bytes) = columns[name];
            for (var view = 0; view < before; view++)
                buffer += (int)Int64(variadic.Offset + (8 * view));
            Int64(buffers.Offset + (16 * buffer));
            Int64(buffers.Offset + (16 * buffer) + 8);
            var at = buffers.Offset + (16 * (buffer + 1));
            var (offset, width) = (start + metadataLength + (int)Int64(at), (int)Int64(at + 8));
            _bodies.Add((offset, width));
            var values = Decoded(offset, width, codec, count * bytes);
            return [.. Enumerable.Range(0, count).Select(row => Number(values.AsSpan(row * bytes, bytes)))];
        }

        var (times, kinds, processes, pages) = (Values("time_us"), Values("op"), Values("process"), Values("page"));
        var (counts, contents, fills, sizes) = (Values("pages"), Values("content"), Values("fill"), Values("compressed_bytes"));
        return Enumerable.Range(0, count).Select(row => new TraceRow(
            times[row],
            new Operation((OperationKind)kinds[row], (uint)processes[row], pages[row], (uint)counts[row], (PageContent)contents[row], (ushort)sizes[row]),
            fills[row]));
    }

    private byte[] Decoded(int offset, int width, CompressionCodecType? type, int bytes)
    {
        if (bytes == 0)
            return [];
        if (type is not { } compression)
            return _file[offset..(offset + width)];
        var length = Int64(offset);
        if (length == -1)
            return _file[(offset + 8)..(offset + width)];
        // What Apache Arrow for JavaScript declares: the compressed length.
        if (length == width - 8 && length < bytes)
            length = (bytes + 63) / 64 * 64;
        var values = new byte[length];
        using var codec = new CompressionCodecFactory().CreateCodec(compression);
        codec.Decompress(_file.AsMemory(offset + 8, width - 8), values);
        return values;
    }

    /// <summary>Name to number of the first buffer, views before it, and bytes of a value.</summary>
    private Dictionary<string, (int Buffer, int Variadic, int Bytes)> Columns(int schema)
    {
        var columns = new Dictionary<string, (int, int, int)>(StringComparer.Ordinal);
        var fields = Vector(Field(schema, 1));
        var (buffer, variadic) = (0, 0);
        for (var index = 0; index < fields.Count; index++)
        {
            var field = Pointer(fields.Offset + (4 * index));
            var name = Vector(Field(field, 0));
            var isDictionary = Field(field, 4) > 0;
            var type = isDictionary ? Int : _file[Field(field, 2)];
            var bits = type == Int && !isDictionary ? Int32(Field(Pointer(Field(field, 3)), 0)) : 0;
            columns[Encoding.UTF8.GetString(_file, name.Offset, name.Count)] = (buffer, variadic, bits / 8);
            buffer += BuffersOf(type);
            variadic += type is BinaryView or Utf8View ? 1 : 0;
        }

        return columns;
    }

    // Record batches keep the indices of a dictionary only, like any number.
    private static int BuffersOf(byte type) => type switch
    {
        1 => 0,
        13 => 1,
        Int or 3 or 6 or 7 or 8 or 9 or 10 or 11 or 15 or 18 or BinaryView or Utf8View => 2,
        4 or 5 or 19 or 20 => 3,
        _ => throw new NotSupportedException($"What a column of type {type} has depends on more than this reader looks at."),
    };

    // Tables of flatbuffers: an offset to a list of the fields' places.
    private int Field(int table, int slot)
    {
        var list = table - Int32(table);
        if (4 + (2 * slot) >= UInt16(list))
            return 0;
        var offset = UInt16(list + 4 + (2 * slot));
        return offset == 0 ? 0 : table + offset;
    }

    private int Root(int at) => Pointer(at);

    private int Pointer(int at) => at + Int32(at);

    private (int Offset, int Count) Vector(int field)
    {
        if (field == 0)
            return default;
        var at = Pointer(field);
        return (at + 4, Int32(at));
    }

    private int UInt16(int at)
    {
        _structure.Add((at, 2));
        return BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan(at));
    }

    private int Int32(int at)
    {
        _structure.Add((at, 4));
        return BinaryPrimitives.ReadInt32LittleEndian(_file.AsSpan(at));
    }

    private long Int64(int at)
    {
        if (at == 0)
            return 0;
        _structure.Add((at, 8));
        return BinaryPrimitives.ReadInt64LittleEndian(_file.AsSpan(at));
    }

    private static ulong Number(ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        for (var index = bytes.Length - 1; index >= 0; index--)
            value = (value << 8) | bytes[index];
        return value;
    }
}
