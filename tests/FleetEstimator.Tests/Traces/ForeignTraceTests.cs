using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using FleetEstimator.Paging;
using FleetEstimator.Tests.Fuzzing;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Ipc;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

/// <summary>Traces as other programs write them are read as long as names, types and metadata fit.</summary>
public sealed class ForeignTraceTests
{
    private static readonly TraceRow[] Rows =
    [
        Row(0, OperationKind.Map, 1, 100, 50), Row(1, OperationKind.Write, 1, 100, 7, PageContent.Zero), Row(1, OperationKind.Read, 1, 101, 2),
        Row(2, OperationKind.Write, 1, 120, 3, PageContent.Repeated, 42), Row(5, OperationKind.PageOut, 1, 100, 50), Row(8, OperationKind.Exit, 1, 0, 1),
    ];

    public static TheoryData<string, IArrowType> ExtraColumns { get; } = new()
    {
        { "string", StringType.Default },
        { "string view", StringViewType.Default },
        { "binary view", BinaryViewType.Default },
        { "binary", BinaryType.Default },
        { "boolean", BooleanType.Default },
        { "double", DoubleType.Default },
        { "timestamp", TimestampType.Default },
        { "null", NullType.Default },
        { "dictionary", new DictionaryType(Int8Type.Default, StringType.Default, ordered: false) },
        { "list", new ListType(StringType.Default) },
        { "fixed size list", new FixedSizeListType(Int32Type.Default, 2) },
        { "struct", new StructType([new Field("a", StringViewType.Default, true), new Field("b", Int32Type.Default, true)]) },
    };

    [Theory]
    [MemberData(nameof(ExtraColumns))]
    public void SkipsColumnsOfAnyType_BeforeBetweenAndAfterItsOwn(string name, IArrowType type)
    {
        var file = new ArrowTraceFile();
        for (var place = file.Columns.Count; place >= 0; place -= 4)
            file.Columns.Insert(place, new($"{name} {place}", type, rows => Extra(type, rows.Length)));
        AssertReads(Rows, file.Write(Rows));
    }

    [Fact]
    public void SkipsViewColumnsWithAnyNumberOfBuffers()
    {
        var strings = new StringViewArray.Builder();
        for (var row = 0; row < Rows.Length; row++)
            strings.Append(new string('x', 100) + row);
        var file = new ArrowTraceFile();
        file.Columns.Insert(0, new("view", StringViewType.Default, _ => strings.Build()));
        file.Columns.Insert(3, new("view 2", StringViewType.Default, _ => strings.Build()));
        AssertReads(Rows, file.Write(Rows));
    }

    [Fact]
    public void AcceptsColumnsAndMetadataInAnyOrder()
    {
        var file = new ArrowTraceFile();
        file.Columns.Reverse();
        var metadata = file.Metadata.Reverse().ToList();
        file.Metadata.Clear();
        file.Metadata.Add("pandas", "{}");
        foreach (var (key, value) in metadata)
            file.Metadata.Add(key, value);
        AssertReads(Rows, file.Write(Rows));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData(CompressionCodecType.Lz4Frame, false)]
    [InlineData(CompressionCodecType.Zstd, false)]
    [InlineData(CompressionCodecType.Zstd, true)]
    public void AcceptsAnyDivisionIntoBatches(CompressionCodecType? compression, bool legacyFormat)
    {
        var file = new ArrowTraceFile { Compression = compression, LegacyFormat = legacyFormat };
        AssertReads([], file.Write());
        AssertReads([], file.Write([]));
        AssertReads(Rows, file.Write(Rows));
        AssertReads(Rows, file.Write([[], .. Rows.Select(row => (TraceRow[])[row]), []]));
        AssertReads(Rows, file.Write(Rows[..2], [], Rows[2..5], Rows[5..]));
    }

    [Theory]
    [InlineData(CompressionCodecType.Lz4Frame)]
    [InlineData(CompressionCodecType.Zstd)]
    public void AcceptsCompressedLengthsInPlaceOfUncompressedOnes_AsArrowForJavaScriptWritesThem(CompressionCodecType compression)
    {
        var many = Enumerable.Range(0, 1000).Select(time => Row((ulong)time, OperationKind.Settle, 0, 0, 1)).ToArray();
        var bytes = new ArrowTraceFile { Compression = compression }.Write(many[..500], many[500..]);
        foreach (var (offset, width) in ReferenceArrowFile.Read(bytes).Bodies.Where(body => BitConverter.ToInt64(bytes, body.Offset) != -1))
            BitConverter.TryWriteBytes(bytes.AsSpan(offset), width - 8L);
        AssertReads(many, bytes);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(CompressionCodecType.Zstd)]
    public void AcceptsValidityBitmaps_WhenNoValueIsNull(CompressionCodecType? compression)
    {
        var many = Enumerable.Range(0, 100).Select(time => Row((ulong)time, OperationKind.Settle, 0, 0, 1)).ToArray();
        var file = new ArrowTraceFile { Compression = compression };
        foreach (var nullCount in (int[])[0, -1])
        {
            file["fill"] = file["fill"] with
            {
                Values = rows => new UInt64Array(
                    new ArrowBuffer(new byte[rows.Length * sizeof(ulong)]),
                    new ArrowBuffer(Enumerable.Repeat((byte)0xFF, 13).ToArray()),
                    rows.Length,
                    nullCount,
                    0),
            };
            AssertReads(many, file.Write(many));
        }
    }

    [Fact]
    public void AcceptsAFooterOfManyBatches()
    {
        var many = Enumerable.Range(0, 5000).Select(time => Row((ulong)time, OperationKind.Settle, 0, 0, 1)).ToArray();
        AssertReads(many, new ArrowTraceFile().Write([.. many.Chunk(1)]));
    }

    [Fact]
    public void ReadsAFileByApacheArrowForJavaScript()
    {
        var trace = Trace.Load(Fixture("apache-arrow-js.arrow"));
        Assert.Equal(
            [
                Row(0, OperationKind.Map, 7, 1000, 16), Row(10, OperationKind.Write, 7, 1000, 4, PageContent.Zero),
                new TraceRow(10, new(OperationKind.Write, 7, 1004, 4, PageContent.Repeated, 64), 0xFEDCBA9876543210),
                Row(20, OperationKind.PageOut, 7, 1000, 8), Row(30, OperationKind.Read, 7, 1000, 8), Row(ulong.MaxValue, OperationKind.Exit, 7, 0, 1),
            ],
            Enumerable.Range(0, trace.RowCount).Select(trace.Row));
        Assert.Equal(new DateTimeOffset(2025, 6, 1, 10, 0, 0, 250, TimeSpan.Zero), trace.Header.RecordedAt);
        Assert.Equal(("node-js", 0.5, "web"), (trace.Header.Node, trace.Header.SamplingFraction, trace.Header.Labels["class"]));
    }

    // Polars writes no schema metadata, so its files are read below the level of traces.
    [Theory]
    [InlineData("uncompressed")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void ReadsTheColumnsOfAFileByPolars(string compression)
    {
        var bytes = File.ReadAllBytes(Fixture($"polars-{compression}.arrow"));
        Assert.Null(ArrowFile.Mismatch(bytes));
        var file = ArrowFile.Read(bytes);
        var layout = RecordBatchLayout.Read(bytes, Assert.Single(file.Batches), TraceColumns.Locate(file.Schema, "polars"));
        using var reader = new ColumnReader { Source = bytes };
        Assert.Equal(Enumerable.Range(0, 40).Select(row => (ulong)row * 10), Column<ulong>(TraceColumns.Time));
        Assert.Equal(Enumerable.Range(0, 40).Select(row => (byte)(1 + (row % 22))), Column<byte>(TraceColumns.Kind));
        Assert.Equal(Enumerable.Range(0, 40).Select(row => (uint)row * 3), Column<uint>(TraceColumns.Process));
        Assert.Equal(Enumerable.Range(0, 40).Select(row => (ulong)(row * row)), Column<ulong>(TraceColumns.Page));
        Assert.Equal(Enumerable.Range(0, 40).Select(row => (uint)row + 1), Column<uint>(TraceColumns.Pages));
        Assert.Equal(Enumerable.Range(0, 40).Select(row => (byte)(row % 4)), Column<byte>(TraceColumns.Content));
        Assert.Equal(Enumerable.Range(0, 40).Select(row => (ulong)row * 7), Column<ulong>(TraceColumns.Fill));
        Assert.Equal(Enumerable.Range(0, 40).Select(row => (ushort)row), Column<ushort>(TraceColumns.CompressedBytes));

        T[] Column<T>(int index)
            where T : unmanaged
        {
            var (name, _, valueBytes) = TraceColumns.All[index];
            var values = new T[layout.Rows];
            reader.Check(name, layout.Columns[index], layout.Compression, layout.Rows, valueBytes);
            Assert.Null(reader.FirstNull(name, layout.Columns[index], layout.Compression, layout.Rows));
            reader.CopyTo(layout.Columns[index], layout.Compression, values.AsSpan());
            return values;
        }
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Traces", "Fixtures", name);

    private static void AssertReads(TraceRow[] expected, byte[] file)
    {
        var trace = TraceReader.Load("foreign.arrow", file, TraceLimits.Default);
        Assert.Equal(expected.Select(row => row.TimeMicroseconds), trace.Times.ToArray());
        Assert.Equal(expected.Select(row => row.Operation), Enumerable.Range(0, trace.RowCount).Select(row => trace[row]));
    }

    private static IArrowArray Extra(IArrowType type, int rows) => type switch
    {
        NullType => new NullArray(rows),
        DictionaryType dictionary => new DictionaryArray(
            dictionary, new Int8Array.Builder().AppendRange(Enumerable.Repeat((sbyte)0, rows)).Build(), new StringArray.Builder().Append("word").Build()),
        StructType structure => new StructArray(
            structure, rows, structure.Fields.Select(field => Extra(field.DataType, rows)), ArrowBuffer.Empty),
        FixedSizeListType list => new FixedSizeListArray(new ArrayData(
            list, rows, 0, 0, [ArrowBuffer.Empty], [Extra(list.ValueDataType, rows * list.ListSize).Data])),
        ListType list => new ListArray(
            list, rows, new ArrowBuffer(new byte[(rows + 1) * sizeof(int)]), Extra(list.ValueDataType, 1), ArrowBuffer.Empty),
        StringType => new StringArray.Builder().AppendRange(Enumerable.Repeat("text", rows)).Build(),
        StringViewType => new StringViewArray.Builder().AppendRange(Enumerable.Repeat("text", rows)).Build(),
        BinaryViewType => new BinaryViewArray.Builder().AppendRange(Enumerable.Repeat<byte[]>([1, 2], rows)).Build(),
        BinaryType => new BinaryArray.Builder().AppendRange(Enumerable.Repeat<byte[]>([1, 2], rows)).Build(),
        BooleanType => new BooleanArray.Builder().AppendRange(Enumerable.Repeat(true, rows)).Build(),
        DoubleType => new DoubleArray.Builder().AppendRange(Enumerable.Repeat(1.5, rows)).Build(),
        Int32Type => new Int32Array.Builder().AppendRange(Enumerable.Repeat(1, rows)).Build(),
        TimestampType => new TimestampArray.Builder().AppendRange(Enumerable.Repeat(DateTimeOffset.UnixEpoch, rows)).Build(),
        _ => throw new NotSupportedException(type.Name),
    };
}
