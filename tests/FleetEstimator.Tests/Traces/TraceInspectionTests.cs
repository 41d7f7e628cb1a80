using System.Text.Json;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

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

    private Trace Written(params TraceRow[] rows)
    {
        using var writer = TraceWriter.Create(_folder["t.arrow"], Header);
        foreach (var row in rows)
            writer.Append(row);
        writer.Complete();
        return Trace.Load(_folder["t.arrow"]);
    }
}
