using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation.Sampling;

public sealed class SeenVariationTests
{
    private static readonly (string, long)[] Frame = [("a", 10), ("b", 30), ("c", 5)];

    [Fact]
    public void ClassesSeen_HaveMeanAndDeviationOfTheirRecordings()
    {
        var planned = SeenVariation.Of(Frame, [new("a", 2), new("a", 4), new("a", 9), new("b", 10), new("z", 77)], 0.3);
        Assert.Equal((5, Math.Sqrt(13), 3), (planned[0].Mean, planned[0].StandardDeviation, planned[0].SeenRecordings));
    }

    [Fact]
    public void ClassesNotSeen_HaveTheMeanOfTheOthers_AndTheLargestVariation()
    {
        var planned = SeenVariation.Of(Frame, [new("a", 2), new("a", 4), new("a", 9), new("b", 10)], 0.3);
        Assert.Equal((10, 1), (planned[1].Mean, planned[1].SeenRecordings));
        Assert.Equal(10 * Math.Sqrt(13) / 5, planned[1].StandardDeviation, 10);
        Assert.Equal((350.0 / 40, 0), (planned[2].Mean, planned[2].SeenRecordings));
        Assert.Equal(350.0 / 40 * Math.Sqrt(13) / 5, planned[2].StandardDeviation, 10);
    }

    [Fact]
    public void NothingSeen_TakesThePlanningValue() =>
        Assert.All(SeenVariation.Of(Frame, [], 0.3), planned => Assert.Equal((1, 0.3, 0), (planned.Mean, planned.StandardDeviation, planned.SeenRecordings)));

    [Fact]
    public void AShare_VariesAsItsLinearisation()
    {
        // Class a: shares of 10% and 30% of resident 100 and 100; alone in the fleet R = 0.2, z - R x = -10 and 10.
        var planned = SeenVariation.Of([("a", 10)], [new("a", 10, 100), new("a", 30, 100)], 0.3)[0];
        Assert.Equal(20, planned.Mean);
        Assert.Equal(Math.Sqrt(200), planned.StandardDeviation, 10);

        // The same share at every size: a share without variation, though both its parts vary.
        Assert.Equal(0, SeenVariation.Of([("a", 10)], [new("a", 10, 100), new("a", 40, 400)], 0.3)[0].StandardDeviation, 10);
    }

    [Fact]
    public void AnIntervalOfAStudy_GivesBackTheDeviationItCameFrom()
    {
        // Four recordings, s = 3, N = 100, t(3) = 3.182446 at 95%.
        var halfWidth = 3.182446305 * 100 * 3 / Math.Sqrt(4);
        var planned = SeenVariation.OfInterval("a", studyNodes: 100, frameNodes: 250, estimate: 1_200, halfWidth, 0.95, recordings: 4);
        Assert.Equal((250, 12, 4), (planned.Nodes, planned.Mean, planned.SeenRecordings));
        Assert.Equal(3, planned.StandardDeviation, 6);
        Assert.Equal(1, SeenVariation.OfInterval("a", 100, 250, 1_200, null, 0.95, recordings: 2).SeenRecordings);
    }
}
