using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Grains.Work;

public class NodeRowCodecTests
{
    [Fact]
    public void Row_ComesBackAsItWas()
    {
        var node = Node(lanes: 6) with { Halves = [Node(lanes: 6), Node(lanes: 6)] };

        var row = NodeRowCodec.Decode(NodeRowCodec.Encode(new NodeRow(123_456_789_012, node, null)));

        Assert.Equal(123_456_789_012, row.Ordinal);
        AssertEqual(node, row.Result!);
        Assert.Equal(2, row.Result!.Halves.Count);
        AssertEqual(node.Halves[0], row.Result.Halves[0]);
    }

    [Fact]
    public void Failure_ComesBackAsItWas()
    {
        var row = new NodeRow(7, null, "node-3.arrow: it is damaged at row 12 — ünïcode");

        var bytes = NodeRowCodec.Encode(row);

        Assert.Equal(row, NodeRowCodec.Decode(bytes));
        Assert.Equal((7, true), NodeRowCodec.Peek(bytes));
    }

    [Fact]
    public void Row_TakesAFewHundredBytes()
    {
        var bytes = NodeRowCodec.Encode(new NodeRow(1, Node(lanes: 3), null));

        Assert.InRange(bytes.Length, 100, 700);
        Assert.Equal((1, false), NodeRowCodec.Peek(bytes));
    }

    // Every property is set to a value of its own, so that one that is left out or mixed up is found.
    private static NodeResult Node(int lanes) => new(1, 2, 3, 4, 5_000_000, 6L << 30, [.. Enumerable.Range(0, lanes).Select(Lane)]) { PageSizeBytes = 16_384, SamplingFraction = 0.123456789 };

    private static LaneResult Lane(int number)
    {
        object counters = default(Counters);
        foreach (var (index, property) in typeof(Counters).GetProperties().Index())
            property.SetValue(counters, 1000L * number + index);
        var lane = new LaneResult { Mechanism = number, Accesses = (AccessAssumption)(number % 2), ExceedsBoundUnlimited = number % 2 == 0, Counters = (Counters)counters };
        foreach (var (index, property) in typeof(LaneResult).GetProperties().Where(property => property.PropertyType == typeof(long)).Index())
            property.SetValue(lane, (1L << 33) + (100 * number) + index);
        return lane;
    }

    private static void AssertEqual(NodeResult expected, NodeResult actual)
    {
        foreach (var property in typeof(NodeResult).GetProperties().Where(property => property.PropertyType.IsValueType))
            Assert.Equal(property.GetValue(expected), property.GetValue(actual));
        Assert.Equal(expected.Lanes, actual.Lanes);
    }
}
