using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class SimulationPlannerTests
{
    private static readonly StudyDefinition Study = Fleets.Study(1, 100_000, 20_000) with { Simulation = new SimulationTarget { HalfWidth = 0.01, Metrics = ["rss_mean"] } };

    [Fact]
    public void SimulatesEveryNode_WithoutATarget() =>
        Assert.Equal([100_000, 20_000], SimulationPlanner.First(Study with { Simulation = null }, [3, 5]).NodesOfClass);

    [Fact]
    public void BeginsWithWholeTurnsOfTheRecordings() =>
        Assert.Equal([33, 56], SimulationPlanner.First(Study, [3, 7]).NodesOfClass);

    [Fact]
    public void BeginsWithAllNodes_WhereThereAreFew() =>
        Assert.Equal([5, 56], SimulationPlanner.First(Study with { Classes = [Study.Classes[0] with { Nodes = 5 }, Study.Classes[1]] }, [3, 7]).NodesOfClass);

    [Fact]
    public void Stops_WhenNodesDoNotDiffer()
    {
        var nodes = new FleetAccumulator(Study);
        var first = SimulationPlanner.First(Study, [4, 4]);
        Simulate(nodes, first, new NodeAllocation([0, 0]), (_, _, recording) => 1_000_000 * (recording + 1));

        Assert.Null(SimulationPlanner.Next(Study, first, nodes));
        var figure = Assert.Single(nodes.Finish(Study).Simulation!.Figures);
        Assert.Equal(("rss_mean", 0.0, true), (figure.Metric, figure.HalfWidth, figure.Reached));
    }

    [Fact]
    public void GivesClassesNodesByWhatTheyAddToTheVariance()
    {
        // Nodes of b differ ten times as much as those of a, which has five times as many: Neyman gives them nodes as N·S, 5 to 10.
        var nodes = new FleetAccumulator(Study);
        var first = SimulationPlanner.First(Study, [4, 4]);
        Simulate(nodes, first, new NodeAllocation([0, 0]), (@class, node, _) => 10_000_000 + ((@class == 0 ? 300_000 : 3_000_000) * Deviate(@class, node)));

        var next = SimulationPlanner.Next(Study, first, nodes)!;

        Assert.InRange((double)next.NodesOfClass[1] / next.NodesOfClass[0], 1.2, 3.4);
        Assert.All(next.NodesOfClass, count => Assert.Equal(0, count % 4));
    }

    [Fact]
    public void ReachesWhatIsAsked_AndTheNodesOfTheWholeFleetAgree()
    {
        // Over many fleets: the exhaustive result lies within the simulation interval of the sampled one as often as the level says, though the rounds were stopped when it was narrow.
        var study = Study with { Classes = [Study.Classes[0] with { Nodes = 6000 }, Study.Classes[1] with { Nodes = 1500 }] };
        var (covered, fleets, simulated) = (0, 300, 0L);
        for (var fleet = 0; fleet < fleets; fleet++)
        {
            var seed = fleet;
            double Bytes(int @class, long node, int recording) => 10_000_000 + (1_000_000 * recording) + ((@class == 0 ? 600_000 : 2_500_000) * Deviate((7 * seed) + @class + 1, node));
            var exhaustive = new FleetAccumulator(study);
            Simulate(exhaustive, NodeAllocation.All(study), new NodeAllocation([0, 0]), Bytes);

            var (allocation, nodes, rounds) = (SimulationPlanner.First(study, [4, 4]), new FleetAccumulator(study), 1);
            Simulate(nodes, allocation, new NodeAllocation([0, 0]), Bytes);
            while (SimulationPlanner.Next(study, allocation, nodes) is { } next)
            {
                Assert.True(rounds++ < 8 && next.Nodes > allocation.Nodes);
                Simulate(nodes, next, allocation, Bytes);
                allocation = next;
            }

            var (estimates, truth) = (nodes.Finish(study), exhaustive.Finish(study).Level("rss_mean").Value!.Value);
            var figure = Assert.Single(estimates.Simulation!.Figures);
            Assert.True(figure.Reached && figure.HalfWidth <= 0.01);
            var level = estimates.Level("rss_mean");
            covered += Math.Abs(level.Value!.Value - truth) <= level.SimulationHalfWidth!.Value ? 1 : 0;
            simulated += allocation.Nodes;
        }

        Assert.InRange((double)covered / fleets, 0.92, 1);
        Assert.InRange(simulated / fleets, 100, 3000);
    }

    [Fact]
    public void SaysHowManyRecordingsTheWholeIntervalWouldTake()
    {
        var nodes = new FleetAccumulator(Study);
        Simulate(nodes, SimulationPlanner.First(Study, [4, 4]), new NodeAllocation([0, 0]), (_, _, recording) => 10_000_000 + (1_000_000 * recording));

        var figure = Assert.Single(nodes.Finish(Study).Simulation!.Figures);

        // Both classes replay the same four recordings, of mean 11.5 million and s² = 5/3·10¹²: the least n with t·s/√n within 1% of it.
        var needed = Enumerable.Range(5, 10_000).First(n => StudentQuantile.TwoSided(0.95, 3.0 * n / 4) * Math.Sqrt(5e12 / 3 / n) <= 0.01 * 11_500_000);
        Assert.Equal((4, needed), (figure.Recordings, figure.RecordingsForWhole));
    }

    private static void Simulate(FleetAccumulator nodes, NodeAllocation wanted, NodeAllocation already, Func<int, long, int, double> bytes)
    {
        for (var @class = 0; @class < wanted.NodesOfClass.Count; @class++)
        {
            for (var node = already.NodesOfClass[@class]; node < wanted.NodesOfClass[@class]; node++)
                nodes.Add(Fleets.Node(@class, node, (int)(node % 4), Fleets.Rss((long)bytes(@class, node, (int)(node % 4)))));
        }
    }

    /// <summary>A standard normal deviate that belongs to a node: the same whenever it is simulated.</summary>
    private static double Deviate(int stream, long node) => CoverageTests.Normal(new Random(HashCode(stream, node)), 0, 1);

    private static int HashCode(int stream, long node) => unchecked((int)(((ulong)node + 1) * 0x9E3779B97F4A7C15 >> 32) ^ (stream * 668_265_263));
}
