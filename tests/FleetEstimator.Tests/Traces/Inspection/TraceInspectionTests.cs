using System.Text.Json;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces.Inspection;

public sealed class TraceInspectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void CountsRowsPagesAndProcessesAsTheContractSays()
    {
        var inspection = TraceInspection.Of(Written(
            Row(0, OperationKind.Map, 1, 100, 8),
            Row(1, OperationKind.LazyFree, 1, 100, 3),
            Row(2, OperationKind.LazyFree, 1, 101, 2),
            Row(3, OperationKind.Limit, 77, 0, 50),
            Row(9, OperationKind.Fork, 1, 2, 1)));

        const string expected =
            """
            {"rows":5,"processes":2,"duration_us":9,
            "operations":{"map":{"rows":1,"pages":8},"lazy_free":{"rows":2,"pages":5},"fork":{"rows":1,"pages":1},"limit":{"rows":1,"pages":50}},
            "zero_share":{"resident_pages":null,"swapped_out_pages":null,"swapped_in_pages":null},
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), JsonSerializer.Serialize(inspection).Split("\"metadata\"")[0]);
        Assert.Equal("4096", inspection.Metadata["page_size"]);
        Assert.Equal("1", inspection.Metadata["fleet-estimator.version"]);
        Assert.Equal("web", inspection.Metadata["label.class"]);
    }

    [Fact]
    public void ShowsMetadataAsTheyStandInTheFile()
    {
        var file = new ArrowTraceFile();
        file.Metadata["recorded_at"] = "2025-01-31T23:59:59.500Z";
        file.Metadata["sampling_fraction"] = "1.0";
        file.Metadata.Remove("label.capability");
        file.Metadata.Add("pandas", "{}");
        Assert.Equal(file.Metadata, TraceInspection.Of(TraceReader.Load("foreign.arrow", file.Write(), TraceLimits.Default)).Metadata);
    }

    [Fact]
    public void RefusesARunThatIsTooLongToBeReplayed_WithoutTakingMemoryForIt()
    {
        var trace = Written(Row(0, OperationKind.Map, 1, 0, uint.MaxValue), Row(1, OperationKind.Discard, 1, 0, uint.MaxValue), Row(2, OperationKind.Read, 1, 0, uint.MaxValue));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var exception = Assert.Throws<TraceException>(() => TraceInspection.Of(trace));
        Assert.Equal((2, "pages"), (exception.Row, exception.Field));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Fact]
    public void IsEmpty_ForATraceWithoutRows()
    {
        var inspection = TraceInspection.Of(Written());
        Assert.Equal((0L, 0, 0ul, 0), (inspection.Rows, inspection.Processes, inspection.DurationMicroseconds, inspection.Operations.Count));
    }

    [Fact]
    public void NamesOperationsAsTheFormatDoes() =>
        Assert.Equal(
            [
                "map", "unmap", "read", "write", "observe", "discard", "lazy_free", "cold", "pageout", "reclaim", "fork", "exit", "lock", "unlock",
                "huge", "nohuge", "pin", "unpin", "limit", "access", "observed_swapout", "settle",
            ],
            Enum.GetValues<OperationKind>().Select(TraceFormat.NameOf));

    [Fact]
    public void ZeroSharesNameTheirDenominators()
    {
        var inspection = TraceInspection.Of(Written(
            Row(0, OperationKind.Map, 1, 0, 10),
            Row(0, OperationKind.Observe, 1, 0, 4, PageContent.Zero),
            Row(0, OperationKind.Observe, 1, 4, 4, PageContent.Data),
            Row(10, OperationKind.ObservedSwapOut, 1, 0, 3),
            Row(10, OperationKind.PageOut, 1, 4, 1),
            Row(10, OperationKind.Read, 1, 0, 1),
            Row(20, OperationKind.Settle, 0, 0, 1)));

        Assert.Equal(0.75, inspection.ZeroShare.SwappedOutPages);
        Assert.Equal(1, inspection.ZeroShare.SwappedInPages);
        Assert.Equal(((4.0 * 10) + (2 * 10)) / ((8 * 10) + (5 * 10)), inspection.ZeroShare.ResidentPages!.Value, 1e-6);
        Assert.Equal((4, 1), (inspection.Details!.SwappedOutPages, inspection.Details.SwappedInPages));
    }

    [Fact]
    public void HasNoZeroShares_WhereTheSourceDidNotKnowContent()
    {
        var path = _folder["a.arrow"];
        using (var writer = TraceWriter.Create(path, Header with { Capability = Capability.AccessOnly }))
        {
            writer.Append(Row(0, OperationKind.Map, 1, 0, 4));
            writer.Append(Row(1, OperationKind.Write, 1, 0, 4));
            writer.Append(Row(9, OperationKind.Access, 1, 0, 2));
            writer.Complete();
        }

        var inspection = TraceInspection.Of(Trace.Load(path));
        Assert.Equal(new ZeroShares(), inspection.ZeroShare);
        Assert.Equal(4, inspection.Details!.AccessedPages);
        Assert.All(inspection.Details.Timeline, point => Assert.Equal((point.Resident, 0), (point.Unknown, point.Zero)));
    }

    [Fact]
    public void TellsUnknownContentFromData()
    {
        var point = TraceInspection.Of(Written(
            Row(0, OperationKind.Map, 1, 0, 10),
            Row(0, OperationKind.Write, 1, 0, 4),
            new TraceRow(0, new Operation(OperationKind.Write, 1, 4, 3, PageContent.Data, CompressedBytes: 4096)),
            Row(0, OperationKind.Write, 1, 7, 2, PageContent.Zero),
            Row(0, OperationKind.Write, 1, 9, 1, PageContent.Repeated, 5))).Details!.Timeline[^1];

        Assert.Equal((10, 2, 1, 3, 4), (point.Resident, point.Zero, point.Repeated, point.Data, point.Unknown));
    }

    [Fact]
    public void CountsHowPagesComeBackFromSwap()
    {
        var mix = TraceInspection.Of(Written(
            Row(0, OperationKind.Map, 1, 0, 10),
            Row(0, OperationKind.Write, 1, 0, 4, PageContent.Zero),
            Row(0, OperationKind.Write, 1, 4, 4, PageContent.Data),
            Row(10, OperationKind.PageOut, 1, 0, 8),
            Row(11, OperationKind.Read, 1, 0, 1),
            Row(11, OperationKind.Access, 1, 1, 2, PageContent.Zero),
            Row(11, OperationKind.Write, 1, 3, 3, PageContent.Data),
            Row(12, OperationKind.Read, 1, 6, 1),
            Row(13, OperationKind.Write, 1, 0, 1, PageContent.Data),
            Row(13, OperationKind.Write, 1, 0, 1, PageContent.Zero),
            Row(14, OperationKind.Discard, 1, 1, 1),
            Row(15, OperationKind.Write, 1, 1, 1, PageContent.Data))).Details!.AfterSwapIn;

        Assert.Equal(new FirstAccesses(Loads: 1, Stores: 1, NotKnown: 2), mix.ZeroFilled);
        Assert.Equal(new FirstAccesses(Loads: 1, Stores: 2, NotKnown: 0), mix.Other);
        Assert.Equal(1, mix.ZeroFilledStoredLater);
    }

    [Fact]
    public void EveryPageSwappedInUnderALimitIsInTheMix()
    {
        var rows = new List<TraceRow> { Row(0, OperationKind.Map, 1, 0, 100) };
        for (var pass = 0; pass < 5; pass++)
        {
            rows.Add(Row((ulong)pass * 10, OperationKind.Write, 1, 0, 100, pass % 2 == 0 ? PageContent.Data : PageContent.Zero));
            rows.Add(Row(((ulong)pass * 10) + 5, OperationKind.Access, 1, 0, 100));
        }

        var details = TraceInspection.Of(Written([.. rows]), limitPages: 64).Details!;
        Assert.Equal(64, details.LimitPages);
        Assert.True(details.SwappedInPages > 100);
        Assert.Equal(details.SwappedInPages, details.AfterSwapIn.Pages);
        Assert.InRange(details.ResidentPeakPages, 1, 64);
    }

    [Fact]
    public void JsonHasTheKeysOfTheContract_AndNoOthers_UnlessAskedFor()
    {
        var inspection = TraceInspection.Of(Written(Row(0, OperationKind.Map, 1, 0, 10)));
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(inspection with { Details = null }));
        Assert.Equal(
            ["rows", "processes", "duration_us", "operations", "zero_share", "metadata"], json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["resident_pages", "swapped_out_pages", "swapped_in_pages"], json.RootElement.GetProperty("zero_share").EnumerateObject().Select(property => property.Name));
        using var full = JsonDocument.Parse(JsonSerializer.Serialize(inspection));
        Assert.Equal("details", full.RootElement.EnumerateObject().Last().Name);
    }

    private Trace Written(params TraceRow[] rows)
    {
        using var writer = TraceWriter.Create(_folder["t.arrow"], Header);
        foreach (var row in rows)
            writer.Append(row);
        writer.Complete();
        return Trace.Load(_folder["t.arrow"]);
    }
}
