using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>Quantiles over nodes, as every report says them.</summary>
internal static class QuantileText
{
    /// <summary>For each compared mechanism how much memory nodes of the fleet save, by ascending share of nodes; quantiles of savings, so the ends change places.</summary>
    public static IReadOnlyList<(string Mechanism, IReadOnlyList<Estimate> Savings)> OfSavings(Findings findings) =>
    [
        .. findings.Compared
            .Select(mechanism => (mechanism, (IReadOnlyList<Estimate>)[.. findings.Result.Quantiles
                .Where(quantile => quantile is { Metric: "memory_mean", Scope: EstimateScope.Fleet, Against: not null, Value: not null } && quantile.Mechanism == mechanism)
                .Select(Saved)
                .OrderBy(quantile => quantile.Quantile)]))
            .Where(entry => entry.Item2.Count > 0),
    ];

    // A tenth of the nodes has at most a difference of d: nine tenths save at most -d.
    private static Estimate Saved(Estimate difference) => difference with
    {
        Quantile = Math.Round(1 - difference.Quantile.GetValueOrDefault(), 12),
        Value = 0 - difference.Value,
        Low = 0 - difference.High,
        High = 0 - difference.Low,
    };
}
