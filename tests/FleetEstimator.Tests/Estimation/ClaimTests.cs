using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class ClaimTests
{
    [Theory]
    [InlineData(Comparison.Above, 9, Verdict.Supported)]
    [InlineData(Comparison.Above, 10, Verdict.Undecided)]
    [InlineData(Comparison.Above, 20, Verdict.Refuted)]
    [InlineData(Comparison.AtLeast, 10, Verdict.Supported)]
    [InlineData(Comparison.AtLeast, 20, Verdict.Undecided)]
    [InlineData(Comparison.AtLeast, 21, Verdict.Refuted)]
    [InlineData(Comparison.Below, 21, Verdict.Supported)]
    [InlineData(Comparison.Below, 20, Verdict.Undecided)]
    [InlineData(Comparison.Below, 10, Verdict.Refuted)]
    [InlineData(Comparison.AtMost, 20, Verdict.Supported)]
    [InlineData(Comparison.AtMost, 10, Verdict.Undecided)]
    [InlineData(Comparison.AtMost, 9, Verdict.Refuted)]
    public void IsDecided_WhenTheWholeIntervalIsOnOneSide(Comparison comparison, double threshold, Verdict verdict) =>
        Assert.Equal(verdict, ClaimJudge.VerdictOf(comparison, threshold, new Interval(15, 10, 20)));

    [Fact]
    public void IsUndecidedWithTheReason_WhenThereIsNoInterval()
    {
        var study = Fleets.Study(2, 10) with { Claims = [Claim("rss_mean", ClaimSubject.Level, 1)] };

        var result = Assert.Single(Fleets.Finish(study, [Fleets.Node(0, 0, 0, Fleets.Rss(100), Fleets.Rss(90))]).Claims);

        Assert.Equal((Verdict.Undecided, 900, "class a has 1 recording; an interval needs at least 3"), (result.Verdict, result.Value, result.Reason));
    }

    [Fact]
    public void SpeaksOfLevelSavingOrShareSaved_AsTheClaimDoes()
    {
        var study = Fleets.Study(2, 10) with
        {
            Claims = [Claim("rss_mean", ClaimSubject.Level, 500), Claim("rss_mean", ClaimSubject.Saved, 200), Claim("rss_mean", ClaimSubject.SavedShare, 0.1)],
        };
        var nodes = Enumerable.Range(0, 4).Select(node => Fleets.Node(0, node, node, Fleets.Rss(100 + node), Fleets.Rss(90)));

        var estimates = Fleets.Finish(study, nodes);

        var (level, saved, share) = (estimates.Claims[0], estimates.Claims[1], estimates.Claims[2]);
        Assert.Equal((900, 900, 900, Verdict.Supported), (level.Value, level.Low, level.High, level.Verdict));
        Assert.Equal((115, Verdict.Refuted, "linux-6.1", "bytes"), (saved.Value, saved.Verdict, saved.Against, saved.Unit));
        Assert.Equal(AtLevelOf(saved).Saved, new Interval(saved.Value, saved.Low, saved.High));
        Assert.Equal(AtLevelOf(share).SavedShare, new Interval(share.Value, share.Low, share.High));
        Assert.Equal((Verdict.Undecided, "the threshold lies within the interval", "1"), (share.Verdict, share.Reason, share.Unit));
        Assert.Equal("rss_mean of linux-6.12: saved > 0.1", share.Text);

        Estimate AtLevelOf(ClaimResult claim) => Fleets.Finish(study with { Level = claim.Level, Claims = [] }, nodes).Difference("rss_mean");
    }

    [Fact]
    public void IsDecidedByBothAssumptions_WhereAccessesAreUnknown()
    {
        var study = Fleets.Study(2, 10) with { Claims = [Claim("rss_mean", ClaimSubject.Saved, 50)] };
        var nodes = Enumerable.Range(0, 4).Select(node =>
            Fleets.Node(0, node, node, Fleets.Rss(100), Fleets.Rss(90)).WithAllWrites(Fleets.Rss(100), Fleets.Rss(99)));

        var claim = Assert.Single(Fleets.Finish(study, nodes).Claims);

        Assert.Equal((Verdict.Undecided, 55, 10, 100), (claim.Verdict, claim.Value, claim.Low, claim.High));
    }

    [Fact]
    public void AreDecidedTogether_AsHolmDoes()
    {
        // Four hypotheses with p = 0.01, 0.04, 0.03 and 0.005 at 5%: Holm rejects the fourth and the first (both are at most 0.05 / 4), and stops at the third
        // (0.03 > 0.05 / 2); the second, 0.04, would be rejected by itself. The p-value of a threshold: that of t at the distance from the estimate.
        double[] probabilities = [0.01, 0.04, 0.03, 0.005];
        var study = Fleets.Study(1, 10);
        var nodes = Enumerable.Range(0, 4).Select(node => Fleets.Node(0, node, node, Fleets.Rss(100 + (10 * node)))).ToList();
        var total = Fleets.Finish(study, nodes).Level("rss_mean");
        var standardError = (total.High - total.Value)!.Value / StudentQuantile.TwoSided(0.95, 3);
        var thresholds = probabilities.Select(p => total.Value!.Value - (StudentQuantile.TwoSided(1 - p, 3) * standardError)).ToList();

        var claims = Fleets.Finish(study with { Claims = [.. thresholds.Select(threshold => Claim("rss_mean", ClaimSubject.Level, threshold) with { Mechanism = "linux-6.1" })] }, nodes).Claims;

        Assert.Equal([Verdict.Supported, Verdict.Undecided, Verdict.Undecided, Verdict.Supported], claims.Select(claim => claim.Verdict));
        foreach (var (claim, level) in claims.Zip([0.9875, 0.975, 0.975, 0.9875]))
            Assert.Equal(level, claim.Level, 1e-12);
        Assert.All(claims, claim => Assert.Equal(claim.Verdict == Verdict.Undecided, claim.Low <= claim.Threshold));
    }

    [Fact]
    public void AreWronglyDecided_NoOftenerThanTheStudysLevelAllows()
    {
        // Ten claims, each with its threshold at the truth, so that every verdict is wrong; independent figures, which is the worst case. By themselves, 40% of studies err.
        var random = new Random(5);
        var study = Fleets.Study(1, [.. Enumerable.Repeat(100, 10)]);
        study = study with { Claims = [.. study.Classes.Select(@class => Claim("rss_mean", ClaimSubject.Level, 100 * 1e6) with { Mechanism = "linux-6.1", Scope = "class:" + @class.Name })] };

        var wrong = Enumerable.Range(0, 400).Count(_ => Fleets.Finish(study, Enumerable.Range(0, 80).Select(number =>
            Fleets.Node(number / 8, number % 8, number, Fleets.Rss((long)CoverageTests.Normal(random, 1e6, 2e5))))).Claims.Any(claim => claim.Verdict != Verdict.Undecided));

        Assert.InRange(wrong / 400.0, 0, 0.085);
    }

    [Fact]
    public void AreWronglyDecided_NoOftener_WhenTheySpeakOfTheSameRecordingsAndSomeAreDecided()
    {
        // Five claims on one class are far from their thresholds and decided, so that the levels of the other five, with thresholds at the truth, fall; those five are about one figure of
        // mechanisms that do nearly the same: as dependent as claims of a study are.
        var random = new Random(6);
        var study = Fleets.Study(5, 100);
        study = study with
        {
            Claims = [.. study.Mechanisms.SelectMany(mechanism => new[] { 50 * 1e6, 100 * 1e6 }.Select(threshold => Claim("rss_mean", ClaimSubject.Level, threshold) with { Mechanism = mechanism }))],
        };

        var wrong = Enumerable.Range(0, 1000).Count(_ => Fleets.Finish(study, Enumerable.Range(0, 12).Select(node =>
        {
            var common = CoverageTests.Normal(random, 1e6, 1e5);
            return Fleets.Node(0, node, node, [.. Enumerable.Range(0, 5).Select(_ => Fleets.Rss((long)(common + CoverageTests.Normal(random, 0, 2e4))))]);
        })).Claims.Any(claim => claim.Threshold == 100 * 1e6 && claim.Verdict != Verdict.Undecided));

        Assert.InRange(wrong / 1000.0, 0, 0.06);
    }

    [Fact]
    public void SayHowManyRecordingsWouldDecideThem()
    {
        var study = Fleets.Study(1, 10) with { Claims = [Claim("rss_mean", ClaimSubject.Level, 1000) with { Mechanism = "linux-6.1" }] };
        var nodes = Enumerable.Range(0, 6).Select(node => Fleets.Node(0, node, node, Fleets.Rss(100 + (node % 2 == 0 ? 60 : -40)))).ToList();

        var claim = Assert.Single(Fleets.Finish(study, nodes).Claims);

        // Mean 110 a node and s² = 3000 of six recordings, half on either side: no skewness. The threshold is 10 a node away: the least n with t(n - 1)·√(3000 / n) < 10.
        Assert.Equal((Verdict.Undecided, 6), (claim.Verdict, claim.Recordings));
        var needed = Enumerable.Range(7, 1000).First(n => StudentQuantile.TwoSided(0.95, 5.0 * n / 6) * Math.Sqrt(3000.0 / n) < 10);
        Assert.Equal(needed, claim.RecordingsToDecide);
    }

    [Fact]
    public void SayThatNoNumberDecides_WhereTheAssumptionsOnUnknownAccessesDo()
    {
        var study = Fleets.Study(2, 10) with { Claims = [Claim("rss_mean", ClaimSubject.Saved, 50)] };
        var nodes = Enumerable.Range(0, 4).Select(node => Fleets.Node(0, node, node, Fleets.Rss(100), Fleets.Rss(90)).WithAllWrites(Fleets.Rss(100), Fleets.Rss(99)));

        var claim = Assert.Single(Fleets.Finish(study, nodes).Claims);

        Assert.Null(claim.RecordingsToDecide);
        Assert.Contains("no number of recordings of this kind decides that", claim.Reason, StringComparison.Ordinal);
    }

    private static Claim Claim(string metric, ClaimSubject subject, double threshold) => new()
    {
        Metric = metric,
        Scope = EstimateScope.Fleet,
        Mechanism = "linux-6.12",
        Subject = subject,
        Comparison = Comparison.Above,
        Threshold = threshold,
        Is = $"{(subject == ClaimSubject.Level ? "" : "saved ")}> {threshold}",
    };
}
