using System.Buffers.Binary;
using FleetEstimator.Cli.Bench;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

public sealed class AccessListImporterTests
{
    [Fact]
    public void ReadsLoadsAndStoresOfLackey_OfAProgramWhoseAccessesAreKnown()
    {
        var imported = Imported.Fixture("lackey", "lackey.txt.gz");
        Assert.Equal(Capability.AccessOnly, imported.Header.Capability);
        var known = imported.Rows.Where(row => row.Operation.Page is >= 0x10000 and < 0x10020 && row.Operation.Kind != OperationKind.Map).ToList();
        Assert.Equal(Enumerable.Range(8, 4), known.Where(row => row.Operation.Kind == OperationKind.Read).SelectMany(Pages).Distinct().Order());
        Assert.Equal(Enumerable.Range(12, 20), known.Where(row => row.Operation.Kind == OperationKind.Write).SelectMany(Pages).Distinct().Order());

        static IEnumerable<int> Pages(TraceRow row) => Enumerable.Range((int)row.Operation.Page - 0x10000, (int)row.Operation.Pages);
    }

    [Fact]
    public void WritesAPageOnceAKindAnInterval_AndBothPagesOfAnAccessAcross()
    {
        var imported = Imported.Of("lackey",
            "==1== Lackey\nI  400000,3\n L 1000,8\n L 1008,8\n S 1000,8\n M 2ffc,8\nI  400003,3\n L 1000,8\n",
            new ImportOptions().Add("instructions-per-us", "1").Add("interval-us", "2"));
        Assert.Equal(
            [
                new TraceRow(1, new Operation(OperationKind.Map, 0, 0, 512)),
                new TraceRow(1, new Operation(OperationKind.Read, 0, 1, 1)),
                new TraceRow(1, new Operation(OperationKind.Write, 0, 1, 3)),
                new TraceRow(2, new Operation(OperationKind.Read, 0, 1, 1)),
            ],
            imported.Rows);
        Assert.Equal(2, imported.Summary.LeftOut["instruction fetches (code comes from files)"]);
    }

    [Theory]
    [InlineData("hello\n", "there is no load or store in it")]
    [InlineData(" L ffffffffffffffff,8\n", "line 1, address: the access reaches beyond the address space")]
    [InlineData(" S 1000,0\n", "line 1, size: an access of 0 bytes")]
    public void RefusesWhatIsNotLackeys(string text, string message) =>
        Assert.Contains(message, Imported.Refused("lackey", text).Message, StringComparison.Ordinal);

    [Fact]
    public void ReadsWhatTheBenchmarkExports_PlainAndZstandard()
    {
        var stream = new MemoryStream();
        OracleGeneral.Write(stream, [3, 4, 700, 3], 1000);
        var plain = Imported.Of("oracle-general", [ImportFile.FromBytes("in", stream.ToArray())]);
        Assert.Equal(
            [(0ul, 3ul), (1_000_000ul, 4ul), (2_000_000ul, 700ul), (3_000_000ul, 3ul)],
            plain.Rows.Where(row => row.Operation.Kind == OperationKind.Access).Select(row => (row.TimeMicroseconds, row.Operation.Page)));
        Assert.Equal(2, plain.Rows.Count(row => row.Operation.Kind == OperationKind.Map));

        using var compressor = new ZstdSharp.Compressor();
        using var compressed = ImportFile.FromBytes("in.zst", compressor.Wrap(stream.ToArray()).ToArray());
        Assert.Equal(plain.Rows, Imported.Of("oracle-general", [compressed]).Rows);
    }

    [Fact]
    public void NumbersObjectsInTheOrderOfTheirFirstRequest_AndGivesLargeOnesSeveralPages()
    {
        var imported = Records(new ImportOptions().Add("objects", "numbered"), (1, ulong.MaxValue, 9000, -1), (2, 5, 1, -1), (3, ulong.MaxValue, 9000, -1));
        Assert.Equal([(0ul, 3u), (3ul, 1u), (0ul, 3u)],
            imported.Rows.Where(row => row.Operation.Kind == OperationKind.Access).Select(row => (row.Operation.Page, row.Operation.Pages)));
    }

    [Fact]
    public void RefusesIdsThatAreNoPages_AndRecordsOfOtherLayouts()
    {
        Refuses("record 0, object: 18446744073709551615 is no number of a page, but perhaps a hash. Give --objects numbered.", (1, ulong.MaxValue, 1, -1));
        Refuses("record 0, size: object 5 has 9000 bytes", (1, 5, 9000, -1));
        Refuses("record 0, next_access: -3 is no number of a request", (1, 5, 1, -3));
        Refuses("record 1, time: 1 lies before that of the first record, 2", (2, 5, 1, -1), (1, 5, 1, -1));
        Assert.Contains("record 0: the file ends after 5 of the record's 24 bytes", Imported.Refused("oracle-general", "abcde").Message, StringComparison.Ordinal);
        Assert.Contains("the file is empty", Imported.Refused("oracle-general", "").Message, StringComparison.Ordinal);
        using var damaged = ImportFile.FromBytes("in", [0x28, 0xB5, 0x2F, 0xFD, 1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.Contains("it cannot be decompressed", Assert.Throws<ImportException>(() => Imported.Of("oracle-general", [damaged])).Message, StringComparison.Ordinal);
        using var cutShort = ImportFile.FromBytes("in", Imported.Bytes("requests.oracleGeneral.zst")[..^9]);
        Assert.Contains("it cannot be decompressed", Assert.Throws<ImportException>(() => Imported.Of("oracle-general", [cutShort])).Message, StringComparison.Ordinal);

        static void Refuses(string message, params (uint Time, ulong Id, uint Size, long Next)[] records) =>
            Assert.Contains(message, Assert.Throws<ImportException>(() => Records(null, records)).Message, StringComparison.Ordinal);
    }

    private static Imported Records(ImportOptions? options, params (uint Time, ulong Id, uint Size, long Next)[] records)
    {
        var bytes = new byte[24 * records.Length];
        for (var index = 0; index < records.Length; index++)
        {
            var record = bytes.AsSpan(24 * index);
            BinaryPrimitives.WriteUInt32LittleEndian(record, records[index].Time);
            BinaryPrimitives.WriteUInt64LittleEndian(record[4..], records[index].Id);
            BinaryPrimitives.WriteUInt32LittleEndian(record[12..], records[index].Size);
            BinaryPrimitives.WriteInt64LittleEndian(record[16..], records[index].Next);
        }

        return Imported.Of("oracle-general", [ImportFile.FromBytes("in", bytes)], options);
    }
}
