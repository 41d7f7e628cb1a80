using System.Buffers.Binary;
using System.IO.Compression;
using Parquet.Meta;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// What a Parquet file declares of its sizes, read before the Parquet library believes it: it takes the memory that a list in the footer or a page's header
/// asks for. Both are Thrift structs in the compact protocol; a page's begins with its kind, its uncompressed and its compressed size, and holds its number of values.
/// </summary>
internal static class ParquetSizes
{
    // Writers make pages of about 1 MiB; DuckDB's and Parquet.Net's may be as large as a row group.
    private const long UncompressedBytesMax = 64L << 20;

    // Type codes of the compact protocol. A struct ends with a byte of 0; one of which only the type is 0 is damage, which the library reads on behind.
    private const int Stop = 0, True = 1, False = 2, SignedByte = 3, Int16 = 4, Int32 = 5, Int64 = 6, Float64 = 7, Binary = 8, List = 9, Set = 10, Struct = 12;

    private const string Unknown = "-";

    // The structs of parquet.thrift, their fields by number: i, l, h and y whole numbers of 32, 64, 16 and 8 bits, d a double, t a truth, b bytes, [ a list of what follows, or
    // a struct. The library reads what belongs there whatever the file says it is, and so would take a number for the length of a text.
    private static readonly Dictionary<string, string[]> Shapes = new Dictionary<string, string>
    {
        ["FileMetaData"] = "i [SchemaElement l [RowGroup [KeyValue b [ColumnOrder EncryptionAlgorithm b",
        ["SchemaElement"] = "i i i b i i i i i LogicalType",
        ["LogicalType"] = "Empty Empty Empty Empty Decimal Empty Time Time - Integer Empty Empty Empty Empty Empty Variant Geometry Geography",
        ["Decimal"] = "i i",
        ["Time"] = "t TimeUnit",
        ["TimeUnit"] = "Empty Empty Empty",
        ["Integer"] = "y t",
        ["Variant"] = "y",
        ["Geometry"] = "b",
        ["Geography"] = "b i",
        ["RowGroup"] = "[ColumnChunk l l [SortingColumn l l h",
        ["SortingColumn"] = "i t t",
        ["ColumnChunk"] = "b l ColumnMetaData l i l i ColumnCryptoMetaData b",
        ["ColumnMetaData"] = "i [i [b i l l l [KeyValue l l l Statistics [PageEncodingStats l i SizeStatistics GeospatialStatistics",
        ["Statistics"] = "b b l l b b t t",
        ["KeyValue"] = "b b",
        ["PageEncodingStats"] = "i i i",
        ["SizeStatistics"] = "l [l [l",
        ["GeospatialStatistics"] = "BoundingBox [i",
        ["BoundingBox"] = "d d d d d d d d",
        ["ColumnCryptoMetaData"] = "Empty ColumnKey",
        ["ColumnKey"] = "[b b",
        ["ColumnOrder"] = "Empty",
        ["EncryptionAlgorithm"] = "Aes Aes",
        ["Aes"] = "b b t",
        ["PageHeader"] = "i i i i DataPageHeader Empty DictionaryPageHeader DataPageHeaderV2",
        ["DataPageHeader"] = "i i i i Statistics",
        ["DictionaryPageHeader"] = "i i t",
        ["DataPageHeaderV2"] = "i i i i i i t Statistics",
    }.ToDictionary(shape => shape.Key, shape => shape.Value.Split(' '));

    private const int HeaderBytesMax = 64 << 10;
    private const int DepthMax = 16;
    private const int FieldsRead = 9;

    /// <summary>What is wrong with the lengths in the file's footer; null if nothing is.</summary>
    /// <param name="file">A Parquet file: at its end the footer, four bytes with the footer's length, and PAR1.</param>
    /// <param name="bytesMax">Most bytes that the footer may have.</param>
    public static string? FaultInFooter(ImportFile file, long bytesMax)
    {
        const int tailBytes = 8;
        var (length, tail) = (file.Stream.Length, new byte[tailBytes]);
        if (length < tailBytes || file.ReadAt(length - tailBytes, tail) < tailBytes || !tail.AsSpan(4).SequenceEqual("PAR1"u8))
            return "it does not end as Parquet files do";
        var footerBytes = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (footerBytes > length - tailBytes)
            return $"its footer has {footerBytes} bytes, more than the file";
        if (footerBytes > bytesMax)
            return $"its footer has {footerBytes} bytes, more than the limit of {bytesMax}";
        var footer = new byte[footerBytes];
        file.ReadAt(length - tailBytes - footerBytes, footer);
        var at = 0;
        return TrySkip(footer, ref at, Struct, 0, "FileMetaData") ? null : "a list or text in its footer is longer than the footer, or a field is not what Parquet has there";
    }

    /// <summary>What is wrong with the sizes of a chunk's pages; null if nothing is.</summary>
    /// <param name="file">The file.</param>
    /// <param name="column">What the footer says of the chunk.</param>
    /// <param name="rows">Rows of the row group: one value each. The library reads pages until it has as many, wherever the chunk ends.</param>
    public static string? FaultInPages(ImportFile file, ColumnMetaData column, long rows)
    {
        var offset = column.DictionaryPageOffset is > 0 and var dictionary ? Math.Min(dictionary, column.DataPageOffset) : column.DataPageOffset;
        var length = file.Stream.Length;
        if (offset < 0 || column.TotalCompressedSize < 0 || offset > length || column.TotalCompressedSize > length - offset)
            return $"its {column.TotalCompressedSize} bytes at {offset} reach beyond the {length} bytes of the file";
        var end = offset + column.TotalCompressedSize;
        var (uncompressed, values) = (0L, 0L);
        var buffer = new byte[Math.Min(HeaderBytesMax, column.TotalCompressedSize)];
        while (offset < end)
        {
            var header = buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - offset));
            file.ReadAt(offset, header);
            if (!TryRead(header, out var headerBytes, out var page))
                return $"the header of the page at {offset} is damaged";
            if (page.CompressedBytes < 0 || page.CompressedBytes > end - offset - headerBytes)
                return $"the page at {offset} declares {page.CompressedBytes} bytes, more than there are in the column";
            if (page.UncompressedBytes < 0 || (uncompressed += page.UncompressedBytes) > UncompressedBytesMax)
                return $"its pages up to {offset} declare {uncompressed} uncompressed bytes, more than the limit of {UncompressedBytesMax >> 20} MiB in a row group";
            if (DataYieldsMore(file, column.Codec, offset + headerBytes + page.LevelBytes, page))
                return $"the data of the page at {offset} yields more than the {page.UncompressedBytes} bytes that its header declares";
            if (page.DictionaryValues < 0 || page.DictionaryValues > page.UncompressedBytes)
                return $"the dictionary at {offset} declares {page.DictionaryValues} values in {page.UncompressedBytes} bytes";
            if (page.Values < 0 || (values += page.Values) > rows)
                return $"its pages up to {offset} declare {values} values for {rows} rows";
            offset += headerBytes + page.CompressedBytes;
        }

        return values == rows && column.NumValues == rows ? null : $"its pages declare {values} values, and the footer {column.NumValues}, for {rows} rows";
    }

    /// <summary>Whether compressed data holds more than its page declares. The library takes for it what Snappy's own header says, or what the others inflate to.</summary>
    private static bool DataYieldsMore(ImportFile file, CompressionCodec codec, long offset, in Page page)
    {
        if (page.IsStored || codec is not (CompressionCodec.SNAPPY or CompressionCodec.GZIP or CompressionCodec.BROTLI))
            return false;
        var data = new byte[Math.Max(0, page.CompressedBytes - page.LevelBytes)];
        file.ReadAt(offset, data);
        if (codec == CompressionCodec.SNAPPY)
        {
            var at = 0;
            return !TryVariable(data, ref at, out var declared) || declared > (ulong)page.UncompressedBytes;
        }

        using Stream inflated = codec == CompressionCodec.GZIP ? new GZipStream(new MemoryStream(data), CompressionMode.Decompress) : new BrotliStream(new MemoryStream(data), CompressionMode.Decompress);
        var part = new byte[1 << 14];
        var total = 0L;
        while (total <= page.UncompressedBytes && inflated.Read(part) is > 0 and var read)
            total += read;
        return total > page.UncompressedBytes;
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, out int length, out Page page)
    {
        // Fields of PageHeader: 2 and 3 are sizes; 5, 7 and 8 the headers of a data page, a dictionary and a data page of version 2. Of each of these, field 1 is its number
        // of values; of the last, 5 and 6 are the bytes of levels, which lie uncompressed before the data, and 7 says whether the data are compressed.
        Span<long> sizes = stackalloc long[FieldsRead], own = stackalloc long[FieldsRead];
        Span<int> structs = stackalloc int[FieldsRead], none = stackalloc int[FieldsRead];
        length = 0;
        page = default;
        if (!TryFields(bytes, ref length, "PageHeader", sizes, structs))
            return false;
        page = new Page { UncompressedBytes = sizes[2], CompressedBytes = sizes[3] };
        foreach (var kind in (ReadOnlySpan<int>)[5, 7, 8])
        {
            if (structs[kind] is not (> 0 and var at))
                continue;
            if (!TryFields(bytes, ref at, Shapes["PageHeader"][kind - 1], own, none))
                return false;
            page = kind switch
            {
                7 => page with { DictionaryValues = own[1] },
                5 => page with { Values = page.Values + own[1] },
                _ => page with { Values = page.Values + own[1], LevelBytes = Math.Max(0, own[5]) + Math.Max(0, own[6]), IsStored = own[7] == 0 },
            };
        }

        return page.LevelBytes <= page.CompressedBytes || page.CompressedBytes < 0;
    }

    /// <summary>Reads a struct: the values of its whole numbers of 32 bits and truths by field, and where structs in it begin; −1 = not there.</summary>
    private static bool TryFields(ReadOnlySpan<byte> bytes, ref int at, string shape, Span<long> numbers, Span<int> structs)
    {
        numbers.Fill(-1);
        structs.Fill(-1);
        var field = 0L;
        while (at < bytes.Length)
        {
            var head = bytes[at++];
            var type = head & 0xF;
            if (head == Stop)
                return true;
            if (!TryField(bytes, ref at, head, ref field))
                return false;
            var (start, kind) = (at, KindOf(shape, field));
            if (!Fits(kind, type) || !TrySkip(bytes, ref at, type, 0, kind))
                return false;
            if (field is < 0 or >= FieldsRead)
                continue;
            if (type == Struct)
                structs[(int)field] = start;
            else if (type is True or False)
                numbers[(int)field] = type == True ? 1 : 0;
            else if (type == Int32 && TryVariable(bytes, ref start, out var value))
                numbers[(int)field] = Signed(value);
        }

        return false;
    }

    private static bool TryField(ReadOnlySpan<byte> bytes, ref int at, byte head, ref long field)
    {
        // The difference to the number of the field before, or, if it is 0, the number itself: 16 bits, of which the library takes the lowest of a longer one.
        if (head >> 4 is > 0 and var delta)
            field += delta;
        else if (TryVariable(bytes, ref at, out var number))
            field = Signed(number);
        else
            return false;
        return field is > 0 and <= short.MaxValue;
    }

    private static bool TrySkip(ReadOnlySpan<byte> bytes, ref int at, int type, int depth, string shape)
    {
        switch (type)
        {
            case True or False:
                return true;
            case SignedByte:
                return TryAdvance(bytes, ref at, 1);
            case Int16 or Int32 or Int64:
                return TryVariable(bytes, ref at, out _);
            case Float64:
                return TryAdvance(bytes, ref at, 8);
            case Binary:
                return TryVariable(bytes, ref at, out var length) && TryAdvance(bytes, ref at, length);
            case Struct when depth < DepthMax:
                var field = 0L;
                while (at < bytes.Length)
                {
                    var head = bytes[at++];
                    if (head == Stop)
                        return true;
                    if (!TryField(bytes, ref at, head, ref field))
                        return false;
                    var kind = KindOf(shape, field);
                    if (!Fits(kind, head & 0xF) || !TrySkip(bytes, ref at, head & 0xF, depth + 1, kind))
                        return false;
                }

                return false;
            case List or Set when depth < DepthMax && at < bytes.Length:
                var listHead = bytes[at++];
                var items = (ulong)(listHead >> 4);
                if (items == 15 && !TryVariable(bytes, ref at, out items))
                    return false;
                var element = shape is ['[', ..] ? shape[1..] : Unknown;
                if (!Fits(element, listHead & 0xF))
                    return false;
                for (; items > 0; items--)
                {
                    // Booleans take a byte each in lists.
                    if (!((listHead & 0xF) is True or False ? TryAdvance(bytes, ref at, 1) : TrySkip(bytes, ref at, listHead & 0xF, depth + 1, element)))
                        return false;
                }

                return true;
            default:
                // Neither structure has a map.
                return false;
        }
    }

    private static string KindOf(string shape, long field) => Shapes.TryGetValue(shape, out var kinds) && field >= 1 && field <= kinds.Length ? kinds[field - 1] : Unknown;

    private static bool Fits(string kind, int type) => kind switch
    {
        Unknown => true,
        "i" => type == Int32,
        "l" => type == Int64,
        "h" => type == Int16,
        "y" => type == SignedByte,
        "d" => type == Float64,
        "t" => type is True or False,
        "b" => type == Binary,
        ['[', ..] => type == List,
        _ => type == Struct,
    };

    private static bool TryAdvance(ReadOnlySpan<byte> bytes, ref int at, ulong length)
    {
        if (length > (ulong)(bytes.Length - at))
            return false;
        at += (int)length;
        return true;
    }

    private static bool TryVariable(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return true;
        }

        return false;
    }

    /// <summary>What the header of a page declares.</summary>
    private readonly record struct Page
    {
        public long UncompressedBytes { get; init; }

        public long CompressedBytes { get; init; }

        public long DictionaryValues { get; init; }

        public long Values { get; init; }

        public long LevelBytes { get; init; }

        public bool IsStored { get; init; }
    }

    // Zigzag.
    private static long Signed(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
