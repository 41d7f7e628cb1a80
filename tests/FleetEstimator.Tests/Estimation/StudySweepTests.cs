using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class StudySweepTests
{
    [Fact]
    public void HasTheFirstValues_AndAPointForEachFurtherOne()
    {
        var study = Read(Studies.ExampleWith("limit:", "    limit: [{of_peak: 70%}, none, 20 GiB]")
            .Replace("page_cluster: 0", "page_cluster: [0, 3]", StringComparison.Ordinal)
            .Replace("seed: 7", "seed: [7, 8]", StringComparison.Ordinal));

        Assert.Equal((7ul, 0.7, 0), (study.Seed, study.Classes[0].Limit.OfPeak, study.Classes[0].Swap.PageCluster));
        Assert.Equal(
            [("seed", "8", "7"), ("web.limit", "none", "{of_peak: 70%}"), ("web.limit", "20 GiB", "{of_peak: 70%}"), ("web.swap.page_cluster", "3", "0")],
            study.Sweep.Select(point => (point.Parameter, point.Value, point.BaseValue)));
        Assert.Equal([8ul, 7ul, 7ul, 7ul], study.Sweep.Select(point => point.Study.Seed));
        Assert.Equal([0.7, null, null, 0.7], study.Sweep.Select(point => point.Study.Classes[0].Limit.OfPeak));
        Assert.Equal([0, 0, 0, 3], study.Sweep.Select(point => point.Study.Classes[0].Swap.PageCluster));
        Assert.Equal(2, study.Claims.Count);
        Assert.All(study.Sweep, point => Assert.Empty(point.Study.Claims));
    }

    [Fact]
    public void IsTheStudyItself_WithAListOfOne() =>
        Assert.Equal(StudyIdentity.Digest(Read(Studies.Example)), StudyIdentity.Digest(Read(Studies.ExampleWith("limit:", "    limit: [{of_peak: 70%}]"))));

    [Fact]
    public void IsAnotherStudy_WithAnotherPoint() =>
        Assert.NotEqual(StudyIdentity.Digest(Read(Studies.Example)), StudyIdentity.Digest(Read(Studies.ExampleWith("limit:", "    limit: [{of_peak: 70%}, none]"))));

    [Fact]
    public void GivesDefaultsToClassesThatDoNotSayOtherwise_AndSweepsThemTogether()
    {
        var study = Read("""
            study: two
            mechanisms: [linux-6.12]
            defaults: {memory: 2 GiB, swap: {device: zram, size: 1 GiB}, limit: [{of_peak: 50%}, {of_peak: 60%}]}
            classes:
              - {name: a, nodes: 1, recordings: [a.arrow]}
              - {name: b, nodes: 1, recordings: [b.arrow], memory: 1 GiB, limit: none}
            """);

        Assert.Equal([2L << 30, 1L << 30], study.Classes.Select(@class => @class.MemoryBytes));
        Assert.Equal([SwapDevice.Zram, SwapDevice.Zram], study.Classes.Select(@class => @class.Swap.Device));
        Assert.Equal([0.5, null], study.Classes.Select(@class => @class.Limit.OfPeak));
        var point = Assert.Single(study.Sweep);
        Assert.Equal(("defaults.limit", "{of_peak: 60%}"), (point.Parameter, point.Value));
        Assert.Equal([0.6, null], point.Study.Classes.Select(@class => @class.Limit.OfPeak));
    }

    [Fact]
    public void NamesThePlace_WhenAFurtherValueIsWrong()
    {
        var error = Assert.Single(Assert.Throws<StudyException>(() => Read(Studies.ExampleWith("limit:", "    limit: [{of_peak: 70%}, {of_peak: 170%}]"))).Errors);

        Assert.Equal((13, "classes[0].limit.of_peak"), (error.Line, error.Field));
    }

    [Fact]
    public void RefusesMorePointsThanAnyoneReads() =>
        Assert.Contains("give 300 points", Assert.Throws<StudyException>(() => Read(Studies.ExampleWith("seed:", $"seed: [{string.Join(", ", Enumerable.Range(0, 301))}]"))).Message, StringComparison.Ordinal);

    [Fact]
    public void ComparesPointsNodeByNode()
    {
        // Levels differ widely between recordings, the change of the saving is 1, 2 and 6 a node: its interval is that of the change alone.
        var study = Fleets.Study(2, 10);
        var (before, after) = (new FleetAccumulator(study), new FleetAccumulator(study));
        foreach (var (recording, bytes, change) in new[] { (0, 1000, 1), (1, 5000, 2), (2, 9000, 6) })
        {
            before.Add(Fleets.Node(0, recording, recording, Fleets.Rss(bytes), Fleets.Rss(bytes - 100)));
            after.Add(Fleets.Node(0, recording, recording, Fleets.Rss(bytes - 500), Fleets.Rss(bytes - 600 - change)));
        }

        var result = SweepResult.Of(study, before, new SweepPoint("a.limit", "1 GiB", "none", study), after, [], SelectionWeights.Equal);

        var saving = result.Estimates.Single(estimate => estimate is { Metric: "rss_mean", Against: not null });
        Assert.Equal((-1030, -30), (saving.Value, saving.Change!.Value));
        var t = 0.95 * Math.Sqrt(2 / (1 - (0.95 * 0.95)));
        Assert.Equal(t * Math.Sqrt(100 * 7.0 / 3), (saving.Change.High - saving.Change!.Value)!.Value, 1e-9);
        var level = result.Estimates.Single(estimate => estimate is { Metric: "rss_mean", Against: null, Mechanism: "linux-6.1" });
        Assert.Equal(new Interval(-5000, -5000, -5000), level.Change);
    }

    private static StudyDefinition Read(string yaml) => StudyReader.Read(yaml, "study.yaml");
}
