using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Reports;

/// <summary>The estimates of a result by what they are about, and what follows from them for every report.</summary>
internal sealed class Findings
{
    private readonly Dictionary<(string Scope, string Metric, string Mechanism, bool Difference), Estimate> _estimates = [];

    public Findings(StudyResult result)
    {
        Result = result;
        foreach (var estimate in result.Estimates)
            _estimates.TryAdd((estimate.Scope, estimate.Metric, estimate.Mechanism, estimate.Against is not null), estimate);
        Compared = [.. result.Mechanisms.Where(mechanism => mechanism != result.Baseline)];
        // A fleet of one class is that class: showing both would only look like more.
        Scopes = result.Classes.Count == 1
            ? [EstimateScope.Fleet]
            : [EstimateScope.Fleet, .. result.Classes.Select(@class => EstimateScope.OfClass(@class.Name))];
    }

    public StudyResult Result { get; }

    /// <summary>The metrics of which a mechanism may save some: those of every study, and the smallest limit where the study looks for it.</summary>
    public IReadOnlyList<MetricWording> Savings => Level(EstimateScope.Fleet, MetricWording.SmallestLimit.Metric, Result.Baseline) is null
        ? MetricWording.Savings
        : [.. MetricWording.Savings, MetricWording.SmallestLimit];

    /// <summary>The mechanisms that are compared with the baseline.</summary>
    public IReadOnlyList<string> Compared { get; }

    /// <summary>The fleet, then its classes if there are several.</summary>
    public IReadOnlyList<string> Scopes { get; }

    /// <summary>The level of a metric, or null if the result has none.</summary>
    public Estimate? Level(string scope, string metric, string mechanism) => _estimates.GetValueOrDefault((scope, metric, mechanism, false));

    /// <summary>The difference from the baseline, or null if the result has none.</summary>
    public Estimate? Difference(string scope, string metric, string mechanism) => _estimates.GetValueOrDefault((scope, metric, mechanism, true));

    /// <summary>The compared mechanism with the largest estimate of memory saved in the fleet, one that loses data only if there is no other; null if none has one.</summary>
    public string? Leading => Compared
        .Where(mechanism => MemorySaved(mechanism) is not null)
        .OrderBy(LosesData)
        .ThenByDescending(MemorySaved)
        .FirstOrDefault();

    /// <summary>Whether a mechanism is shown for what it loses, not as a candidate.</summary>
    public static bool LosesData(string mechanism) => Mechanism.Find(mechanism) is { ChecksBeforeFlush: true };

    /// <summary>A compared mechanism without the baseline's name before it: <c>+zero-pfn-swapin</c> against <c>linux-6.12</c>.</summary>
    public string ShortName(string mechanism) => mechanism.StartsWith(Result.Baseline + "+", StringComparison.Ordinal) ? mechanism[Result.Baseline.Length..] : mechanism;

    /// <summary>What a scope is called.</summary>
    public static string ScopeName(string scope) =>
        scope == EstimateScope.Fleet ? "Fleet" : scope[EstimateScope.ClassPrefix.Length..];

    private double? MemorySaved(string mechanism) => Difference(EstimateScope.Fleet, "memory_mean", mechanism)?.Saved?.Value;
}

/// <summary>What an interval says of a saving.</summary>
internal enum SavingKind
{
    /// <summary>There is no interval to tell by.</summary>
    Unknown,

    /// <summary>The interval contains 0.</summary>
    Unclear,

    /// <summary>Exactly nothing.</summary>
    None,

    /// <summary>The whole interval is above 0.</summary>
    Saving,

    /// <summary>The whole interval is below 0.</summary>
    Cost,
}

/// <summary>Judging savings.</summary>
internal static class Savings
{
    /// <summary>What the interval of a saving (baseline minus mechanism) says.</summary>
    public static SavingKind Kind(Interval saved) => saved switch
    {
        { Low: null } or { High: null } or { Value: null } => SavingKind.Unknown,
        { Low: 0, High: 0 } => SavingKind.None,
        { Low: > 0 } => SavingKind.Saving,
        { High: < 0 } => SavingKind.Cost,
        _ => SavingKind.Unclear,
    };
}
