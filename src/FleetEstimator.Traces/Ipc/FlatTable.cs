using System.Buffers.Binary;
using System.Text;

namespace FleetEstimator.Traces.Ipc;

/// <summary>
/// A table in a FlatBuffers message, read field by field with every offset checked against the message. The bytes are not trusted: whatever points
/// outside them throws <see cref="InvalidDataException"/>, and nothing is allocated but the strings asked for.
/// </summary>
/// <remarks>
/// Arrow's own generated readers are internal to its library and check offsets only by chance of array bounds; a trace needs a dozen fields.
/// Offsets to tables and vectors are unsigned and point forward, so a message cannot hold a cycle; it can share a table between many parents,
/// which whoever walks a tree has to bound.
/// </remarks>
internal readonly ref struct FlatTable
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _message;
    private readonly ReadOnlySpan<byte> _fieldOffsets;
    private readonly int _position;
    private readonly int _tableBytes;

    private FlatTable(ReadOnlySpan<byte> message, long position)
    {
        var toVtable = BinaryPrimitives.ReadInt32LittleEndian(Slice(message, position, sizeof(int)));
        var vtable = position - toVtable;
        var vtableBytes = BinaryPrimitives.ReadUInt16LittleEndian(Slice(message, vtable, 2 * sizeof(ushort)));
        if (vtableBytes < 2 * sizeof(ushort) || vtableBytes % sizeof(ushort) != 0)
            throw new InvalidDataException($"Arrow metadata holds a table whose list of fields has {vtableBytes} bytes");
        _tableBytes = BinaryPrimitives.ReadUInt16LittleEndian(Slice(message, vtable + sizeof(ushort), sizeof(ushort)));
        _message = message;
        _position = (int)position;
        _fieldOffsets = Slice(message, vtable, vtableBytes)[(2 * sizeof(ushort))..];
    }

    /// <summary>The table at the root of <paramref name="message"/>.</summary>
    public static FlatTable Root(ReadOnlySpan<byte> message) =>
        new(message, BinaryPrimitives.ReadUInt32LittleEndian(Slice(message, 0, sizeof(uint))));

    public bool Bool(int field) => Byte(field) != 0;

    public byte Byte(int field) => Inline(field, sizeof(byte)) is [var value] ? value : (byte)0;

    public short Int16(int field) => Inline(field, sizeof(short)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadInt16LittleEndian(bytes) : (short)0;

    public int Int32(int field) => Inline(field, sizeof(int)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : 0;

    public long Int64(int field) => Inline(field, sizeof(long)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : 0;

    /// <summary>The string of a field; null when it is absent.</summary>
    public string? String(int field)
    {
        if (!TryVector(field, sizeof(byte), out var characters))
            return null;
        try
        {
            return StrictUtf8.GetString(characters.Bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw new InvalidDataException("Arrow metadata holds a string that is not UTF-8", exception);
        }
    }

    /// <summary>The table of a field; false when it is absent.</summary>
    public bool TryTable(int field, out FlatTable table)
    {
        var found = TryTarget(field, out var position);
        table = found ? new(_message, position) : default;
        return found;
    }

    /// <summary>The vector of a field, whose elements take <paramref name="elementBytes"/> bytes; false, and an empty one, when it is absent.</summary>
    public bool TryVector(int field, int elementBytes, out FlatVector vector)
    {
        vector = default;
        if (!TryTarget(field, out var position))
            return false;
        long count = BinaryPrimitives.ReadUInt32LittleEndian(Slice(_message, position, sizeof(uint)));
        var start = position + sizeof(uint);
        vector = new(_message, (int)start, Slice(_message, start, count * elementBytes), elementBytes);
        return true;
    }

    private bool TryTarget(int field, out long position)
    {
        position = 0;
        var at = PositionOf(field);
        if (at < 0)
            return false;
        position = at + BinaryPrimitives.ReadUInt32LittleEndian(Slice(_message, at, sizeof(uint)));
        return true;
    }

    private ReadOnlySpan<byte> Inline(int field, int bytes)
    {
        var at = PositionOf(field);
        return at < 0 ? [] : Slice(_message, at, bytes);
    }

    // Where a field's value or offset stands in the message; -1 when the writer left it out.
    private long PositionOf(int field)
    {
        var entry = field * sizeof(ushort);
        if (entry + sizeof(ushort) > _fieldOffsets.Length)
            return -1;
        var offset = BinaryPrimitives.ReadUInt16LittleEndian(_fieldOffsets[entry..]);
        if (offset == 0)
            return -1;
        if (offset < sizeof(int) || offset >= _tableBytes)
            throw new InvalidDataException($"Arrow metadata holds a table of {_tableBytes} bytes with a field at {offset}");
        return (long)_position + offset;
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> message, long position, long bytes)
    {
        if (position < 0 || position > message.Length || bytes > message.Length - position)
            throw new InvalidDataException($"Arrow metadata points to {bytes} bytes at {position}, but has {message.Length} bytes");
        return message.Slice((int)position, (int)bytes);
    }

    /// <summary>A vector in the message: structs and scalars as bytes, tables through their offsets.</summary>
    internal readonly ref struct FlatVector
    {
        private readonly ReadOnlySpan<byte> _message;
        private readonly int _start;
        private readonly int _elementBytes;

        public FlatVector(ReadOnlySpan<byte> message, int start, ReadOnlySpan<byte> bytes, int elementBytes)
        {
            _message = message;
            _start = start;
            _elementBytes = elementBytes;
            Bytes = bytes;
        }

        public ReadOnlySpan<byte> Bytes { get; }

        public int Count => _elementBytes == 0 ? 0 : Bytes.Length / _elementBytes;

        public ReadOnlySpan<byte> Struct(int index) => Bytes.Slice(index * _elementBytes, _elementBytes);

        public long Int64(int index) => BinaryPrimitives.ReadInt64LittleEndian(Struct(index));

        public FlatTable Table(int index) =>
            new(_message, _start + ((long)index * _elementBytes) + BinaryPrimitives.ReadUInt32LittleEndian(Struct(index)));
    }
}
