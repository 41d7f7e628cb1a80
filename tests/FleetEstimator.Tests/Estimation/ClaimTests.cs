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
