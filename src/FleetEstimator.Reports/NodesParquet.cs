using FleetEstimator.Estimation;
using Parquet;
using Parquet.Schema;

namespace FleetEstimator.Reports;

/// <summary>
/// nodes.parquet: one row per simulated node, by class and number. Columns: <c>class</c>, <c>node</c> (number within the class), <c>recording</c>,
/// <c>instances</c>, <c>measured_us</c>, <c>limit_bytes</c> (null = none), <c>page_size_bytes</c>, then <c>MECHANISM/FIGURE</c> for every figure of a
/// node under every mechanism. Where a recording has accesses of unknown kind, that column holds them replayed as loads and
/// <c>MECHANISM/FIGURE_all_writes</c> as stores; it is null for nodes whose recording has none, or whose class says which are loads. Equal results give equal bytes.
/// </summary>
public static class NodesParquet
{
    /// <summary>Rows held in memory at a time.</summary>
    public const int RowGroupRows = 8192;

    /// <summary>Writes the nodes as they come; the stream stays open.</summary>
    /// <param name="study">The study they belong to.</param>
    /// <param name="recordings">The recordings in the order in which <see cref="NodeResult.Recording"/> counts them.</param>
    /// <param name="nodes">Ascending by class and number within it.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="cancellation">Ends the writing between two row groups.</param>
    /// <returns>Rows written.</returns>
    /// <exception cref="ArgumentException">A node is out of order or has not exactly the lanes its recording demands: a bug of ours.</exception>
    public static async Task<long> WriteAsync(
        StudyDefinition study,
        IReadOnlyList<RecordingSummary> recordings,
        IAsyncEnumerable<NodeResult> nodes,
        Stream stream,
        CancellationToken cancellation = default)
    {
        var columns = Columns(study, recordings);
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd };
        var writer = await ParquetWriter.CreateAsync(new ParquetSchema(columns.Select(column => column.Field)), stream, options, cancellationToken: cancellation);
        await using (writer)
        {
            var rows = 0L;
            await foreach (var group in InOrder(nodes, study, recordings).Chunk(RowGroupRows).WithCancellation(cancellation))
            {
                using var rowGroup = writer.CreateRowGroup();
                foreach (var column in columns)
                    await column.WriteAsync(rowGroup, group, cancellation);
                rows += group.Length;
            }

            return rows;
        }
    }

    private static List<Column> Columns(StudyDefinition study, IReadOnlyList<RecordingSummary> recordings)
    {
        List<Column> columns =
        [
            new TextColumn("class", node => study.Classes[node.Class].Name),
            new NumberColumn("node", node => node.Node),
            new TextColumn("recording", node => recordings[node.Recording].Node),
            new NumberColumn("instances", node => node.Instances),
            new NumberColumn("measured_us", node => node.MeasuredMicroseconds),
            new OptionalColumn("limit_bytes", node => node.LimitBytes == 0 ? null : node.LimitBytes),
            new NumberColumn("page_size_bytes", node => node.PageSizeBytes),
        ];
        var bothWays = study.Classes.Any(@class => recordings.Any(recording => recording.Classes.Contains(@class.Name) && Lane.IsReplayedBothWays(@class, recording)));
        foreach (var lane in Lane.Of(study.Mechanisms, bothWays))
        {
            foreach (var figure in LaneColumn.For(study))
            {
                columns.Add(lane.Accesses == AccessAssumption.AllReads
                    ? new NumberColumn(lane.ColumnName(figure), node => figure.Of(lane.Find(node)!))
                    : new OptionalColumn(lane.ColumnName(figure), node => lane.Find(node) is { } found ? figure.Of(found) : null));
            }
        }

        return columns;
    }

    private static async IAsyncEnumerable<NodeResult> InOrder(IAsyncEnumerable<NodeResult> nodes, StudyDefinition study, IReadOnlyList<RecordingSummary> recordings)
    {
        var (known, unknown) = (Lane.Of(study.Mechanisms, unknownAccesses: false), Lane.Of(study.Mechanisms, unknownAccesses: true));
        (int Class, long Node) last = (-1, -1);
        await foreach (var node in nodes)
        {
            var place = (node.Class, node.Node);
            if (place.CompareTo(last) <= 0)
                throw new ArgumentException($"Node {node.Node} of class {node.Class} comes after node {last.Node} of class {last.Class}.", nameof(nodes));
            var lanes = Lane.IsReplayedBothWays(study.Classes[node.Class], recordings[node.Recording]) ? unknown : known;
            if (node.Lanes.Count != lanes.Count || !lanes.All(lane => lane.IsFilledBy(node)))
                throw new ArgumentException($"Node {node.Node} of class {node.Class} has not one lane per mechanism and access assumption, in order.", nameof(nodes));
            last = place;
            yield return node;
        }
    }

    private abstract class Column(DataField dataField)
    {
        public DataField Field => dataField;

        public abstract Task WriteAsync(ParquetRowGroupWriter rowGroup, NodeResult[] nodes, CancellationToken cancellation);
    }

    private sealed class TextColumn(string name, Func<NodeResult, string> of) : Column(new DataField(name, typeof(string), isNullable: false))
    {
        public override Task WriteAsync(ParquetRowGroupWriter rowGroup, NodeResult[] nodes, CancellationToken cancellation) =>
            rowGroup.WriteAsync(Field, Array.ConvertAll(nodes, of.Invoke));
    }

    private sealed class NumberColumn(string name, Func<NodeResult, long> of) : Column(new DataField<long>(name))
    {
        public override Task WriteAsync(ParquetRowGroupWriter rowGroup, NodeResult[] nodes, CancellationToken cancellation) =>
            rowGroup.WriteAsync<long>(Field, Array.ConvertAll(nodes, of.Invoke), cancellationToken: cancellation);
    }

    private sealed class OptionalColumn(string name, Func<NodeResult, long?> of) : Column(new DataField<long?>(name))
    {
        public override Task WriteAsync(ParquetRowGroupWriter rowGroup, NodeResult[] nodes, CancellationToken cancellation) =>
            rowGroup.WriteAsync<long>(Field, Array.ConvertAll(nodes, of.Invoke), cancellationToken: cancellation);
    }
}
