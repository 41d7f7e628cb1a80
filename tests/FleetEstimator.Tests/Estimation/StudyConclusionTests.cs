using System.Text.Json;
using System.Text.Json.Nodes;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class StudyConclusionTests
{
    private static readonly StudyDefinition Study = StudyReader.Read(Studies.Example, "study.yaml");

    private static readonly RecordingSummary[] Recordings = [.. Enumerable.Range(0, 4).Select(number => new RecordingSummary
    {
        Node = $"node-{number}", Digest = $"digest-{number}", KernelRelease = "6.12.1", AccessSource = "idle-page", HasUnknownAccesses = number == 0,
        DurationMicroseconds = 1_000_000, PeakResidentBytes = number << 34, Rows = 10, Classes = ["web"],
    })];

    [Fact]
    public void HasTheNamesThatProgramsRelyOn()
    {
        var report = Report();

        Assert.Equal("fleet-estimator.report/1", report["schema"]!.GetValue<string>());
        AssertHas(report, "schema", "study", "seed", "nodes", "recordings", "classes", "mechanisms", "baseline", "estimates", "claims");
        Assert.All(report["estimates"]!.AsArray(), estimate => AssertHas(estimate!, "metric", "mechanism", "against", "scope", "estimate", "low", "high", "level", "unit", "recordings"));
        Assert.All(report["claims"]!.AsArray(), claim => AssertHas(claim!, "claim", "scope", "verdict", "estimate", "low", "high", "level"));
        Assert.All(report["claims"]!.AsArray(), claim => Assert.Contains(claim!["verdict"]!.GetValue<string>(), (string[])["supported", "refuted", "undecided"]));
        Assert.Equal("zram", report["classes"]![0]!["swap"]!["device"]!.GetValue<string>());
        Assert.Equal(0.7, report["classes"]![0]!["limit"]!["of_peak"]!.GetValue<double>());
    }

    [Fact]
    public void HasEveryMetricInEveryScope_LevelThenDifference()
    {
        var keys = Result().Estimates.Select(estimate => (estimate.Scope, estimate.Metric, estimate.Mechanism, estimate.Against)).ToList();

        Assert.Equal(2 * (Metric.All.Count - 1) * 5, keys.Count);
        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.Equal(
            [
                ("fleet", "rss_mean", "linux-6.12", null), ("fleet", "rss_mean", "linux-6.12+zero-pfn-swapin", null),
                ("fleet", "rss_mean", "linux-6.12+zero-pfn-swapin", "linux-6.12"), ("fleet", "rss_mean", "linux-6.12+zero-at-swapout", null),
            ],
            keys.Take(4));
    }

    [Fact]
    public void ReadsBackTheSame_FromJson()
    {
        var text = JsonSerializer.Serialize(Result(), Fleets.SnakeCase);

        Assert.Equal(text, JsonSerializer.Serialize(JsonSerializer.Deserialize<StudyResult>(text, Fleets.SnakeCase), Fleets.SnakeCase));
        var study = JsonSerializer.Serialize(Study);
        Assert.Equal(StudyIdentity.Canonical(Study), StudyIdentity.Canonical(JsonSerializer.Deserialize<StudyDefinition>(study)!));
    }

    [Fact]
    public void SaysWhatTheEstimatesRestOn()
    {
        var result = Result();

        AssertSays(result.Assumptions, "taken as drawn at random");
        AssertSays(result.Assumptions, "1 of 4 recordings hold accesses that may have been loads or stores");
        AssertSays(result.Assumptions, "12 GiB of the 64 GiB of a node are not in the traces");
        AssertSays(result.Assumptions, "a page of data takes 1/3 of its size in zram");
        AssertSays(result.Assumptions, "the memory limit of a node is 70% of the peak");
        AssertSays(result.Assumptions, "starts at a random time of it");
        AssertSays(result.Assumptions, "the first 25% of the simulated period");
    }

    [Fact]
    public void SaysWhatMakesItDoubtful()
    {
        var result = Result(new FailedNode("web", 9, "node-3", "does not fit"), new FailedNode("web", 3, "node-3", "does not fit"));

        Assert.Equal([3, 9], result.FailedNodes.Select(node => node.Node));
        AssertSays(result.Warnings, "2 of 8 nodes could not be simulated");
        AssertSays(result.Warnings, "only 3 of its 4 recordings were replayed");
        AssertSays(result.Warnings, "1 of 6 nodes could not be kept under their memory limit with linux-6.12,");
    }

    [Fact]
    public void SummarisesWhatWasSimulated()
    {
        var web = Assert.Single(Result().Classes);

        Assert.Equal((40_000, 6, 3, 2.0, 1e9), (web.Nodes, web.SimulatedNodes, web.Recordings, web.InstancesMean, web.LimitMeanBytes));
    }

    [Fact]
    public void SaysThatAMechanismLosesData_AndHowMuch()
    {
        var study = Study with { Mechanisms = ["linux-6.12", "linux-6.12+zero-at-unmap", "linux-6.12+zero-at-swapout"], Claims = [] };
        var nodes = new FleetAccumulator(study);
        for (var node = 0; node < 3; node++)
            nodes.Add(Fleets.Node(0, node, node, Fleets.Rss(10), Fleets.Rss(9) with { Counters = new Counters { UnmapsAtRisk = 5, LostStores = 2 } }, Fleets.Rss(9)));

        var result = StudyConclusion.Conclude(study, Recordings, nodes, [], [], SelectionWeights.Equal);

        AssertSays(result.Assumptions, "linux-6.12+zero-at-unmap is no candidate");
        AssertSays(result.Warnings, "linux-6.12+zero-at-unmap can lose data. On the simulated nodes it took 15 pages for zeros while a store could still reach them, and lost 6 stores");
        Assert.DoesNotContain(result.Warnings, warning => warning.Contains("zero-at-swapout", StringComparison.Ordinal));
    }

    private static StudyResult Result(params FailedNode[] failed)
    {
        var nodes = new FleetAccumulator(Study);
        for (var node = 0; node < 6; node++)
        {
            var outOfMemory = Fleets.Rss(2_000_000_000) with { Counters = new Counters { OutOfMemoryPages = node == 4 ? 7 : 0, SwapOuts = 3 } };
            nodes.Add(Fleets.Node(0, node, node % 3, outOfMemory, Fleets.Rss(1_900_000_000 + node), Fleets.Rss(1_800_000_000)) with { Instances = 2, LimitBytes = 1_000_000_000 });
        }

        return StudyConclusion.Conclude(Study, Recordings, nodes, failed, [], SelectionWeights.Equal);
    }

    private static JsonNode Report() => JsonNode.Parse(JsonSerializer.Serialize(Result(), Fleets.SnakeCase))!;

    private static void AssertHas(JsonNode node, params string[] names) => Assert.All(names, name => Assert.True(node.AsObject().ContainsKey(name), $"{name} in {node}"));

    private static void AssertSays(IEnumerable<string> sentences, string part) => Assert.Contains(sentences, sentence => sentence.Contains(part, StringComparison.Ordinal));
}
