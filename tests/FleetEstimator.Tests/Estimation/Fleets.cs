using System.Text.Json;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Tests.Estimation;

/// <summary>Small studies and simulated nodes for tests of the estimators.</summary>
internal static class Fleets
{
    public static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>A study of classes a, b, … with that many nodes each, comparing that many mechanisms; the first is the baseline.</summary>
    public static StudyDefinition Study(int mechanisms, params int[] nodes) => new()
    {
        Name = "test",
        Mechanisms = [.. Mechanism.All.Take(mechanisms).Select(mechanism => mechanism.Name)],
        Baseline = Mechanism.All[0].Name,
        Classes = [.. nodes.Select((count, index) => new NodeClass { Name = ((char)('a' + index)).ToString(), Nodes = count, MemoryBytes = 1 << 30, Recordings = [new("*")] })],
    };

    /// <summary>A node with one lane per mechanism, all reads, measured for a second.</summary>
    public static NodeResult Node(int @class, long node, int recording, params LaneResult[] lanes) =>
        new(@class, node, recording, 1, 1_000_000, 0, [.. lanes.Select((lane, index) => lane with { Mechanism = index })]);

    /// <summary>The same node, also replayed with all writes.</summary>
    public static NodeResult WithAllWrites(this NodeResult node, params LaneResult[] lanes) => node with
    {
        Lanes = [.. node.Lanes, .. lanes.Select((lane, index) => lane with { Mechanism = index, Accesses = AccessAssumption.AllWrites })],
    };

    /// <summary>A lane whose only figure is its RSS.</summary>
    public static LaneResult Rss(long bytes) => new() { Mechanism = 0, Accesses = AccessAssumption.AllReads, RssMeanBytes = bytes };

    /// <summary>A lane whose only figures are events.</summary>
    public static LaneResult Events(Counters counters) => new() { Mechanism = 0, Accesses = AccessAssumption.AllReads, Counters = counters };

    public static FleetEstimates Finish(StudyDefinition study, IEnumerable<NodeResult> nodes)
    {
        var accumulator = new FleetAccumulator(study);
        foreach (var node in nodes)
            accumulator.Add(node);
        return accumulator.Finish(study);
    }

    public static Estimate Level(this FleetEstimates estimates, string metric, int mechanism = 0, string scope = EstimateScope.Fleet) =>
        estimates.Estimates.Single(estimate => estimate.Metric == metric && estimate.Mechanism == Mechanism.All[mechanism].Name && estimate.Against is null && estimate.Scope == scope);

    public static Estimate Difference(this FleetEstimates estimates, string metric, int mechanism = 1, string scope = EstimateScope.Fleet) =>
        estimates.Estimates.Single(estimate => estimate.Metric == metric && estimate.Mechanism == Mechanism.All[mechanism].Name && estimate.Against is not null && estimate.Scope == scope);
}
