using System.IO.Compression;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

public sealed class DamoImporterTests
{
    private const string OneRegion = "kdamond.0 77 [001] 10.5: damon:damon_aggregated: target_id=0 nr_regions=1 4096-12288: 3 1\n";

    [Fact]
    public void ReadsTheSameRows_FromEveryTypeThatDamoWrote()
    {
        var json = Imported.Fixture("damo", "damo.json");
        Assert.Equal(Capability.AccessOnly, json.Header.Capability);
        Assert.Equal("damon", json.Header.AccessSource);
        Assert.Equal(12, json.Rows.Count(row => row.Operation.Kind == OperationKind.Access));
        Assert.Equal(10_472_145ul, json.Rows[^1].TimeMicroseconds);
        Assert.Equal(5_236_072, json.Header.IntervalMicroseconds);
        Assert.Equal(6, json.Summary.LeftOut["regions in which no access was seen"]);
        Assert.Equal(json.Rows, Imported.Fixture("damo", "damo.zlib").Rows);
        Assert.Equal(json.Rows, Imported.Fixture("damo", "damo.txt").Rows);
    }

    [Fact]
    public void ReadsPerfData_WithPerf()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perf"), "perf is not installed (Debian: linux-perf)");
        using var folder = new TemporaryFolder();
        var path = folder["damo.perf.data"];
        File.WriteAllBytes(path, Imported.Bytes("damo.perf.data.gz"));
        using var file = ImportFile.Open(path);
        var imported = Imported.Of("damo", [file]);
        // What perf script printed of it where it was recorded: 507 regions, of which 307 with 5,394 pages were accessed.
        Assert.Equal(200, imported.Summary.LeftOut["regions in which no access was seen"]);
        Assert.Equal(5394ul, imported.Summary.Operations["access"].Pages);
    }

    [Fact]
    public void MapsABlockBeforeItsFirstAccess_AndWritesAllPagesOfARegion()
    {
        var imported = Imported.Of("damo", OneRegion);
        Assert.Equal(
            [
                new TraceRow(0, new Operation(OperationKind.Map, 0, 0, 512)),
                new TraceRow(0, new Operation(OperationKind.Access, 0, 1, 2)),
            ],
            imported.Rows);
    }

    [Fact]
    public void NumbersTargets_AndPutsTheirSnapshotsInOrderOfTime()
    {
        // damo writes one target after the other.
        var imported = Imported.Of("damo",
            "k x x 10.000000: damon:damon_aggregated: target_id=18446623435582458880 nr_regions=1 0-4096: 1 0\n"
            + "k x x 12.000000: damon:damon_aggregated: target_id=18446623435582458880 nr_regions=1 0-4096: 1 0\n"
            + "k x x 11.000000: damon:damon_aggregated: target_id=7 nr_regions=1 0-4096: 2\n");
        Assert.Equal([(0ul, 0u), (1_000_000ul, 1u), (2_000_000ul, 0u)],
            imported.Rows.Where(row => row.Operation.Kind == OperationKind.Access).Select(row => (row.TimeMicroseconds, row.Operation.Process)));
    }

    [Fact]
    public void LeavesOutTheEmptyRegionThatDamoAddsToALoneSnapshot()
    {
        var imported = Imported.Of("damo", OneRegion + "kdamond.x xxxx xxxx 15.5: damon:damon_aggregated: target_id=0 nr_regions=1 0-0: -1 -1\n");
        Assert.Equal(2, imported.Rows.Count);
        Assert.Equal(1, imported.Summary.LeftOut["empty regions that damo adds to a lone snapshot"]);
    }

    [Fact]
    public void LeavesOutRegionsWithFewerAccessesThanAskedFor() =>
        Assert.Empty(Imported.Of("damo", OneRegion, new ImportOptions().Add("min-accesses", "4")).Rows);

    // What begins with "x " may be zlib's, with a dictionary that nobody has; its stream then fails as a device would.
    [Fact]
    public void IsDamaged_WhereZlibCannotGoOn() => Assert.Contains("it is damaged", Imported.Refused("damo", "x damaged").Message, StringComparison.Ordinal);

    [Fact]
    public void RefusesAFileThatInflatesAsNoRecordDoes()
    {
        var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(new byte[80 << 20]);
        using var file = ImportFile.FromBytes("in", compressed.ToArray());
        Assert.Contains("it has 67108864 bytes or more, decompressed", Assert.Throws<ImportException>(() => Imported.Of("damo", [file])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "in: there is no region in it.")]
    [InlineData("k 10.5: damon:damon_aggregated: target_id=0 nr_regions=1 8192-4096: 3 1", "in, line 1, region: it ends at 4096 and starts at 8192.")]
    [InlineData("k 10.5: damon:damon_aggregated: target_id=0 nr_regions=1 8192: 3 1", "in, line 1, region: START-END: ACCESSES is expected.")]
    [InlineData("k 10.5: damon:damon_aggregated: target_id=0 nr_regions=1 4096-8192: -2 1", "in, line 1, nr_accesses: -2 is negative.")]
    [InlineData("damon:damon_aggregated: target_id=0 nr_regions=1 4096-8192: 2 1", "in, line 1, time: there is no time in seconds before the event.")]
    [InlineData("k 10.5: damon:damon_aggregated: target_id=0 nr_regions=1 0-18446744073709551615: 2 1", "blocks of 2 MiB")]
    [InlineData("[{\"snapshots\":[{\"end_time\":1,\"regions\":[{\"start\":0,\"end\":\"x\",\"nr_accesses\":{\"samples\":1}}]}]}]", "in, record 0, snapshot 0, end: \"x\" is not a whole number.")]
    [InlineData("[{\"snapshots\":[{\"regions\":[]}]}]", "in, record 0, snapshot 0, end_time: it is missing.")]
    [InlineData("[{\"snapshots\":[", "in: it is damaged (Json")]
    [InlineData("{\"a\":1}", "in, the file: a list is expected")]
    [InlineData("PERFILE2", "this is perf's binary file, and not one on disk")]
    public void IsRefusedWithPlaceAndRemedy(string text, string message) =>
        Assert.Contains(message, Imported.Refused("damo", text).Message, StringComparison.Ordinal);
}
