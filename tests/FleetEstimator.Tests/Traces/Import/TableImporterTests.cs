using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

public sealed class TableImporterTests
{
    private static readonly ImportOptions Mapped = Options("column", "time=ts:ms", "process=pid", "address=addr", "op=rw");

    [Fact]
    public void ReadsAMappedCsv()
    {
        var imported = Imported.Of("csv", "ts,pid,addr,rw\n10,7,0x1000,R\n10.5,7,8192,W\n", Options("column", "time=ts:ms", "process=pid", "address=addr", "op=rw").Add("op-name", "R=read").Add("op-name", "W=write"));
        Assert.Equal(Capability.AccessOnly, imported.Header.Capability);
        Assert.Equal(
            [
                new TraceRow(0, new Operation(OperationKind.Map, 7, 0, 512)),
                new TraceRow(0, new Operation(OperationKind.Read, 7, 1, 1)),
                new TraceRow(500, new Operation(OperationKind.Write, 7, 2, 1)),
            ],
            imported.Rows);
    }

    [Fact]
    public void TakesTheColumnsThatAreMapped_BeforeThoseThatAreOnlyNamedLikeAField() =>
        Assert.Equal(
            new TraceRow(0, new Operation(OperationKind.Read, 0, 2, 3)),
            Imported.Of("csv", "time_us,address,page,pages,size,op\n5,8192,77,99,12288,read\n", Options("column", "address=address", "bytes=size")).Rows[^1]);

    [Fact]
    public void ReadsColumnsNamedAsATraces_WithMappingsAndContents()
    {
        var imported = Imported.Of("csv", "time_us;op;process;page;pages;content;fill\n0;map;1;100;8;0;0\n5;write;1;100;2;zero;0\n6;4;1;102;1;2;17\n7;unmap;1;100;8;;0\n9;exit;1;0;1;0;0\n");
        Assert.Equal(Capability.ContentKnown, imported.Header.Capability);
        Assert.Equal(
            [
                new TraceRow(0, new Operation(OperationKind.Map, 1, 100, 8)),
                new TraceRow(5, new Operation(OperationKind.Write, 1, 100, 2, PageContent.Zero)),
                new TraceRow(6, new Operation(OperationKind.Write, 1, 102, 1, PageContent.Repeated), 17),
                new TraceRow(7, new Operation(OperationKind.Unmap, 1, 100, 8)),
                new TraceRow(9, new Operation(OperationKind.Exit, 1, 0, 1)),
            ],
            imported.Rows);
    }

    [Fact]
    public void NumbersProcessesThatHaveNames_AndTakesColumnsByNumberWithoutAHeader()
    {
        var imported = Imported.Of("csv", "2025-01-31T10:00:00Z,web,5\n2025-01-31T10:00:02Z,db,6\n",
            Options("column", "time=1:s", "process=2", "page=3").Add("no-header", "true").Add("op", "access"));
        Assert.Equal([(0ul, 0u), (2_000_000ul, 1u)], imported.Rows.Where(row => row.Operation.Kind == OperationKind.Access).Select(row => (row.TimeMicroseconds, row.Operation.Process)));
        Assert.Contains(imported.Summary.Notes, note => note.Contains("0 is web, 1 is db", StringComparison.Ordinal));
    }

    [Fact]
    public void ReadsWholeNumbersWrittenAsFloatingPoint() =>
        Assert.Equal(
            new TraceRow(0, new Operation(OperationKind.Read, 7, 2, 1)),
            Imported.Of("csv", "time_us,process,page,op\n0.0,7.0,2.0,read\n").Rows[^1]);

    [Theory]
    [InlineData("ts,pid,addr,rw\n10,7,0x1000,R\n", "in, line 2, op: \"R\" is no operation. Say what it is with --op-name")]
    [InlineData("ts,pid,addr,rw\n10,7,x,read\n", "in, line 2, address: \"x\" is not a whole number")]
    [InlineData("ts,pid,addr,rw\n10,7,1,read\n9,7,1,read\n", "in, line 3, time: it lies before that of the first row")]
    [InlineData("ts,pid,addr,rw\n10,7,1,read\n12,7,1,read\n11,7,1,read\n", "in, line 4, time_us: time 1000 lies before the previous row's 2000")]
    [InlineData("ts,pid,addr,rw\n10,7,1\n", "in, line 2: it has 3 fields, and the first line 4")]
    [InlineData("ts,pid,addr,rw\n10,7,1,unmap\n", "in, line 2, op: process 7 unmaps memory, but no row says that it mapped any")]
    [InlineData("ts,pid,addr,rw\n10,7,1.5,read\n", "in, line 2, address: \"1.5\" is not a whole number")]
    [InlineData("ts,pid,addr,rw\n10,7,8,fork\n", "in, line 2, op: the table has addresses, and a fork needs the number of the forked process")]
    [InlineData("ts,pid,addr,rw\n10,7,4096,map\n10,web,4096,map\n", "in, line 3, process: \"web\" is no number, as those before are")]
    [InlineData("ts,pid,addr,rw\n", "in: there is no row in it")]
    [InlineData("a,b\n1,2\n", "--column: there is no column \"ts\". The columns are a, b.")]
    [InlineData("ts,pid,addr,rw\nyesterday,7,1,read\n", "in, line 2, time: \"yesterday\" is not a time")]
    [InlineData("", "in, line 1: ")]
    public void IsRefusedWithPlaceAndRemedy(string text, string message) =>
        Assert.Contains(message, Imported.Refused("csv", text, Mapped).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("time=ts", "does not say the unit of time")]
    [InlineData("colour=ts", "is not FIELD=COLUMN with one of the fields")]
    [InlineData("page=ts", "no column is the time")]
    public void RefusesAMappingThatSaysTooLittle(string column, string message)
    {
        var exception = Imported.Refused("csv", "ts,page\n1,2\n", Options("column", column).Add("op", "read"));
        Assert.True(exception.IsUsage);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesContentKnown_WhereAContentIsNot() =>
        Assert.Contains("in, line 2, content: what the pages contain after write is not known",
            Imported.Refused("csv", "time_us,op,page,content\n0,write,5,0\n").Message, StringComparison.Ordinal);

    [Fact]
    public void RefusesALineWithoutEnd() =>
        Assert.Contains("is longer than 16384 characters", Imported.Refused("csv", "ts,pid,addr,rw\n\"" + new string('x', 200_000), Mapped).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("ts,pid,addr,rw\n")]
    public void RefusesALineOfTensOfThousandsOfFields_WithoutTakingMuchForThem(string before)
    {
        var text = before + new string(',', 60_000) + "\n1,2,3,4\n";
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("is longer than 16384 characters", Imported.Refused("csv", text, Mapped).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 64 << 20);
    }

    [Fact]
    public async Task ReadsAMappedParquet_AsTheCsvOfTheSameRows()
    {
        var bytes = await Parquet([10, 10, 12], [7, 7, 8], [4096, 8192, 4096], ["read", "write", "access"]);
        var csv = Imported.Of("csv", "ts,pid,addr,rw\n10,7,4096,read\n10,7,8192,write\n12,8,4096,access\n", Mapped);
        Assert.Equal(csv.Rows, Imported.Of("parquet", [ImportFile.FromBytes("in.parquet", bytes)], Mapped).Rows);
    }

    [Theory]
    [InlineData("duckdb.parquet")]
    [InlineData("duckdb-v2.parquet")]
    [InlineData("polars.parquet")]
    public void ReadsParquetOfOtherPrograms_AsTheCsvOfTheSameRows(string fixture)
    {
        // What tables.mjs makes of table.csv: its map row, and sixteen times what it writes and accesses.
        var lines = System.Text.Encoding.UTF8.GetString(Imported.Bytes("table.csv")).Split('\n');
        var rows = lines.Where(line => line.Contains("write", StringComparison.Ordinal) || line.Contains("access", StringComparison.Ordinal)).Select(line => line.Split(',', 2)).ToList();
        string[] csv = [.. lines[..2], .. Enumerable.Range(0, 16).SelectMany(copy => rows.Select(row => $"{int.Parse(row[0]) + (100_000 * copy)},{row[1]}"))];
        Assert.Equal(258, csv.Length);
        Assert.Equal(Imported.Of("csv", string.Join('\n', csv)).Rows, Imported.Fixture("parquet", fixture).Rows);
    }

    [Fact]
    public async Task RefusesAChunkWhosePagesHoldFewerValuesThanItsRows()
    {
        // The library reads on behind the chunk, and takes whatever size the bytes there seem to declare.
        var bytes = await Parquet([10, 10, 12], [7, 7, 8], [4096, 8192, 4096], ["read", "write", "access"]);
        var header = bytes.AsSpan(4);
        var values = header[..40].IndexOf((ReadOnlySpan<byte>)[0x15, 3 << 1]);
        Assert.NotEqual(-1, values);
        header[values + 1] = 2 << 1;
        Assert.Contains("its pages declare 2 values, and the footer 3, for 3 rows",
            Assert.Throws<ImportException>(() => Imported.Of("parquet", [ImportFile.FromBytes("in.parquet", bytes)], Mapped)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAPageThatIsLongerInSnappysWordsThanInItsOwn()
    {
        // The first page's data follow its header of 20 bytes; Snappy writes before them how long they are, 2,063 bytes.
        var bytes = Imported.Bytes("duckdb.parquet");
        Assert.Equal([0x8F, 0x10], bytes[24..26]);
        ((ReadOnlySpan<byte>)[0xFF, 0xFF, 0xFF, 0xFF, 0x07]).CopyTo(bytes.AsSpan(24));
        Assert.Contains("the data of the page at 4 yields more than the 2063 bytes that its header declares",
            Assert.Throws<ImportException>(() => Imported.Of("parquet", [ImportFile.FromBytes("in.parquet", bytes)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadsTimesThatNoDoubleIsEqualTo_AsTheTextOfTheSameTimes()
    {
        double[] times = [1_700_000_000.123456, 1_700_000_000.29, 1_700_000_000.999999, 1_700_000_007.000001];
        var schema = new ParquetSchema(new DataField<double>("ts"), new DataField<long>("page"));
        var stream = new MemoryStream();
        await using (var writer = await ParquetWriter.CreateAsync(schema, stream, cancellationToken: TestContext.Current.CancellationToken))
        {
            using var group = writer.CreateRowGroup();
            await group.WriteAsync<double>(schema.DataFields[0], times, cancellationToken: TestContext.Current.CancellationToken);
            await group.WriteAsync<long>(schema.DataFields[1], new long[] { 1, 2, 3, 4 }, cancellationToken: TestContext.Current.CancellationToken);
        }

        var imported = Imported.Of("parquet", [ImportFile.FromBytes("in.parquet", stream.ToArray())], Options("column", "time=ts:s").Add("op", "access"));
        Assert.Equal([0ul, 166_544, 876_543, 6_876_545], imported.Rows.Where(row => row.Operation.Kind == OperationKind.Access).Select(row => row.TimeMicroseconds));
    }

    [Fact]
    public async Task RefusesDamagedParquet()
    {
        var bytes = await Parquet([10], [7], [4096], ["read"]);
        Assert.Throws<ImportException>(() => Imported.Of("parquet", [ImportFile.FromBytes("in.parquet", bytes[..^9])], Mapped));
        for (var at = 4; at < bytes.Length; at += 3)
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 0x55;
            try
            {
                Imported.Of("parquet", [ImportFile.FromBytes("in.parquet", damaged)], Mapped);
            }
            catch (ImportException exception)
            {
                // Of a row group too long, or no file at all: one error, whatever the library stumbled over.
                Assert.NotEmpty(exception.Remedy);
            }
        }
    }

    private static async Task<byte[]> Parquet(long[] times, int[] processes, long[] addresses, string[] operations)
    {
        var schema = new ParquetSchema(new DataField<long>("ts"), new DataField<int>("pid"), new DataField<long>("addr"), new DataField<string>("rw", nullable: false));
        var stream = new MemoryStream();
        await using (var writer = await ParquetWriter.CreateAsync(schema, stream))
        {
            using var group = writer.CreateRowGroup();
            await group.WriteAsync<long>(schema.DataFields[0], times);
            await group.WriteAsync<int>(schema.DataFields[1], processes);
            await group.WriteAsync<long>(schema.DataFields[2], addresses);
            await group.WriteAsync(schema.DataFields[3], operations);
        }

        return stream.ToArray();
    }

    private static ImportOptions Options(string name, params string[] values) => values.Aggregate(new ImportOptions(), (options, value) => options.Add(name, value));
}
