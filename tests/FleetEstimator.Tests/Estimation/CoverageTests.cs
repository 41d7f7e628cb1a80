using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

/// <summary>
/// How often 95% intervals cover the truth when recordings are drawn again and again from known populations. Of 2,000 fleets at exactly 95%, 93.5% to 96.5% cover but for one
/// time in 370; the seeds are fixed. Covering more often than that is no fault.
/// </summary>
public sealed class CoverageTests
{
    private const int Draws = 2000;

    /// <summary>What the README tables: three figures, each from symmetric and from skew populations of recorded nodes.</summary>
    [Theory]
    [MemberData(nameof(Populations))]
    public void CoversAsOftenAsTabled(string figure, bool skew, int recordings)
    {
        var random = new Random(recordings + (skew ? 100 : 0) + figure.Length);
        var study = Fleets.Study(2, 500);
        var covered = 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            // Bytes and what a mechanism saves of them vary from node to node, independently of each other.
            var nodes = Enumerable.Range(0, recordings).Select(recording =>
            {
                var (bytes, saved) = (1e9 * Population(random, skew), 1e7 * Population(random, skew));
                return Fleets.Node(0, recording, recording, Fleets.Rss((long)(bytes + saved)), Fleets.Rss((long)bytes));
            });
            var estimates = Fleets.Finish(study, nodes);
            var (interval, truth) = figure switch
            {
                "level" => (Interval(estimates.Level("rss_mean", 1)), 500 * 1e9),
                "saving" => (estimates.Difference("rss_mean").Saved!, 500 * 1e7),
                _ => (estimates.Difference("rss_mean").SavedShare!, 0.01 / 1.01),
            };
            covered += interval.Low <= truth && truth <= interval.High ? 1 : 0;
        }

        var coverage = (double)covered / Draws;
        TestContext.Current.TestOutputHelper?.WriteLine($"{figure}, {(skew ? "lognormal, sigma 1" : "normal")}, {recordings} recordings: {coverage:P1}");
        if (!skew || recordings >= 50)
            Assert.InRange(coverage, 0.93, 1);
        else if (figure != "share")
            Assert.InRange(coverage, MeasuredCoverage.OfSkewed(recordings) - 0.02, MeasuredCoverage.OfSkewed(recordings) + 0.02);
        else
            Assert.InRange(coverage, 0.85, 1);
    }

    public static TheoryData<string, bool, int> Populations()
    {
        var data = new TheoryData<string, bool, int>();
        foreach (var figure in (string[])["level", "saving", "share"])
        {
            foreach (var recordings in (int[])[5, 12, 50])
            {
                data.Add(figure, false, recordings);
                data.Add(figure, true, recordings);
            }
        }

        return data;
    }

    // Mean 1: normal with a coefficient of variation of 0.3, or lognormal with sigma 1.
    private static double Population(Random random, bool skew) => skew ? Math.Exp(Normal(random, -0.5, 1)) : Normal(random, 1, 0.3);

    [Fact]
    public void CoversATotal_With12Recordings()
    {
        var random = new Random(1);
        var study = Fleets.Study(1, 500);

        AssertCovers(() => Interval(Fleets.Finish(study, RssNodes(random, 0, 0, 12, 1e6, 2e5)).Level("rss_mean")), 500 * 1e6);
    }

    [Fact]
    public void CoversATotal_WithFewAndManyRecordingsInTwoClasses()
    {
        var random = new Random(2);
        var study = Fleets.Study(1, 1000, 300);

        AssertCovers(
            () => Interval(Fleets.Finish(study, RssNodes(random, 0, 0, 5, 1e6, 1e5).Concat(RssNodes(random, 1, 100, 25, 3e6, 1e6))).Level("rss_mean")),
            (1000 * 1e6) + (300 * 3e6));
    }

    [Fact]
    public void CoversATotal_WhenClassesShareTheirRecordings()
    {
        var random = new Random(3);
        var study = Fleets.Study(1, 1000, 300);

        // Nodes of class b hold twice what nodes of class a with the same recording hold.
        AssertCovers(
            () =>
            {
                var recordings = RssNodes(random, 0, 0, 8, 1e6, 2e5).ToList();
                var doubled = recordings.Select(node => Fleets.Node(1, node.Node, node.Recording, Fleets.Rss(2 * node.Lanes[0].RssMeanBytes)));
                return Interval(Fleets.Finish(study, recordings.Concat(doubled)).Level("rss_mean"));
            },
            (1000 * 1e6) + (300 * 2e6));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1000)]
    [InlineData(10_000)]
    public void CoversATotal_WhenClassesOfUnequalSizeAreCollapsed(int nodes)
    {
        var random = new Random(nodes);
        var study = Fleets.Study(1, nodes, 100);
        study = study with { Classes = [.. study.Classes.Select(@class => @class with { Collapse = "both" })] };

        // One recording of the one and two of the other, alike in the mean: what collapsing rests on.
        AssertCovers(
            () => Interval(Fleets.Finish(study, RssNodes(random, 0, 0, 1, 1e6, 2e5).Concat(RssNodes(random, 1, 10, 2, 1e6, 2e5))).Level("rss_mean")),
            (nodes + 100) * 1e6,
            least: 0.9);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void CoversATotal_WhenRecordingsWeighUnequally(int greatest)
    {
        var random = new Random(greatest);
        var study = Fleets.Study(1, 500);

        // Twelve recordings, every third of which stands for so many times as many nodes as the others.
        var weights = new SelectionWeights(Enumerable.Range(0, 12).ToDictionary(recording => (0, recording), recording => recording % 3 == 0 ? (double)greatest : 1));
        AssertCovers(
            () =>
            {
                var nodes = new FleetAccumulator(study);
                foreach (var node in RssNodes(random, 0, 0, 12, 1e6, 2e5))
                    nodes.Add(node);
                return Interval(nodes.Finish(study, weights).Level("rss_mean"));
            },
            500 * 1e6);
    }

    [Fact]
    public void CoversAShare_With12Recordings()
    {
        var random = new Random(4);
        var study = Fleets.Study(1, 500);

        // Pages out vary from recording to recording, the share of zeros varies about 10% independently of them.
        AssertCovers(
            () => Interval(Fleets.Finish(study, Enumerable.Range(0, 12).Select(recording =>
            {
                var pages = (long)Normal(random, 1e6, 2e5);
                var zeros = (long)(pages * Normal(random, 0.1, 0.02));
                return Fleets.Node(0, recording, recording, Fleets.Events(new Counters { SwapOuts = pages - zeros, ZeroSwapOuts = zeros, ZeroFilledSwapOuts = zeros }));
            })).Level("zero_filled_share/swapped_out_pages")),
            0.1);
    }

    [Fact]
    public void CoversARelativeSaving_With12Recordings()
    {
        var random = new Random(5);
        var study = Fleets.Study(2, 500);

        AssertCovers(
            () =>
            {
                var nodes = Enumerable.Range(0, 12).Select(recording =>
                {
                    var bytes = Normal(random, 1e9, 2e8);
                    return Fleets.Node(0, recording, recording, Fleets.Rss((long)bytes), Fleets.Rss((long)(bytes * Normal(random, 0.97, 0.01))));
                });
                return Fleets.Finish(study, nodes).Difference("rss_mean").SavedShare!;
            },
            0.03);
    }

    [Fact]
    public void CoversATotal_WhenNodesOfARecordingDifferToo()
    {
        var random = new Random(6);
        var study = Fleets.Study(1, 120);

        // The spread of nodes about their recording is inside the spread of recordings' means: the interval needs no second part.
        AssertCovers(
            () => Interval(Fleets.Finish(study, RssNodes(random, 0, 0, 12, 1e6, 1e5).SelectMany(recording => Enumerable.Range(0, 3).Select(copy =>
                Fleets.Node(0, (12 * copy) + recording.Node, recording.Recording, Fleets.Rss((long)Normal(random, recording.Lanes[0].RssMeanBytes, 2e5)))))).Level("rss_mean")),
            120 * 1e6);
    }

    private static IEnumerable<NodeResult> RssNodes(Random random, int @class, int firstRecording, int recordings, double mean, double deviation) =>
        [.. Enumerable.Range(0, recordings).Select(recording => Fleets.Node(@class, recording, firstRecording + recording, Fleets.Rss((long)Normal(random, mean, deviation))))];

    private static Interval Interval(Estimate estimate) => new(estimate.Value, estimate.Low, estimate.High);

    private static void AssertCovers(Func<Interval> draw, double truth, double least = 0.93)
    {
        var covered = Enumerable.Range(0, Draws).Select(_ => draw()).Count(interval => interval.Low <= truth && truth <= interval.High);
        Assert.InRange((double)covered / Draws, least, 1);
    }

    internal static double Normal(Random random, double mean, double deviation) =>
        mean + (deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
