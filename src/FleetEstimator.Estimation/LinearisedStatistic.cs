namespace FleetEstimator.Estimation;

/// <summary>A mean of a quantity under one mechanism, times a weight.</summary>
internal readonly record struct LinearTerm(int Mechanism, NodeQuantity Quantity, double Weight);

/// <summary>
/// A figure of the fleet and its Taylor linearisation: how the figure changes, to first order, with each recording's means. For a total that is the total
/// itself; for a ratio A / B it is (a - (A / B) b) / B (Särndal, Swensson and Wretman 1992, section 5.6).
/// </summary>
internal sealed record LinearisedStatistic
{
    /// <summary>Any total: the total of a quantity over the nodes of a scope, under one mechanism; of counts, per second.</summary>
    public delegate double Total(int mechanism, NodeQuantity quantity);

    /// <summary>The figure.</summary>
    public required double Value { get; init; }

    /// <summary>The linear form in the mechanism's means.</summary>
    public required LinearTerm[] Terms { get; init; }

    /// <summary>What is subtracted: the linear form in the baseline's means. Kept apart so that equal forms cancel to exactly 0.</summary>
    public LinearTerm[] SubtractedTerms { get; init; } = [];

    /// <summary>The least value such a figure can have.</summary>
    public required double Least { get; init; }

    /// <summary>The greatest value such a figure can have.</summary>
    public required double Most { get; init; }

    /// <summary>The level of a metric under a mechanism; null for a share of nothing.</summary>
    public static LinearisedStatistic? Level(Metric metric, int mechanism, Total total)
    {
        var numerator = total(mechanism, metric.Numerator);
        if (metric.Denominator is not { } quantity)
        {
            return new LinearisedStatistic
            {
                Value = metric.Scale * numerator,
                Terms = [new(mechanism, metric.Numerator, metric.Scale)],
                Least = 0,
                Most = double.PositiveInfinity,
            };
        }

        var denominator = total(mechanism, quantity);
        if (denominator == 0)
            return null;
        var share = numerator / denominator;
        return new LinearisedStatistic
        {
            Value = share,
            Terms = [new(mechanism, metric.Numerator, 1 / denominator), new(mechanism, quantity, 0 - (share / denominator))],
            Least = 0,
            Most = 1,
        };
    }

    /// <summary>Mechanism minus baseline; null where a share of either is one of nothing.</summary>
    public static LinearisedStatistic? Difference(Metric metric, int mechanism, int baseline, Total total) =>
        Level(metric, mechanism, total) is { } level && Level(metric, baseline, total) is { } subtracted ? level.Minus(subtracted) : null;

    /// <summary>This figure minus another.</summary>
    public LinearisedStatistic Minus(LinearisedStatistic other) => new()
    {
        Value = Value - other.Value,
        Terms = [.. Terms, .. other.SubtractedTerms],
        SubtractedTerms = [.. SubtractedTerms, .. other.Terms],
        Least = Least - other.Most,
        Most = Most - other.Least,
    };

    /// <summary>Mechanism minus baseline as a share of the baseline, for a metric that is a total; null where the baseline is 0.</summary>
    public static LinearisedStatistic? RelativeDifference(Metric metric, int mechanism, int baseline, Total total)
    {
        var (level, reference) = (total(mechanism, metric.Numerator), total(baseline, metric.Numerator));
        if (reference == 0)
            return null;
        var ratio = level / reference;
        return new LinearisedStatistic
        {
            Value = ratio - 1,
            Terms = [new(mechanism, metric.Numerator, 1 / reference)],
            SubtractedTerms = [new(baseline, metric.Numerator, ratio / reference)],
            Least = -1,
            Most = double.PositiveInfinity,
        };
    }
}
