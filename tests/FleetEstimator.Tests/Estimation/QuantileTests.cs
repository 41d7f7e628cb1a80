using CsCheck;
using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class QuantileTests
{
    [Theory]
    [InlineData(0.5, 0.95, 6)]
    [InlineData(0.9, 0.95, 29)]
    [InlineData(0.1, 0.95, 29)]
    [InlineData(0.5, 0.99, 8)]
    public void NeedsAsManyRecordings_AsTheLeastAndTheGreatestTakeToCoverIt(double quantile, double level, int recordings) =>
        Assert.Equal(recordings, QuantileEstimator.LeastRecordings(quantile, level));

    [Fact]
    public void ReadsQuantilesToWithinABin() =>
        (from figures in Gen.Double[-1e9, 1e9].Array[1, 200] from share in Gen.Double[0.01, 0.99] select (figures, share)).Sample(given =>
        {
            var histogram = new NodeHistogram();
            foreach (var figure in given.figures)
                histogram.Add(figure);
            var sorted = given.figures.Order().ToArray();
            var exact = sorted[(int)Math.Ceiling(given.share * sorted.Length) - 1];
            // Up to the end of the bin in which it lies, at least the share; up to the beginning of that bin, less.
            var (low, high) = NodeHistogram.EdgesOf(NodeHistogram.BinOf(exact));
            return low <= exact && exact <= high && (high - low) <= Math.Abs(exact) / 63
                && histogram.ShareUpTo(high) >= given.share - 1e-12 && histogram.ShareUpTo(Math.BitDecrement(low)) <= given.share + 1e-12;
        });

    [Fact]
    public void IsExact_WhereAllNodesAgree()
    {
        var nodes = Enumerable.Range(0, 8).Select(node => Fleets.Node(0, node, node, Fleets.Rss(1000), Fleets.Rss(900)));

        var median = Median(Fleets.Finish(Fleets.Study(2, 100), nodes), difference: false);

        Assert.Equal((1000, 1000, 1000, null), (median.Value, median.Low, median.High, median.Reason));
        Assert.Equal(-100, Median(Fleets.Finish(Fleets.Study(2, 100), nodes), difference: true).Value);
    }

    [Fact]
    public void WeighsClassesByTheirNodes()
    {
        // 90 nodes of 100 bytes, 10 of 1,000: the ninth decile is where the second begins.
        var nodes = Enumerable.Range(0, 6).Select(node => Fleets.Node(0, node, node, Fleets.Rss(100)))
            .Concat(Enumerable.Range(0, 6).Select(node => Fleets.Node(1, node, 6 + node, Fleets.Rss(1000))));

        var quantiles = Fleets.Finish(Fleets.Study(1, 90, 10), nodes).Quantiles.Where(quantile => quantile is { Metric: "rss_mean", Scope: "fleet" }).ToList();

        Assert.Equal([0.1, 0.5, 0.9], quantiles.Select(quantile => quantile.Quantile!.Value));
        Assert.All(quantiles, quantile => Assert.InRange(quantile.Value!.Value, 100, 101.6));
        Assert.Equal("12 recordings; an interval of this quantile needs at least 29", quantiles[2].Reason);
    }

    [Fact]
    public void CoversTheMedianOfAPopulation_HoweverSkew()
    {
        // The median of a lognormal population is e^0 = 1; here in millions of bytes. One node a recording.
        var random = new Random(9);
        var study = Fleets.Study(1, 500);
        var covered = Enumerable.Range(0, 1000).Count(_ =>
        {
            var median = Median(Fleets.Finish(study, Enumerable.Range(0, 30).Select(recording => Fleets.Node(0, recording, recording, Fleets.Rss((long)(1e6 * Math.Exp(CoverageTests.Normal(random, 0, 1))))))), difference: false);
            return median.Low <= 1e6 && 1e6 <= median.High;
        });

        Assert.InRange(covered / 1000.0, 0.93, 1);
    }

    private static Estimate Median(FleetEstimates estimates, bool difference) => estimates.Quantiles.Single(quantile =>
        quantile is { Metric: "rss_mean", Scope: "fleet", Quantile: 0.5 } && (difference ? quantile.Against is not null : quantile.Against is null && quantile.Mechanism == "linux-6.1"));
}
