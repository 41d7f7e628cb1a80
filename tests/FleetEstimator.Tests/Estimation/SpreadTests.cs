using CsCheck;
using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class SpreadTests
{
    [Fact]
    public void ReachesAsFarAsStudentsInterval_WhenNothingIsSkew()
    {
        var (below, above) = new Spread(Variance: 4, DegreesOfFreedom: 9).Reach(0.95);

        // t with 9 degrees of freedom: 2.262 in every table.
        Assert.Equal(2 * 2.2621571628, below, 1e-8);
        Assert.Equal(below, above);
    }

    [Fact]
    public void ReachesAsFarAsHallsInterval_OnTheSideOfTheLongTail()
    {
        var spread = new Spread(Variance: 1, DegreesOfFreedom: 11, Skewness: 0.4);
        var t = StudentQuantile.TwoSided(0.95, 11);

        var (below, above) = spread.Reach(0.95);

        // The studentised figure T at the upper end is the root of T + γT²/3 + γ²T³/27 + γ/6 = -t: the population's mean lies far above a sample that missed its tail.
        Assert.Equal(0 - t, Hall(0 - above, 0.4), 1e-9);
        Assert.True(above > t);
        Assert.Equal(t, below, 1e-12);
        Assert.Equal((above, below), (spread with { Skewness = -0.4 }).Reach(0.95));
    }

    [Fact]
    public void TakesNoSkewnessFromFourUnits() =>
        Assert.Equal(new Spread(1, 3).Reach(0.95), new Spread(1, 3, Skewness: 0.5).Reach(0.95));

    [Fact]
    public void NeverReachesLessFar_ThanStudentsInterval() =>
        (from variance in Gen.Double[0, 1e9] from freedom in Gen.Double[1, 200] from skewness in Gen.Double[-1, 1] from level in Gen.Double[0.5, 0.9999] select (variance, freedom, skewness, level))
            .Sample(given =>
            {
                var spread = new Spread(given.variance, given.freedom, given.skewness);
                var (below, above) = spread.Reach(given.level);
                return below >= spread.HalfWidth(given.level) - 1e-9 && above >= spread.HalfWidth(given.level) - 1e-9 && double.IsFinite(below) && double.IsFinite(above);
            });

    [Fact]
    public void AddsThirdCumulants_WhenPartsAreIndependent()
    {
        // Two means of n units of one population each are, added, like one sum over 2n: skewness falls by √2.
        var sum = Spread.OfSum([new(3, 8, 0.6), new(3, 8, 0.6)]);

        Assert.Equal((6, 16, 0.6 / Math.Sqrt(2)), (sum.Variance, sum.DegreesOfFreedom, sum.Skewness), new Near());
    }

    [Theory]
    [InlineData(0.95, 1, 12.7062047362)]
    [InlineData(0.99, 4, 4.60409487135)]
    [InlineData(0.999, 10, 4.58689385870)]
    [InlineData(0.95, 1000, 1.96233908083)]
    public void HasTheQuantilesOfTables(double level, double degreesOfFreedom, double t) => Assert.Equal(t, StudentQuantile.TwoSided(level, degreesOfFreedom), 1e-9 * t);

    [Fact]
    public void FindsQuantilesFarOut_WhereOneDegreeOfFreedomHasAClosedForm()
    {
        // Cauchy: P(|T| > t) = 1 - 2 atan(t) / π.
        foreach (var level in (double[])[0.9, 0.9999, 0.999999, 1 - 1e-9])
            Assert.Equal(level, 2 / Math.PI * Math.Atan(StudentQuantile.TwoSided(level, 1)), 1e-12);
    }

    private static double Hall(double t, double skewness) => t + (skewness * t * t / 3) + (skewness * skewness * t * t * t / 27) + (skewness / 6);

    private sealed class Near : IEqualityComparer<(double, double, double)>
    {
        public bool Equals((double, double, double) one, (double, double, double) other) =>
            Math.Abs(one.Item1 - other.Item1) < 1e-12 && Math.Abs(one.Item2 - other.Item2) < 1e-12 && Math.Abs(one.Item3 - other.Item3) < 1e-12;

        public int GetHashCode((double, double, double) values) => 0;
    }
}
