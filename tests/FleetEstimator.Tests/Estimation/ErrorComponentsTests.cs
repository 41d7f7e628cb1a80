using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class ErrorComponentsTests
{
    private const double Fraction = 0.25;

    [Fact]
    public void PageSampling_IsUnbiasedForTotals_WhateverTheBlocks()
    {
        // 200 blocks of very different sizes, of which each is recorded with a chance of a quarter; the estimate is their sum by that.
        var random = new Random(1);
        var blocks = Enumerable.Range(0, 200).Select(_ => Math.Exp(2 * random.NextDouble()) * 1e6).ToArray();
        var truth = blocks.Sum(block => block * block) * (1 - Fraction) / Fraction;
        const int draws = 400;

        var (variances, estimates) = (new double[draws], new double[draws]);
        for (var draw = 0; draw < draws; draw++)
        {
            var estimate = Fleets.Finish(Fleets.Study(1, 1), [Sampled(0, 0, [.. blocks.Where(_ => random.NextDouble() < Fraction)], random)]).Level("rss_mean");
            estimates[draw] = estimate.Value!.Value;
            variances[draw] = Math.Pow(estimate.Components!.PageSampling!.Value, 2);
        }

        Assert.Equal(1, variances.Average() / truth, 0.05);
        Assert.Equal(1, Variance(estimates) / truth, 0.2);
    }

    [Fact]
    public void Components_AddUpToTheVarianceOfTheInterval()
    {
        var random = new Random(2);
        var nodes = Enumerable.Range(0, 5).SelectMany(recording => Enumerable.Range(0, 20).Select(copy =>
        {
            var node = Sampled(recording + (5 * copy), recording, [.. Enumerable.Range(0, 50).Select(_ => 1e6 * (10 + (10 * recording) + random.NextDouble()))], random);
            return copy == 0 ? node : node with { Halves = [] };
        }));

        var estimate = Fleets.Finish(Fleets.Study(1, 100), nodes).Level("rss_mean");

        var parts = estimate.Components!;
        var halfWidth = (estimate.High!.Value - estimate.Low!.Value) / 2;
        const double t4 = 2.776;
        Assert.True(parts.BetweenRecordings > 0 && parts.Simulation > 0 && parts.PageSampling > 0);
        Assert.Equal(1, Math.Sqrt(Square(parts.BetweenRecordings) + Square(parts.Simulation) + Square(parts.PageSampling)) * t4 / halfWidth, 0.001);

        static double Square(double? error) => error!.Value * error.Value;
    }

    [Fact]
    public void RecordingThatStandsForTwoClasses_ErrsInBothAtOnce()
    {
        var random = new Random(3);
        var node = Sampled(0, 0, [.. Enumerable.Range(0, 50).Select(_ => 1e6)], random);

        var fleet = Fleets.Finish(Fleets.Study(1, 3, 2), [node, node with { Class = 1, Halves = [.. node.Halves.Select(half => half with { Class = 1 })] }]);

        var (both, first) = (fleet.Level("rss_mean").Components!.PageSampling!.Value, fleet.Level("rss_mean", scope: EstimateScope.OfClass("a")).Components!.PageSampling!.Value);
        Assert.Equal(5.0 / 3, both / first, 1e-9);
    }

    [Fact]
    public void OneRecording_HasNoIntervalButSaysWhatPageSamplingAdds()
    {
        var estimate = Fleets.Finish(Fleets.Study(1, 1), [Sampled(0, 0, [1e6, 2e6, 3e6], new Random(4))]).Level("rss_mean");

        Assert.Null(estimate.Low);
        Assert.True(estimate.Components!.PageSampling > 0);
        Assert.Null(estimate.Components.BetweenRecordings);
    }

    [Fact]
    public void RecordingsOfAllPages_HaveNoPageSampling() =>
        Assert.Equal(0, Fleets.Finish(Fleets.Study(1, 1), [Fleets.Node(0, 0, 0, Fleets.Rss(1))]).Level("rss_mean").Components!.PageSampling);

    [Fact]
    public void SampledRecordingWithoutHalves_LeavesPageSamplingUnknown() =>
        Assert.Null(Fleets.Finish(Fleets.Study(1, 1), [Fleets.Node(0, 0, 0, Fleets.Rss(1)) with { SamplingFraction = Fraction }]).Level("rss_mean").Components!.PageSampling);

    /// <summary>A node that replays a recording of those blocks, whose only figure is their sum, and 16 splits into random halves.</summary>
    private static NodeResult Sampled(long node, int recording, double[] blocks, Random random)
    {
        var halves = new List<NodeResult>();
        for (var split = 0; split < 16; split++)
        {
            var first = blocks.Where(_ => random.Next(2) == 0).Sum();
            halves.Add(Of(first, Fraction / 2));
            halves.Add(Of(blocks.Sum() - first, Fraction / 2));
        }

        return Of(blocks.Sum(), Fraction) with { Halves = halves };

        NodeResult Of(double sum, double fraction) => Fleets.Node(0, node, recording, Fleets.Rss((long)Math.Round(sum / fraction))) with { SamplingFraction = fraction };
    }

    private static double Variance(double[] values) => values.Sum(value => Math.Pow(value - values.Average(), 2)) / (values.Length - 1);
}
