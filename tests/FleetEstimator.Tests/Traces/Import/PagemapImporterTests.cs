using System.Text;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

public sealed class PagemapImporterTests
{
    private const string Maps = "400000-403000 rw-p 00000000 00:00 0                          [heap]\n";

    [Fact]
    public void TellsTheZeroPage_OfAProcessWhoseMemoryIsKnown()
    {
        using var flags = Imported.File("kpageflags.sparse.gz");
        var imported = Imported.Of("pagemap", [Imported.File("known.maps"), Imported.File("known.pagemap")], new ImportOptions().Add("kpageflags", flags));
        Assert.Equal(Capability.MappingOnly, imported.Header.Capability);
        Assert.Equal(
            [
                new TraceRow(0, new Operation(OperationKind.Map, 0, 0x10000, 32)),
                new TraceRow(0, new Operation(OperationKind.Read, 0, 0x10008, 4)),
                new TraceRow(0, new Operation(OperationKind.Observe, 0, 0x1000C, 20)),
            ],
            imported.Rows.Where(row => row.Operation.Page is >= 0x10000 and < 0x10020));
    }

    [Fact]
    public void CountsTheZeroPageAsResident_WithoutFlags()
    {
        var imported = Imported.Of("pagemap", [Imported.File("known.maps"), Imported.File("known.pagemap")]);
        Assert.Equal(24u, imported.Rows.Single(row => row.Operation is { Page: 0x10008, Kind: OperationKind.Observe }).Operation.Pages);
        Assert.Contains(imported.Summary.Notes, note => note.Contains("without --kpageflags", StringComparison.Ordinal));
    }

    [Fact]
    public void TellsTheHugeZeroPage_ThoughItIsMarkedAsAFilePage()
    {
        // What Linux 6.18 shows of 2 MiB that were only read, then of a page written: bits 63 and 61, and 63.
        const string maps = "40000000-40201000 rw-p 00000000 00:00 0\n";
        var entries = Enumerable.Repeat(1UL << 63 | 1UL << 61, 512).Append(1UL << 63).ToArray();
        Assert.Equal(
            [(OperationKind.Map, 513u), (OperationKind.Read, 512u), (OperationKind.Observe, 1u)],
            Of(maps, entries).Rows.Select(row => (row.Operation.Kind, row.Operation.Pages)));

        entries[0] = 0;
        Assert.Contains("is of a file, but lies in a private anonymous mapping", Assert.Throws<ImportException>(() => Of(maps, entries)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WritesSwappedPagesAsSeenAndSwappedOut() =>
        Assert.Equal(
            [OperationKind.Map, OperationKind.Observe, OperationKind.ObservedSwapOut],
            Of(Maps, 0, 1UL << 62 | 5, 0).Rows.Select(row => row.Operation.Kind));

    [Fact]
    public void FindsEntriesAtTheirPlaces_InASparseFile()
    {
        var bytes = new byte[0x403 * 8];
        BitConverter.TryWriteBytes(bytes.AsSpan(0x401 * 8), 1UL << 63);
        var imported = Imported.Of("pagemap",
            [ImportFile.FromBytes("maps", Encoding.ASCII.GetBytes(Maps)), ImportFile.FromBytes("pagemap", bytes, (0, 0x1000))]);
        Assert.Equal(0x401ul, Assert.Single(imported.Rows, row => row.Operation.Kind == OperationKind.Observe).Operation.Page);
    }

    [Theory]
    [InlineData("400000-403000 rw-p\n", "in.maps, line 1: it is no line of /proc/PID/maps")]
    [InlineData("400000-400000 rw-p 00000000 00:00 0\n", "in.maps, line 1: the range 400000-400000 is empty")]
    [InlineData("", "in.maps: there is no range in it")]
    [InlineData("400000-500000 rw-p 00000000 00:00 0\n", "it has 24 bytes; the 256 pages of maps need 2048")]
    public void IsRefusedWithPlaceAndRemedy(string maps, string message) =>
        Assert.Contains(message, Assert.Throws<ImportException>(() => Of(maps, 0, 0, 0)).Message, StringComparison.Ordinal);

    [Fact]
    public void RefusesEntriesThatAreNone() =>
        Assert.Contains("in.pagemap, byte 0, entry: the entry 0000000000000005", Assert.Throws<ImportException>(() => Of(Maps, 5, 0, 0)).Message, StringComparison.Ordinal);

    private static Imported Of(string maps, params ulong[] entries) => Imported.Of("pagemap",
    [
        ImportFile.FromBytes("in.maps", Encoding.ASCII.GetBytes(maps)),
        ImportFile.FromBytes("in.pagemap", [.. entries.SelectMany(BitConverter.GetBytes)]),
    ]);
}
