namespace FleetEstimator.Estimation;

/// <summary>
/// Judges claims by intervals. Every claim is judged by itself, at the study's level: several claims of one study are not corrected for being several.
/// </summary>
internal static class ClaimJudge
{
    /// <summary>The verdicts on all claims of a study. All are judged here together, as a correction for their number (Holm's) needs them together.</summary>
    /// <param name="study">The study.</param>
    /// <param name="scopes">The estimator of each scope, by name.</param>
    public static IReadOnlyList<ClaimResult> Judge(StudyDefinition study, IReadOnlyDictionary<string, ScopeEstimator> scopes) =>
        [.. study.Claims.Select(claim => Judge(claim, study, Figure(claim, study, scopes[claim.Scope])))];

    /// <summary>The verdict that an interval gives: on the claimed side as a whole, on the other side as a whole, or neither.</summary>
    public static Verdict VerdictOf(Comparison comparison, double threshold, Interval interval)
    {
        if (interval is not { Low: { } low, High: { } high })
            return Verdict.Undecided;
        var (holds, fails) = comparison switch
        {
            Comparison.Above => (low > threshold, high <= threshold),
            Comparison.AtLeast => (low >= threshold, high < threshold),
            Comparison.Below => (high < threshold, low >= threshold),
            Comparison.AtMost => (high <= threshold, low > threshold),
            _ => throw new ArgumentOutOfRangeException(nameof(comparison), comparison, "Not a comparison."),
        };
        return holds ? Verdict.Supported : fails ? Verdict.Refuted : Verdict.Undecided;
    }

    private static ScopeEstimate Figure(Claim claim, StudyDefinition study, ScopeEstimator estimator)
    {
        var metric = Metric.Find(claim.Metric)!;
        var mechanism = study.MechanismIndex(claim.Mechanism);
        var figure = claim.Subject switch
        {
            ClaimSubject.Level => estimator.Level(metric, mechanism),
            ClaimSubject.Saved => estimator.Difference(metric, mechanism, study.BaselineIndex),
            _ => estimator.RelativeDifference(metric, mechanism, study.BaselineIndex),
        };
        return claim.Subject == ClaimSubject.Level ? figure : figure with { Interval = figure.Interval.Negated() };
    }

    private static ClaimResult Judge(Claim claim, StudyDefinition study, ScopeEstimate figure)
    {
        var verdict = VerdictOf(claim.Comparison, claim.Threshold, figure.Interval);
        return new ClaimResult
        {
            Text = claim.Text,
            Scope = claim.Scope,
            Verdict = verdict,
            Value = figure.Interval.Value,
            Low = figure.Interval.Low,
            High = figure.Interval.High,
            Level = study.Level,
            Unit = claim.Subject == ClaimSubject.SavedShare ? MetricUnit.One : Metric.Find(claim.Metric)!.Unit,
            Metric = claim.Metric,
            Mechanism = claim.Mechanism,
            Against = claim.Subject == ClaimSubject.Level ? null : study.Baseline,
            Is = claim.Is,
            Threshold = claim.Threshold,
            Reason = verdict == Verdict.Undecided ? figure.Reason ?? "the threshold lies within the interval" : null,
        };
    }
}
