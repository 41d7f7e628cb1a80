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

    /// <summary>Of the whole fleet, by metric and mechanism: the level, then the difference from the baseline.</summary>
    public required IReadOnlyList<SweepEstimate> Estimates { get; init; }

    /// <summary>What a sweep comes to.</summary>
    /// <param name="study">The study itself.</param>
    /// <param name="nodes">Its nodes.</param>
    /// <param name="point">The changed parameter.</param>
    /// <param name="changed">The same nodes with it.</param>
    /// <param name="failedNodes">Nodes that could not be simulated with it.</param>
    /// <param name="weights">What recordings count for.</param>
    internal static SweepResult Of(StudyDefinition study, FleetAccumulator nodes, SweepPoint point, FleetAccumulator changed, long failedNodes, SelectionWeights weights)
    {
        var mechanisms = study.Mechanisms.Count;
        var alone = new ScopeEstimator(new ScopeSample(Strata.Of(point.Study, changed, weights)), study.Level);
        var together = new ScopeEstimator(new ScopeSample(Strata.Of(study, [nodes, changed], weights)), study.Level);
        var estimates = new List<SweepEstimate>();
        foreach (var metric in point.Study.Metrics)
        {
            for (var mechanism = 0; mechanism < mechanisms; mechanism++)
            {
                Add(metric, mechanism, null, alone.Level(metric, mechanism));
                if (mechanism != study.BaselineIndex)
                    Add(metric, mechanism, study.BaselineIndex, alone.Difference(metric, mechanism, study.BaselineIndex));
            }
        }

        return new SweepResult { Parameter = point.Parameter, Value = point.Value, BaseValue = point.BaseValue, FailedNodes = failedNodes, Estimates = estimates };

        void Add(Metric metric, int mechanism, int? baseline, ScopeEstimate estimate) => estimates.Add(new SweepEstimate
        {
            Metric = metric.Name,
            Mechanism = study.Mechanisms[mechanism],
            Against = baseline is null ? null : study.Baseline,
            Value = estimate.Interval.Value,
            Low = estimate.Interval.Low,
            High = estimate.Interval.High,
            Unit = metric.Unit,
            Change = together.Change(metric, mechanism, baseline, mechanisms).Interval,
        });
    }
}

/// <summary>A figure of the fleet at one point of a sweep.</summary>
public sealed record SweepEstimate
{
    /// <summary>Name of the <see cref="Estimation.Metric"/>.</summary>
    public required string Metric { get; init; }

    /// <summary>The mechanism it is about.</summary>
    public required string Mechanism { get; init; }

    /// <summary>Null: the level. The baseline: the difference from it, mechanism minus baseline.</summary>
    public required string? Against { get; init; }

    /// <summary>The figure.</summary>
    [JsonPropertyName("estimate")]
    public required double? Value { get; init; }

    /// <summary>Lower end of its interval.</summary>
    public required double? Low { get; init; }

    /// <summary>Upper end of its interval.</summary>
    public required double? High { get; init; }

    /// <summary>Unit of all figures.</summary>
    public required string Unit { get; init; }

    /// <summary>By how much it differs from the study itself, nodes compared one by one.</summary>
    public required Interval Change { get; init; }
}
