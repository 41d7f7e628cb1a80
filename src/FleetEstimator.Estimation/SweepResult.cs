using System.Text.Json.Serialization;

namespace FleetEstimator.Estimation;

/// <summary>
/// A study with one parameter changed, on the same nodes: exploratory. Its intervals are of the study's level each, not adjusted for how many there are, and decide no claim.
/// </summary>
public sealed record SweepResult
{
    /// <summary>The parameter as the study writes it.</summary>
    public required string Parameter { get; init; }

    /// <summary>Its value here.</summary>
    public required string Value { get; init; }

    /// <summary>Its value in the study itself.</summary>
    public required string BaseValue { get; init; }

    /// <summary>Nodes that could not be simulated with this value.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long FailedNodes { get; init; }

    /// <summary>Why, each reason once; null if none failed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? FailureReasons { get; init; }

    /// <summary>Of the whole fleet, by metric and mechanism: the level, then the difference from the baseline; each with its <see cref="Estimate.Change"/> from the study.</summary>
    public required IReadOnlyList<Estimate> Estimates { get; init; }

    /// <summary>What a sweep comes to.</summary>
    /// <param name="study">The study itself.</param>
    /// <param name="nodes">Its nodes.</param>
    /// <param name="point">The changed parameter.</param>
    /// <param name="changed">The same nodes with it.</param>
    /// <param name="failures">Why nodes could not be simulated with it, one reason for each.</param>
    /// <param name="weights">What recordings count for.</param>
    internal static SweepResult Of(StudyDefinition study, FleetAccumulator nodes, SweepPoint point, FleetAccumulator changed, IReadOnlyList<string> failures, SelectionWeights weights)
    {
        var mechanisms = study.Mechanisms.Count;
        var fleet = new FleetEstimates.Scope(EstimateScope.Fleet, study.Nodes, new ScopeSample(Strata.Of(point.Study, changed, weights)), study.Level);
        var together = new ScopeEstimator(new ScopeSample(Strata.Of(study, [nodes, changed], weights)), study.Level);
        var estimates = new List<Estimate>();
        foreach (var metric in point.Study.Metrics)
        {
            for (var mechanism = 0; mechanism < mechanisms; mechanism++)
            {
                Add(metric, mechanism, null, fleet.Estimator.Level(metric, mechanism));
                if (mechanism != study.BaselineIndex)
                    Add(metric, mechanism, study.BaselineIndex, fleet.Estimator.Difference(metric, mechanism, study.BaselineIndex));
            }
        }

        return new SweepResult
        {
            Parameter = point.Parameter,
            Value = point.Value,
            BaseValue = point.BaseValue,
            FailedNodes = failures.Count,
            FailureReasons = failures.Count == 0 ? null : [.. failures.Distinct().Order(StringComparer.Ordinal)],
            Estimates = estimates,
        };

        void Add(Metric metric, int mechanism, int? baseline, ScopeEstimate estimate) => estimates.Add(
            FleetEstimates.Of(metric, study.Mechanisms[mechanism], baseline is null ? null : study.Baseline, fleet, study.Level, estimate) with
            {
                Change = together.Change(metric, mechanism, baseline, mechanisms).Interval,
            });
    }
}
