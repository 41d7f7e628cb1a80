using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Ipc;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

/// <summary>Every rule for readers, broken once: one error that names the file, the row or field, and what to do.</summary>
public sealed class BadTraceTests : IDisposable
{
    private static readonly TraceRow Map = Row(5, OperationKind.Map, 1, 100, 50);

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, TraceRow> BadRows { get; } = new()
    {
        { "time_us: time 4 lies before the previous row's 5", Row(4, OperationKind.Read, 1, 100, 1) },
        { "op: 0 is not an operation code", Row(5, default, 1, 100, 1) },
        { "op: 23 is not an operation code", Row(5, (OperationKind)23, 1, 100, 1) },
        { "op: 255 is not an operation code", Row(5, (OperationKind)255, 1, 100, 1) },
        { "content: 4 is not a content code", Row(5, OperationKind.Write, 1, 100, 1, (PageContent)4) },
        { "pages: read of 0 pages", Row(5, OperationKind.Read, 1, 100, 0) },
        { "page: map of pages 4503599627370495 to 4503599627370496, beyond", Row(5, OperationKind.Map, 1, (1ul << 52) - 1, 2) },
        { "beyond the 4503599627370496 pages", Row(5, OperationKind.Map, 1, ulong.MaxValue, 2) },
        { "page 150 is not mapped in process 1", Row(5, OperationKind.Write, 1, 140, 11) },
        { "page 99 is not mapped in process 1", Row(5, OperationKind.Access, 1, 99, 2) },
        { "page 100 is not mapped in process 2", Row(5, OperationKind.Observe, 2, 100, 1) },
        { "page: map of pages 149 to 150, but process 1 has mapped pages of it already", Row(5, OperationKind.Map, 1, 149, 2) },
        { "none of which process 1 has mapped", Row(5, OperationKind.Unmap, 1, 150, 10) },
        { "none of which process 3 has mapped", Row(5, OperationKind.Unmap, 3, 100, 10) },
        { "page: process 2 forks process 1, which is alive", Row(5, OperationKind.Fork, 2, 1, 1) },
        { "page: process 9 forks process 9", Row(5, OperationKind.Fork, 9, 9, 1) },
        { "page: the number of the forked process, 4294967296", Row(5, OperationKind.Fork, 1, 1ul << 32, 1) },
        { "pages: fork with 2 pages", Row(5, OperationKind.Fork, 1, 2, 2) },
        { "pages: exit with 0 pages", Row(5, OperationKind.Exit, 1, 0, 0) },
        { "pages: settle with 3 pages", Row(5, OperationKind.Settle, 0, 0, 3) },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(BadRows))]
    public void NamesTheRow(string message, TraceRow bad)
    {
        // The row at fault is row 3 of the file whatever batches it is divided into.
        var exit = Map with { Operation = Exit };
        foreach (var batches in (TraceRow[][][])[[[Map, exit, Map, bad, Map]], [[Map], [exit, Map], [], [bad]]])
        {
            var exception = Refused(new ArrowTraceFile().Write(batches));
            Assert.Equal(3, exception.Row);
            Assert.Contains(message, exception.Message, StringComparison.Ordinal);
            Assert.StartsWith("bad.arrow, row 3 (the first is 0), ", exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(BadRows))]
    public void TheWriterRefusesTheSameRows_AndGoesOn(string message, TraceRow bad)
    {
        using var writer = TraceWriter.Create(_folder["a.arrow"], Header);
        writer.Append(Map);
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => writer.Append(bad)).Message, StringComparison.Ordinal);
        writer.Append(Map with { Operation = Exit });
        writer.Complete();
        Assert.Equal(2, Trace.Load(_folder["a.arrow"]).RowCount);
    }

    [Fact]
    public void NamesTheRow_WhereAProcessIsUsedAfterItsExit()
    {
        var exception = Refused(new ArrowTraceFile().Write([Map, Map with { Operation = Exit }, Row(6, OperationKind.Read, 1, 100, 1)]));
        Assert.Equal((2, "page"), (exception.Row, exception.Field));
    }

    [Fact]
    public void NamesTheRow_WhereAChildUsesWhatItsParentUnmappedBeforeTheFork()
    {
        var exception = Refused(new ArrowTraceFile().Write(
            [
                Map, Row(5, OperationKind.Unmap, 1, 90, 20), Row(5, OperationKind.Fork, 1, 2, 1), Row(5, OperationKind.Read, 2, 110, 40),
                Row(5, OperationKind.Read, 2, 109, 1),
            ]));
        Assert.Equal(4, exception.Row);
    }

    [Theory]
    [InlineData("time_us")]
    [InlineData("op")]
    [InlineData("process")]
    [InlineData("page")]
    [InlineData("pages")]
    [InlineData("content")]
    [InlineData("fill")]
    [InlineData("compressed_bytes")]
    public void NamesTheColumn_ThatIsMissingRepeatedOrOfAnotherType(string name)
    {
        var missing = new ArrowTraceFile();
        missing.Columns.Remove(missing[name]);
        AssertField(name, "the column is missing", missing);

        var repeated = new ArrowTraceFile();
        repeated.Columns.Add(repeated[name]);
        AssertField(name, "several columns of that name", repeated);

        var ofStrings = new ArrowTraceFile();
        ofStrings[name] = new(name, StringType.Default, rows => new StringArray.Builder().AppendRange(rows.Select(_ => "1")).Build());
        AssertField(name, "the column is of type utf8", ofStrings);

        var signed = new ArrowTraceFile();
        signed[name] = new(name, Int64Type.Default, rows => new Int64Array.Builder().AppendRange(rows.Select(_ => 1L)).Build());
        AssertField(name, "the column is of type int64", signed);

        var encoded = new ArrowTraceFile();
        var type = new DictionaryType(Int8Type.Default, encoded[name].Type, ordered: false);
        var original = encoded[name].Values;
        encoded[name] = new(
            name, type, rows => new DictionaryArray(type, new Int8Array.Builder().AppendRange(rows.Select(_ => (sbyte)0)).Build(), original(rows)));
        AssertField(name, "the column is of type dictionary", encoded);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(CompressionCodecType.Lz4Frame)]
    [InlineData(CompressionCodecType.Zstd)]
    public void NamesTheRow_OfANull(CompressionCodecType? compression)
    {
        var settle = Enumerable.Repeat(Row(0, OperationKind.Settle, 0, 0, 1), 20).ToArray();
        for (var nullRow = 0; nullRow < settle.Length; nullRow++)
        {
            var file = new ArrowTraceFile { Compression = compression };
            file["fill"] = file["fill"] with { Values = rows => WithNull(rows.Length, rows.Length == settle.Length ? nullRow : null) };
            var exception = Refused(file.Write(settle[..5], settle));
            Assert.Equal((5 + nullRow, "fill"), (exception.Row, exception.Field));
            Assert.Contains("null", exception.Problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void NamesTheMetadata_ThatIsMissing()
    {
        foreach (var key in new ArrowTraceFile().Metadata.Keys.Where(key => !key.StartsWith("label.", StringComparison.Ordinal)))
        {
            var file = new ArrowTraceFile();
            file.Metadata.Remove(key);
            AssertField($"metadata {key}", "the key is missing", file);
        }
    }

    [Theory]
    [InlineData("fleet-estimator.format", "other", "not \"page-content-trace\"")]
    [InlineData("fleet-estimator.version", "2", "the value is \"2\", not \"1\"")]
    [InlineData("page_size", "4095", "not a power of two from 4096")]
    [InlineData("page_size", "2048", "not a power of two from 4096")]
    [InlineData("page_size", "4k", "\"4k\" is not a whole number")]
    [InlineData("recorded_at", "yesterday", "not a time after RFC 3339")]
    [InlineData("recorded_at", "2025-01-01T00:00:00", "not a time after RFC 3339")]
    [InlineData("recorded_at", "2025-13-01T00:00:00Z", "not a time after RFC 3339")]
    [InlineData("recorded_at", "2025-01-01T00:00:00.Z", "not a time after RFC 3339")]
    [InlineData("recorded_at", "", "not a time after RFC 3339")]
    [InlineData("recorder", "", "empty")]
    [InlineData("kernel_release", " ", "empty")]
    [InlineData("node", "", "empty")]
    [InlineData("memory_bytes", "-1", "not a whole number")]
    [InlineData("memory_bytes", "64 GiB", "not a whole number")]
    [InlineData("swap_bytes", "9223372036854775808", "not a whole number")]
    [InlineData("access_source", "", "empty")]
    [InlineData("interval_us", "1.5", "not a whole number")]
    [InlineData("sampling_fraction", "0", "not a number above 0")]
    [InlineData("sampling_fraction", "1.01", "not a number above 0")]
    [InlineData("sampling_fraction", "NaN", "not a number above 0")]
    [InlineData("fingerprint", "", "empty")]
    [InlineData("codec", "", "empty")]
    public void NamesTheMetadata_WhoseValueIsNone(string key, string value, string problem)
    {
        var file = new ArrowTraceFile();
        file.Metadata[key] = value;
        AssertField($"metadata {key}", problem, file);
    }

    [Fact]
    public void NamesTheMetadata_ThatStandsThereTwice()
    {
        var pairs = new ArrowTraceFile().Metadata.Append(new("node", "other")).ToList();
        Assert.Equal("metadata node", Assert.Throws<TraceException>(() => TraceMetadata.Read(pairs, "bad.arrow")).Field);
    }

    [Fact]
    public void RefusesASchemaThatSharesATextBetweenManyKeys_WithoutTakingMemoryForEach()
    {
        const int keys = 2_000, letters = 200_000, metadata = 56, pair = metadata + 4 + (4 * keys) + 8;
        var footer = new MemoryStream();
        var writer = new BinaryWriter(footer);
        Write(16); // The root.
        WriteShorts(12, 16, 4, 8, 0, 12); // Its fields: version, schema, record batches.
        Write(12, 4, 48 - 24, 32 - 28); // The footer: version 5.
        Write(0); // No record batch.
        WriteShorts(10, 8, 0, 0, 4, 0); // Fields of the schema: only metadata.
        Write(12, metadata - 52); // The schema.
        Write(keys);
        for (var key = 0; key < keys; key++)
            Write(pair - (metadata + 4 + (4 * key)));
        WriteShorts(6, 8, 4, 0); // Fields of the pair: only its key.
        Write(8, 4); // The pair.
        Write(letters);
        writer.Write(new byte[letters]);
        byte[] file = [.. "ARROW1\0\0"u8, .. footer.ToArray(), .. BitConverter.GetBytes((int)footer.Length), .. "ARROW1"u8];

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("characters of names and metadata", Refused(file).Problem, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);

        void Write(params int[] numbers) => numbers.ToList().ForEach(writer.Write);
        void WriteShorts(params short[] numbers) => numbers.ToList().ForEach(writer.Write);
    }

    [Theory]
    [InlineData("2025-01-31T23:59:59Z", 0)]
    [InlineData("2025-01-31t23:59:59z", 0)]
    [InlineData("2025-02-01 00:59:59+01:00", 0)]
    [InlineData("2025-01-31T23:59:59.1234567890123Z", 1234567)]
    [InlineData("2025-01-31T23:29:59.5-00:30", 5000000)]
    public void AcceptsTimesAfterRfc3339(string text, int ticks)
    {
        var file = new ArrowTraceFile();
        file.Metadata["recorded_at"] = text;
        var expected = new DateTimeOffset(2025, 1, 31, 23, 59, 59, TimeSpan.Zero).AddTicks(ticks);
        Assert.Equal(expected, TraceReader.Load("good.arrow", file.Write(), TraceLimits.Default).Header.RecordedAt);
    }

    [Fact]
    public void TheWriterRefusesAHeaderNoTraceCanHave()
    {
        Assert.Throws<ArgumentException>(() => TraceWriter.Create(_folder["a.arrow"], Header with { PageSize = 5000 }));
        Assert.Throws<ArgumentException>(() => TraceWriter.Create(_folder["a.arrow"], Header with { SamplingFraction = 0 }));
        Assert.Throws<ArgumentException>(() => TraceWriter.Create(_folder["a.arrow"], Header with { Node = "" }));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void SaysThatAStreamIsNotAFile()
    {
        var exception = Refused(new ArrowTraceFile().WriteStream([Map]));
        Assert.Contains("this is an Arrow stream, not an Arrow file", exception.Problem, StringComparison.Ordinal);
        Assert.Contains("new_file", exception.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("time,op\n", "not an Arrow file")]
    [InlineData("PAR1....PAR1", "Parquet")]
    [InlineData("FEA1....FEA1", "Feather")]
    [InlineData("\u001f\u008b\u0008", "compressed as a whole")]
    [InlineData("ARROW1", "truncated")]
    [InlineData("ARROW1\0\0ARROW1", "truncated")]
    public void SaysWhatAFileIsInstead(string content, string problem) =>
        Assert.Contains(problem, Refused(System.Text.Encoding.Latin1.GetBytes(content)).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData(null)]
    [InlineData(CompressionCodecType.Zstd)]
    public void SaysThatAFileIsTruncated_WhereverItEnds(CompressionCodecType? compression)
    {
        var whole = new ArrowTraceFile { Compression = compression }.Write([Map], [Row(6, OperationKind.Read, 1, 100, 1)]);
        for (var length = 6; length < whole.Length; length++)
            Assert.Contains("truncated", Refused(whole[..length]).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAFooterThatListsABatchTwice()
    {
        var settle = Row(0, OperationKind.Settle, 0, 0, 1);
        var file = new ArrowTraceFile().Write([settle], [settle]);
        var blocks = ArrowFile.Read(file).Batches;
        BitConverter.GetBytes((long)blocks[0].Metadata).CopyTo(file.AsSpan(file.AsSpan().LastIndexOf(BitConverter.GetBytes((long)blocks[1].Metadata))));
        Assert.Contains("inside another", Refused(file).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesTheFile_ThatIsMissingOrAFolder()
    {
        Assert.Contains("cannot be read", Assert.Throws<TraceException>(() => Trace.Load(_folder["none.arrow"])).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<TraceException>(() => Trace.Load("")).Message, StringComparison.Ordinal);
        Assert.Contains("this is a folder", Assert.Throws<TraceException>(() => Trace.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesTheLimit_ThatAFileExceeds()
    {
        var path = _folder["big.arrow"];
        TraceRow[][] batches = [[Map, Row(6, OperationKind.Map, 2, 1, 1)], [Row(6, OperationKind.Map, 2, 2, 1)]];
        File.WriteAllBytes(path, new ArrowTraceFile { Compression = CompressionCodecType.Zstd }.Write(batches));
        AssertLimit(TraceLimits.Default with { RowsMax = 2 }, "record batch 1", "has 3 rows, more than the limit of 2");
        AssertLimit(TraceLimits.Default with { BatchBytesMax = 71 }, "record batch 0", "more than the limit of 71");
        AssertLimit(TraceLimits.Default with { FileBytesMax = 100 }, null, "more than the limit of 100");
        AssertLimit(TraceLimits.Default with { MappingsMax = 2 }, "op", "more than 2 mappings are alive");
        Assert.Equal(3, Trace.Load(path, TraceLimits.Default with { RowsMax = 3, MappingsMax = 3 }).RowCount);

        void AssertLimit(TraceLimits limits, string? field, string problem)
        {
            var exception = Assert.Throws<TraceException>(() => Trace.Load(path, limits));
            Assert.Equal((path, field), (exception.FilePath, exception.Field));
            Assert.Contains(problem, exception.Problem, StringComparison.Ordinal);
        }
    }

    private static Operation Exit => new(OperationKind.Exit, 1, 0, 1);

    private static UInt64Array WithNull(int rows, int? nullRow)
    {
        var builder = new UInt64Array.Builder();
        for (var row = 0; row < rows; row++)
            _ = row == nullRow ? builder.AppendNull() : builder.Append(1);
        return builder.Build();
    }

    private static void AssertField(string field, string problem, ArrowTraceFile file)
    {
        var exception = Refused(file.Write([Map]));
        Assert.Equal((field, null), (exception.Field, exception.Row));
        Assert.Contains(problem, exception.Problem, StringComparison.Ordinal);
    }

    private static TraceException Refused(byte[] file)
    {
        var exception = Assert.Throws<TraceException>(() => TraceReader.Load("bad.arrow", file, TraceLimits.Default));
        Assert.StartsWith("bad.arrow", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith($"{exception.Problem}. {exception.Remedy}.", exception.Message, StringComparison.Ordinal);
        return exception;
    }
}
