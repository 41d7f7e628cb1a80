using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

/// <summary>Weights, frames and collapsed strata against figures worked out by hand.</summary>
public sealed class SamplingDesignTests
{
    private static readonly double T2 = 0.95 * Math.Sqrt(2 / (1 - (0.95 * 0.95)));

    [Fact]
    public void CountsRecordingsByTheirWeights()
    {
        // Means 100, 200, 400 and 500 with weights 1, 1, 2 and 2: (100 + 200 + 800 + 1000) / 6 = 350. Σω² = 10/36, so four recordings say as much as 3.6. A recording with share ω shows
        // 1 - 2ω + Σω² of its variance: 34/36 and 22/36.
        var study = Fleets.Study(1, 10);
        var weights = new SelectionWeights(new Dictionary<(int, int), double> { [(0, 2)] = 2, [(0, 3)] = 2 });

        var total = Finish(study, Rss(0, (0, 100), (1, 200), (2, 400), (3, 500)), weights).Level("rss_mean");

        Assert.Equal(3500, total.Value!.Value, 1e-9);
        var variance = 100.0 / 36 * ((((250 * 250) + (150 * 150)) * 36.0 / 34) + (4 * ((50 * 50) + (150 * 150)) * 36.0 / 22));
        Assert.Equal(2.6, total.DegreesOfFreedom!.Value, 1e-9);
        Assert.Equal(StudentQuantile.TwoSided(0.95, 2.6) * Math.Sqrt(variance), total.High!.Value - total.Value.Value, 1e-6);
    }

    [Fact]
    public void GivesNoInterval_WhereOneRecordingOutweighsTheOthers()
    {
        var weights = new SelectionWeights(new Dictionary<(int, int), double> { [(0, 0)] = 1e6 });

        var total = Finish(Fleets.Study(1, 10), Rss(0, (0, 100), (1, 200), (2, 400), (3, 500)), weights).Level("rss_mean");

        Assert.Equal((null, null, "class a has 4 recordings, which by their weights say as much as 1.0; an interval needs at least 3"), (total.Low, total.High, total.Reason));
    }

    [Fact]
    public void IsTheSame_WhenAllWeightsAreScaled()
    {
        var study = Fleets.Study(1, 10, 30);
        var nodes = Rss(0, (0, 100), (1, 200), (2, 400), (5, 300)).Concat(Rss(1, (1, 7), (3, 8), (4, 12), (5, 13))).ToList();
        Dictionary<(int, int), double> weights = new() { [(0, 1)] = 2, [(0, 2)] = 2, [(1, 3)] = 0.5 };

        // 4 is a power of two, so that not even rounding differs; the weights left out weigh 4 then.
        var scaled = Enumerable.Range(0, 2).SelectMany(@class => Enumerable.Range(0, 6).Select(recording => (@class, recording)))
            .ToDictionary(key => key, key => 4 * weights.GetValueOrDefault(key, 1));

        Assert.Equal(Finish(study, nodes, new SelectionWeights(weights)).Estimates, Finish(study, nodes, new SelectionWeights(scaled)).Estimates);
    }

    [Fact]
    public void CorrectsForTheFrame_WhatIsBetweenRecordings()
    {
        // Cochran (1977, 10.4): (1 - f) s² / n, and f times what is within recordings; here nodes of a recording are alike, so there is nothing within.
        var study = Fleets.Study(1, 10);
        var framed = study with { Classes = [study.Classes[0] with { Frame = 12 }] };
        var nodes = Rss(0, (0, 100), (1, 200), (2, 400)).Concat(Rss(0, (0, 100), (1, 200), (2, 400))).Select((node, number) => node with { Node = number }).ToList();

        var (without, with) = (Fleets.Finish(study, nodes).Level("rss_mean"), Fleets.Finish(framed, nodes).Level("rss_mean"));

        Assert.Equal(without.Value, with.Value);
        Assert.Equal(Math.Sqrt(0.75) * (without.High - without.Value)!.Value, (with.High - with.Value)!.Value, 1e-9);
    }

    [Fact]
    public void LeavesTheSimulationsPart_WhenEveryNodeOfTheFrameWasRecorded()
    {
        var study = Fleets.Study(1, 10);
        var framed = study with { Classes = [study.Classes[0] with { Frame = 3 }] };
        var random = new Random(1);
        var nodes = Enumerable.Range(0, 60).Select(node => Fleets.Node(0, node, node % 3, Fleets.Rss(1000 + (500 * (node % 3)) + random.Next(100)))).ToList();

        var estimate = Fleets.Finish(framed, nodes).Level("rss_mean");

        Assert.Equal(estimate.SimulationHalfWidth!.Value, (estimate.High - estimate.Value)!.Value, 0.15 * estimate.SimulationHalfWidth.Value);
        Assert.Equal(0, estimate.Components!.BetweenRecordings!.Value, 1e-6);
    }

    [Fact]
    public void LeavesTheCorrectionOut_WhereWhatIsWithinRecordingsIsNotKnown()
    {
        var study = Fleets.Study(1, 10);
        var framed = study with { Classes = [study.Classes[0] with { Frame = 12 }] };

        // One node a recording: nothing tells how much nodes of one recording differ.
        Assert.Equal(Fleets.Finish(study, Rss(0, (0, 100), (1, 200), (2, 400))).Level("rss_mean"), Fleets.Finish(framed, Rss(0, (0, 100), (1, 200), (2, 400))).Level("rss_mean"));
    }

    [Fact]
    public void GivesTheFleetAnInterval_WhenSmallClassesAreCollapsed()
    {
        var study = Fleets.Study(1, 10, 20, 30);
        var collapsed = study with { Classes = [.. study.Classes.Select((@class, index) => index == 0 ? @class : @class with { Collapse = "small" })] };
        var nodes = Rss(0, (0, 1), (1, 2), (2, 6)).Concat(Rss(1, (3, 10))).Concat(Rss(2, (4, 14), (5, 18))).ToList();

        Assert.Equal("class b has 1 recording; an interval needs at least 3", Fleets.Finish(study, nodes).Level("rss_mean").Reason);
        var estimates = Fleets.Finish(collapsed, nodes);
        var fleet = estimates.Level("rss_mean");

        // By hand: plain mean of the group's recordings 14; influences 20·(-4), 15·0, 15·4, times √(3/2); and of class a 100·7/3.
        var (group, own) = (1.5 * ((80 * 80.0) + (60 * 60)), 100 * 7.0 / 3);
        var freedom = (group + own) * (group + own) / (((group * group) + (own * own)) / 2);
        Assert.Equal(StudentQuantile.TwoSided(0.95, freedom) * Math.Sqrt(group + own), (fleet.High - fleet.Value)!.Value, 1e-6);
        Assert.Equal("class b has 1 recording, and its variance is only known together with that of the other classes collapsed as small", estimates.Level("rss_mean", scope: "class:b").Reason);
    }

    [Fact]
    public void AgreesWithResamplingOfRecordings_JointlyAcrossClasses()
    {
        // Rao and Wu (1988): n - 1 recordings drawn with replacement, each in all classes at once, give the linearised variance of a total.
        var random = new Random(4);
        var study = Fleets.Study(1, 1000, 300);
        long Value() => (long)(1e6 * (1 + random.NextDouble()));
        var recordings = Enumerable.Range(0, 12).Select(recording => (a: Value(), b: Value())).ToList();
        var fleet = Fleets.Finish(study, recordings.SelectMany((means, recording) => new[] { Fleets.Node(0, recording, recording, Fleets.Rss(means.a)), Fleets.Node(1, recording, recording, Fleets.Rss(means.b)) })).Level("rss_mean");

        var totals = Enumerable.Range(0, 20_000).Select(_ => Enumerable.Range(0, 11).Select(_ => recordings[random.Next(12)]).Average(means => (1000.0 * means.a) + (300.0 * means.b))).ToList();

        var mean = totals.Average();
        var resampled = Math.Sqrt(totals.Sum(total => (total - mean) * (total - mean)) / totals.Count);
        Assert.Equal(1, resampled / StandardError(fleet), 0.03);
    }

    // The side on which skewness adds nothing is Student's.
    private static double StandardError(Estimate estimate) =>
        Math.Min((estimate.Value - estimate.Low)!.Value, (estimate.High - estimate.Value)!.Value) / StudentQuantile.TwoSided(0.95, estimate.DegreesOfFreedom!.Value);

    private static FleetEstimates Finish(StudyDefinition study, IEnumerable<NodeResult> nodes, SelectionWeights weights)
    {
        var accumulator = new FleetAccumulator(study);
        foreach (var node in nodes)
            accumulator.Add(node);
        return accumulator.Finish(study, weights);
    }

    private static IEnumerable<NodeResult> Rss(int @class, params (int Recording, long Bytes)[] means) =>
        means.Select((mean, node) => Fleets.Node(@class, node, mean.Recording, Fleets.Rss(mean.Bytes)));
}
