namespace FleetEstimator.Estimation;

/// <summary>
/// Judges the claims of a study together, so that the chance of any wrong verdict among them is at most one minus the study's level: Holm's (1979) step-down procedure. That it
/// holds for verdicts in either direction too is proved for independent figures (Shaffer 1980); tests measure it for figures of the same recordings as well.
/// With m claims open, each is judged by its interval of level 1 - α/m; those it decides are taken out, and the rest are judged again as the fewer that they are, until
/// none is decided. The interval that decides a claim, or fails to, is the one that is shown.
/// </summary>
internal static class ClaimJudge
{
    // More recordings than this many times those at hand are no plan.
    private const int MostTimesRecordings = 1000;

    /// <summary>The verdicts on all claims of a study, in its order.</summary>
    /// <param name="study">The study.</param>
    /// <param name="scopes">The estimator of each scope, by name.</param>
    public static IReadOnlyList<ClaimResult> Judge(StudyDefinition study, IReadOnlyDictionary<string, ScopeEstimator> scopes)
    {
        var results = new ClaimResult[study.Claims.Count];
        var open = Enumerable.Range(0, results.Length).ToList();
        while (open.Count > 0)
        {
            var level = LevelOf(study.Level, open.Count);
            foreach (var index in open)
                results[index] = Judge(study.Claims[index], study, level, Figure(study.Claims[index], study, scopes[study.Claims[index].Scope].At(level)));
            if (open.RemoveAll(index => results[index].Verdict != Verdict.Undecided) == 0)
                break;
        }

        return results;
    }

    /// <summary>The level of each interval while so many claims are open: with it, that many cover together at the study's level.</summary>
    public static double LevelOf(double studyLevel, int claims) => claims == 1 ? studyLevel : 1 - ((1 - studyLevel) / claims);

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
        return claim.Subject switch
        {
            ClaimSubject.Level => estimator.Level(metric, mechanism),
            ClaimSubject.Saved => estimator.Difference(metric, mechanism, study.BaselineIndex).Negated(),
            _ => estimator.RelativeDifference(metric, mechanism, study.BaselineIndex).Negated(),
        };
    }

    private static ClaimResult Judge(Claim claim, StudyDefinition study, double level, ScopeEstimate figure)
    {
        var verdict = VerdictOf(claim.Comparison, claim.Threshold, figure.Interval);
        var result = new ClaimResult
        {
            Text = claim.Text,
            Scope = claim.Scope,
            Verdict = verdict,
            Value = figure.Interval.Value,
            Low = figure.Interval.Low,
            High = figure.Interval.High,
            Level = level,
            Unit = claim.Subject == ClaimSubject.SavedShare ? MetricUnit.One : Metric.Find(claim.Metric)!.Unit,
            Metric = claim.Metric,
            Mechanism = claim.Mechanism,
            Against = claim.Subject == ClaimSubject.Level ? null : study.Baseline,
            Is = claim.Is,
            Threshold = claim.Threshold,
            Recordings = figure.Recordings,
        };
        return verdict == Verdict.Undecided ? Undecided(result, claim, level, figure) : result;
    }

    private static ClaimResult Undecided(ClaimResult result, Claim claim, double level, ScopeEstimate figure)
    {
        if (figure.Grounds.Count == 0)
            return result with { Reason = figure.Reason };
        const string within = "the threshold lies within the interval";
        if (figure.Grounds.Select(grounds => VerdictOf(claim.Comparison, claim.Threshold, new Interval(grounds.Value, grounds.Value, grounds.Value))).Distinct().Count() > 1)
        {
            return result with
            {
                Reason = within + ", and on one side if unknown accesses were loads, on the other if they were stores: no number of recordings of this kind decides that, recordings that tell loads from stores do",
            };
        }

        if (VerdictOf(claim.Comparison, claim.Threshold, figure.Grounds.Select(grounds => grounds.WithoutSampling().At(level)).Aggregate((one, other) => one.Over(other))) == Verdict.Undecided)
            return result with { Reason = within + ", and the simulation's own part of it alone reaches over the threshold: simulate more nodes, or for longer" };
        if (figure.Grounds.Any(grounds => grounds.HasFrame))
            return result with { Reason = within };
        return RecordingsToDecide(claim, level, figure) is { } recordings
            ? result with { Reason = within, RecordingsToDecide = recordings }
            : result with { Reason = $"{within}, and even {MostTimesRecordings} times as many recordings that differ as these do would leave it there" };
    }

    /// <summary>The fewest recordings in all, differing as those at hand do, with which the estimates as they are would decide the claim; null beyond what could be planned.</summary>
    private static int? RecordingsToDecide(Claim claim, double level, ScopeEstimate figure) => IntervalGrounds.FewestRecordings(
        figure.Recordings,
        MostTimesRecordings * figure.Recordings,
        recordings => VerdictOf(claim.Comparison, claim.Threshold, figure.Grounds
            .Select(grounds => grounds.WithRecordings((double)recordings / figure.Recordings).At(level))
            .Aggregate((one, other) => one.Over(other))) != Verdict.Undecided);
}
