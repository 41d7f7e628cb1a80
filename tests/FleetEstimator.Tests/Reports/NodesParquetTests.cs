using System.Reflection;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using FleetEstimator.Reports;
using Parquet;
using Xunit;

namespace FleetEstimator.Tests.Reports;

public sealed class NodesParquetTests
{
    [Fact]
    public async Task ReadsBackEqualToWhatWasWritten_WhenOnlySomeRecordingsHaveUnknownAccesses()
    {
        var sample = SampleStudy.Realistic();

        var columns = await ReadAsync(await WriteAsync(sample));

        Assert.Equal(sample.Nodes.Select(node => (object?)sample.Study.Classes[node.Class].Name), columns["class"]);
        Assert.Equal(sample.Nodes.Select(node => (object?)node.Node), columns["node"]);
        Assert.Equal(sample.Nodes.Select(node => (object?)sample.Recordings[node.Recording].Node), columns["recording"]);
        Assert.Equal(sample.Nodes.Select(node => (object?)(long)node.Instances), columns["instances"]);
        Assert.Equal(sample.Nodes.Select(node => (object?)node.MeasuredMicroseconds), columns["measured_us"]);
        Assert.Equal(sample.Nodes.Select(node => node.LimitBytes == 0 ? null : (object?)node.LimitBytes), columns["limit_bytes"]);
        Assert.Equal(sample.Nodes.Select(node => (object?)(long)node.PageSizeBytes), columns["page_size_bytes"]);
        foreach (var lane in Lane.Of(sample.Study.Mechanisms, unknownAccesses: true))
        {
            foreach (var figure in LaneColumn.For(sample.Study))
                Assert.Equal(sample.Nodes.Select(node => lane.Find(node) is { } found ? (object?)figure.Of(found) : null), columns[lane.ColumnName(figure)]);
        }

        Assert.Equal(7 + (2 * sample.Study.Mechanisms.Count * LaneColumn.For(sample.Study).Count()), columns.Count);
    }

    [Fact]
    public async Task HasNoAllWritesColumns_WhenEveryRecordingTellsLoadsFromStores()
    {
        var columns = await ReadAsync(await WriteAsync(SampleStudy.Make(new() { UnknownAccesses = false })));

        Assert.Contains("linux-6.12+zero-pfn-swapin/rss_mean_bytes", columns.Keys);
        Assert.DoesNotContain(columns.Keys, name => name.EndsWith("_all_writes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task HasSmallestLimits_WhereTheStudyLooksForThem()
    {
        var sample = SampleStudy.Make(new() { UnknownAccesses = false });
        var nodes = sample.Nodes.Select((node, index) => node with { Lanes = [.. node.Lanes.Select(lane => lane with { SmallestLimitBytes = index + 1, ExceedsBoundUnlimited = index % 2 == 1 })] });
        using var stream = new MemoryStream();

        await NodesParquet.WriteAsync(
            sample.Study with { RightSize = new() { OfBaseline = 1 } }, sample.Recordings, nodes.ToAsyncEnumerable(), stream, TestContext.Current.CancellationToken);

        var columns = await ReadAsync(stream.ToArray());
        Assert.Equal(sample.Nodes.Select((_, index) => (object?)(index + 1L)), columns["linux-6.12/smallest_limit_bytes"]);
        Assert.Equal(sample.Nodes.Select((_, index) => (object?)(index % 2L)), columns["linux-6.12/exceeds_bound_unlimited"]);
        Assert.DoesNotContain((await ReadAsync(await WriteAsync(sample))).Keys, name => name.EndsWith("smallest_limit_bytes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task HasNoAllWritesColumns_WhereClassesSayWhichAccessesAreLoads()
    {
        var sample = SampleStudy.Realistic();
        var study = sample.Study with { Classes = [.. sample.Study.Classes.Select(@class => @class with { Loads = 0.5 })] };
        var nodes = sample.Nodes.Select(node => node with { Lanes = [.. node.Lanes.Take(study.Mechanisms.Count)] });
        using var stream = new MemoryStream();

        await NodesParquet.WriteAsync(study, sample.Recordings, nodes.ToAsyncEnumerable(), stream, TestContext.Current.CancellationToken);

        Assert.DoesNotContain((await ReadAsync(stream.ToArray())).Keys, name => name.EndsWith("_all_writes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task GivesEqualBytes_ForEqualNodes() =>
        Assert.Equal(await WriteAsync(SampleStudy.Realistic()), await WriteAsync(SampleStudy.Realistic()));

    [Fact]
    public async Task GivesAFileWithItsColumns_WhenThereIsNoNode()
    {
        var sample = SampleStudy.Realistic();
        using var stream = new MemoryStream();

        var rows = await NodesParquet.WriteAsync(sample.Study, sample.Recordings, AsyncEnumerable.Empty<NodeResult>(), stream, TestContext.Current.CancellationToken);

        Assert.Equal(0, rows);
        Assert.Empty((await ReadAsync(stream.ToArray()))["class"]);
    }

    [Fact]
    public async Task StartsANewRowGroup_BeforeTooManyNodesAreHeld()
    {
        var sample = SampleStudy.Make(new() { Classes = ["web"], Mechanisms = ["linux-6.12"], SimulatedPerClass = NodesParquet.RowGroupRows + 10 });

        var bytes = await WriteAsync(sample);

        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(bytes), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(2, reader.RowGroupCount);
        Assert.Equal(sample.Nodes.Select(node => (object?)node.Node), (await ReadAsync(bytes))["node"]);
    }

    [Fact]
    public async Task RefusesNodesOutOfOrder()
    {
        var sample = SampleStudy.Realistic();

        await Assert.ThrowsAsync<ArgumentException>(() =>
            NodesParquet.WriteAsync(sample.Study, sample.Recordings, sample.Nodes.Reverse().ToAsyncEnumerable(), Stream.Null, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task RefusesANodeWithoutOneOfItsLanes()
    {
        var sample = SampleStudy.Realistic();
        var node = sample.Nodes[^1];

        await Assert.ThrowsAsync<ArgumentException>(() => NodesParquet.WriteAsync(
            sample.Study, sample.Recordings, AsyncEnumerable.Repeat(node with { Lanes = [.. node.Lanes.SkipLast(1)] }, 1), Stream.Null, TestContext.Current.CancellationToken));
    }

    // A counter that is added later must not be missing from the file unnoticed.
    [Fact]
    public void EveryFigureOfALane_HasItsColumn()
    {
        var figures = typeof(LaneResult).GetProperties().Where(property => property.PropertyType == typeof(long) || property.PropertyType == typeof(bool)).Cast<MemberInfo>()
            .Concat(typeof(Counters).GetProperties());

        Assert.Equal(figures.Count(), LaneColumn.All.Select(column => column.Name).Distinct().Count());
    }

    private static async Task<byte[]> WriteAsync(SampleStudy sample)
    {
        using var stream = new MemoryStream();
        Assert.Equal(sample.Nodes.Count, await NodesParquet.WriteAsync(sample.Study, sample.Recordings, sample.Nodes.ToAsyncEnumerable(), stream, TestContext.Current.CancellationToken));
        return stream.ToArray();
    }

    private static async Task<Dictionary<string, List<object?>>> ReadAsync(byte[] bytes)
    {
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(bytes));
        var columns = reader.Schema.DataFields.ToDictionary(field => field.Name, _ => new List<object?>());
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var rows = reader.OpenRowGroupReader(group);
            foreach (var field in reader.Schema.DataFields)
            {
                if (field.Name is "class" or "recording")
                {
                    var values = new string?[rows.RowCount];
                    await rows.ReadAsync(field, values.AsMemory());
                    columns[field.Name].AddRange(values);
                }
                else if (field.IsNullable)
                {
                    var values = new long?[rows.RowCount];
                    await rows.ReadAsync<long>(field, values.AsMemory());
                    columns[field.Name].AddRange(values.Cast<object?>());
                }
                else
                {
                    var values = new long[rows.RowCount];
                    await rows.ReadAsync<long>(field, values.AsMemory());
                    columns[field.Name].AddRange(values.Cast<object?>());
                }
            }
        }

        return columns;
    }
}
