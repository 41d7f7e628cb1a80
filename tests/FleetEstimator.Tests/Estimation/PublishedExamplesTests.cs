using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

/// <summary>
/// The estimators on examples worked in the literature: a recording stands for a sampled unit, its two nodes are alike. (Neyman's allocation on Cochran's cities:
/// SamplePlannerTests; Holm's procedure: ClaimTests; how many units a quantile's interval takes: QuantileTests.)
/// </summary>
public sealed class PublishedExamplesTests
{
    [Fact]
    public void Total_SignaturesToAPetition()
    {
        // Cochran (1977, 2.7 and table 2.1): signatures on 50 of 676 sheets. Estimate 19,888, s = 15.13, 80% limits 18,107 and 21,669 with the normal quantile 1.28.
        (int Signatures, int Sheets)[] counts =
        [
            (42, 23), (41, 4), (36, 1), (32, 1), (29, 1), (27, 2), (23, 1), (19, 1), (16, 2), (15, 2), (14, 1), (11, 1), (10, 1), (9, 1), (7, 1), (6, 3), (5, 2), (4, 1), (3, 1),
        ];
        var study = Fleets.Study(1, 676) with { Level = 0.8 };
        study = study with { Classes = [study.Classes[0] with { Frame = 676 }] };
        var sheets = counts.SelectMany(count => Enumerable.Repeat(count.Signatures, count.Sheets)).ToList();

        var total = Fleets.Finish(study, TwoNodesEach(sheets.Count, sheet => [Fleets.Rss(sheets[sheet])])).Level("rss_mean");

        Assert.Equal((50, 1471), (sheets.Count, sheets.Sum()));
        Assert.Equal(19_888, total.Value!.Value, 0.5);
        Assert.Equal((19_888 - 18_107) / 1.28, StandardError(total), 1.0);
    }

    [Fact]
    public void Ratio_PopulationsOfCities()
    {
        // Davison and Hinkley (1997, examples 1.2 and 2.19): ten cities in 1920 and 1930. Ratio 1.52; the nonparametric delta method's variance, with n² for n(n - 1), 0.18².
        (int In1920, int In1930)[] cities = [(138, 143), (93, 104), (61, 69), (179, 260), (48, 75), (37, 63), (29, 50), (23, 48), (30, 111), (2, 50)];

        // A relative difference is the ratio of totals less 1.
        var growth = Fleets.Finish(Fleets.Study(2, 196), TwoNodesEach(cities.Length, city => [Fleets.Rss(cities[city].In1920), Fleets.Rss(cities[city].In1930)])).Difference("rss_mean");

        Assert.Equal(1.520, 1 + growth.Relative!.Value!.Value, 0.0005);
        Assert.Equal(0.18, Math.Sqrt(0.9) * StandardError(growth with { Value = growth.Relative.Value, Low = growth.Relative.Low, High = growth.Relative.High, DegreesOfFreedom = 9 }), 0.0005);
    }

    [Fact]
    public void PairedDifference_HoursOfSleep()
    {
        // Student (1908), as every package of statistics has it: additional sleep under two drugs, mean difference 1.58 hours, 95% interval 0.7001142 to 2.4598858. The differences are
        // skew to the right (one patient slept 4.6 hours longer), so the upper end is let out; the lower one is Student's.
        double[] first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        double[] second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        static LaneResult Hours(double hours) => Fleets.Rss((long)Math.Round(1000 + (10 * hours)));

        var difference = Fleets.Finish(Fleets.Study(2, 1), TwoNodesEach(10, patient => [Hours(first[patient]), Hours(second[patient])])).Difference("rss_mean");

        Assert.Equal(1.58, difference.Value!.Value / 10, 1e-9);
        Assert.Equal(0.7001142, difference.Low!.Value / 10, 1e-7);
        Assert.True(difference.High / 10 > 2.4598858);
        Assert.Equal(9, difference.DegreesOfFreedom);
    }

    // The side on which skewness adds nothing is Student's.
    private static double StandardError(Estimate estimate) =>
        Math.Min((estimate.Value - estimate.Low)!.Value, (estimate.High - estimate.Value)!.Value) / StudentQuantile.TwoSided(estimate.Level, estimate.DegreesOfFreedom!.Value);

    private static IEnumerable<NodeResult> TwoNodesEach(int units, Func<int, LaneResult[]> lanes) =>
        Enumerable.Range(0, 2 * units).Select(node => Fleets.Node(0, node, node % units, lanes(node % units)));
}
