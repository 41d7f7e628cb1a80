using System.Globalization;

namespace FleetEstimator.Traces.Ipc;

/// <summary>A top-level column of an Arrow schema: its type, and where record batches keep its buffers.</summary>
/// <param name="Name">Column name.</param>
/// <param name="TypeName">Type as people write it, such as <c>uint64</c> or <c>utf8</c>; a dictionary-encoded column is a <c>dictionary</c>.</param>
/// <param name="Node">Index of its node in a record batch; null after a column whose layout is not known.</param>
/// <param name="Buffer">Index of its first buffer in a record batch, were there no variadic buffers before it.</param>
/// <param name="VariadicBefore">Columns and children before it that have as many buffers as each batch says (the view types).</param>
internal sealed record ArrowColumn(string Name, string TypeName, int? Node, int Buffer, int VariadicBefore);

/// <summary>What a reader of a few primitive columns must know of an Arrow schema: names, types and how many buffers everything before a column has.</summary>
internal sealed class ArrowSchema
{
    // Real schemas nest a handful of levels. The number of fields is bounded because a hostile schema can share a child between many parents.
    private const int DepthMax = 64;
    private const int FieldsMax = 100_000;

    // Names and metadata of a real schema have some KiB. Their sum is bounded because a hostile schema can share a text between many fields.
    private const int TextCharactersMax = 16 << 20;

    private readonly List<ArrowColumn> _columns = [];
    private readonly List<KeyValuePair<string, string>> _metadata = [];
    private int _fields;
    private int _textCharacters;
    private int _nodes;
    private int _buffers;
    private int _variadics;
    private string? _unknownType;

    private ArrowSchema()
    {
    }

    /// <summary>The top-level columns in file order.</summary>
    public IReadOnlyList<ArrowColumn> Columns => _columns;

    /// <summary>The schema's own metadata in file order; keys may repeat.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata => _metadata;

    /// <summary>Whether values are stored with the most significant byte first.</summary>
    public bool IsBigEndian { get; private init; }

    /// <summary>Reads the schema of a footer.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static ArrowSchema Read(FlatTable table, bool unionsHaveValidity)
    {
        var schema = new ArrowSchema { IsBigEndian = table.Int16(Slot.SchemaEndianness) != 0 };
        if (table.TryVector(Slot.SchemaFields, sizeof(uint), out var fields))
        {
            for (var index = 0; index < fields.Count; index++)
                schema.AddColumn(fields.Table(index), unionsHaveValidity);
        }

        if (table.TryVector(Slot.SchemaMetadata, sizeof(uint), out var metadata))
        {
            for (var index = 0; index < metadata.Count; index++)
            {
                var pair = metadata.Table(index);
                schema._metadata.Add(new(schema.Text(pair, Slot.Key), schema.Text(pair, Slot.Value)));
            }
        }

        return schema;
    }

    private string Text(FlatTable table, int field)
    {
        var text = table.String(field) ?? "";
        if (text.Length > TextCharactersMax - _textCharacters)
            throw new InvalidDataException($"Arrow schema holds more than {TextCharactersMax} characters of names and metadata");
        _textCharacters += text.Length;
        return text;
    }

    private void AddColumn(FlatTable field, bool unionsHaveValidity)
    {
        var name = Text(field, Slot.FieldName);
        int? node = _unknownType is null ? _nodes : null;
        _columns.Add(new(name, TypeNameOf(field), node, _buffers, _variadics));
        CountBuffers(field, depth: 0, unionsHaveValidity);
    }

    // Adds what one field contributes to the flattened lists of nodes and buffers of a record batch (Arrow columnar format, "RecordBatch message").
    private void CountBuffers(FlatTable field, int depth, bool unionsHaveValidity)
    {
        if (depth > DepthMax || ++_fields > FieldsMax)
            throw new InvalidDataException($"Arrow schema nests deeper than {DepthMax} levels or holds more than {FieldsMax} fields");
        _nodes++;
        if (field.TryTable(Slot.FieldDictionary, out _))
        {
            // Record batches hold only the indices; values and children live in dictionary batches.
            _buffers += 2;
            return;
        }

        var type = (ArrowType)field.Byte(Slot.FieldTypeKind);
        switch (type)
        {
            case ArrowType.Null or ArrowType.RunEndEncoded:
                break;
            case ArrowType.Struct or ArrowType.FixedSizeList:
                _buffers += 1;
                break;
            case ArrowType.Int or ArrowType.FloatingPoint or ArrowType.Bool or ArrowType.Decimal or ArrowType.Date or ArrowType.Time
                or ArrowType.Timestamp or ArrowType.Interval or ArrowType.FixedSizeBinary or ArrowType.Duration
                or ArrowType.List or ArrowType.LargeList or ArrowType.Map:
                _buffers += 2;
                break;
            case ArrowType.Binary or ArrowType.Utf8 or ArrowType.LargeBinary or ArrowType.LargeUtf8 or ArrowType.ListView or ArrowType.LargeListView:
                _buffers += 3;
                break;
            case ArrowType.BinaryView or ArrowType.Utf8View:
                _buffers += 2;
                _variadics++;
                break;
            case ArrowType.Union:
                var isDense = field.TryTable(Slot.FieldType, out var union) && union.Int16(Slot.UnionMode) == 1;
                _buffers += (isDense ? 2 : 1) + (unionsHaveValidity ? 1 : 0);
                break;
            default:
                _unknownType ??= type.ToString();
                return;
        }

        if (!field.TryVector(Slot.FieldChildren, sizeof(uint), out var children))
            return;
        for (var index = 0; index < children.Count; index++)
            CountBuffers(children.Table(index), depth + 1, unionsHaveValidity);
    }

    private static string TypeNameOf(FlatTable field)
    {
        if (field.TryTable(Slot.FieldDictionary, out _))
            return "dictionary";
        var type = (ArrowType)field.Byte(Slot.FieldTypeKind);
        if (type != ArrowType.Int || !field.TryTable(Slot.FieldType, out var integer))
            return type.ToString().ToLowerInvariant();
        var sign = integer.Bool(Slot.IntIsSigned) ? "int" : "uint";
        return sign + integer.Int32(Slot.IntBitWidth).ToString(CultureInfo.InvariantCulture);
    }

    // The union "Type" of Arrow's Schema.fbs.
    private enum ArrowType : byte
    {
        None,
        Null,
        Int,
        FloatingPoint,
        Binary,
        Utf8,
        Bool,
        Decimal,
        Date,
        Time,
        Timestamp,
        Interval,
        List,
        Struct,
        Union,
        FixedSizeBinary,
        FixedSizeList,
        Map,
        Duration,
        LargeBinary,
        LargeUtf8,
        LargeList,
        RunEndEncoded,
        BinaryView,
        Utf8View,
        ListView,
        LargeListView,
    }

    // Field numbers in the tables of Arrow's Schema.fbs.
    private static class Slot
    {
        public const int SchemaEndianness = 0;
        public const int SchemaFields = 1;
        public const int SchemaMetadata = 2;
        public const int FieldName = 0;
        public const int FieldTypeKind = 2;
        public const int FieldType = 3;
        public const int FieldDictionary = 4;
        public const int FieldChildren = 5;
        public const int IntBitWidth = 0;
        public const int IntIsSigned = 1;
        public const int UnionMode = 0;
        public const int Key = 0;
        public const int Value = 1;
    }
}
