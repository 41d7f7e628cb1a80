namespace FleetEstimator.Estimation;

/// <summary>
/// Quantiles of a figure over the nodes of one scope. Intervals are Woodruff's (1952): the share of nodes below the estimated quantile is a mean over recordings like any other
/// and has a standard error; the ends are the quantiles of the ends of its interval.
/// </summary>
internal sealed class QuantileEstimator(ScopeSample sample, double level)
{
    /// <summary>The quantiles that are estimated.</summary>
    public static IReadOnlyList<double> Quantiles { get; } = [0.1, 0.5, 0.9];

    /// <summary>
    /// Fewest recordings with which a quantile has an interval: with fewer, it lies beyond all of them more often than the level allows, whatever the distribution
    /// (the interval from the least to the greatest of n covers it with probability 1 - pⁿ - (1 - p)ⁿ: David and Nagaraja 2003, 7.1).
    /// </summary>
    public static int LeastRecordings(double quantile, double level)
    {
        var recordings = ScopeSample.LeastRecordings;
        while (1 - Math.Pow(quantile, recordings) - Math.Pow(1 - quantile, recordings) < level)
            recordings++;
        return recordings;
    }

    /// <summary>A quantile of a metric under a mechanism, or of its difference from the baseline on the same node, and why it has no figure or no interval.</summary>
    /// <param name="metric">Index of the metric in <see cref="NodeDistributions.Metrics"/>.</param>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="difference">Whether the difference from the baseline is meant.</param>
    /// <param name="quantile">In (0, 1).</param>
    public ScopeEstimate Estimate(int metric, int mechanism, bool difference, double quantile)
    {
        if (sample.WhyNoFigure is { } empty)
            return new ScopeEstimate(new Interval(null, null, null), sample.Recordings) { Reason = empty };
        var reads = Under(AccessAssumption.AllReads, metric, mechanism, difference, quantile);
        if (!sample.HasAllWrites)
            return reads;
        var writes = Under(AccessAssumption.AllWrites, metric, mechanism, difference, quantile);
        return reads.Interval == writes.Interval ? reads : reads with
        {
            Interval = reads.Interval.Over(writes.Interval),
            Reason = reads.Reason ?? writes.Reason,
            AllReads = reads.Interval,
            AllWrites = writes.Interval,
        };
    }

    private ScopeEstimate Under(AccessAssumption accesses, int metric, int mechanism, bool difference, double quantile)
    {
        var bins = Bins(recording => recording.Distributions(accesses).Of(metric, mechanism, difference));
        var value = At(bins, quantile);
        if (WhyNoInterval(quantile) is { } few)
            return Without(few);
        var share = sample.RecordingSpread(recording => recording.Distributions(accesses).Of(metric, mechanism, difference).ShareUpTo(value), correctsForFrame: false);
        var halfWidth = share.HalfWidth(level) / sample.Nodes;
        return quantile - halfWidth > 0 && quantile + halfWidth < 1
            ? new ScopeEstimate(new Interval(value, Math.Min(value, At(bins, quantile - halfWidth)), Math.Max(value, At(bins, quantile + halfWidth))), sample.Recordings)
            : Without("the interval reaches beyond all nodes that were simulated");

        ScopeEstimate Without(string reason) => new(new Interval(value, null, null), sample.Recordings) { Reason = reason };
    }

    private string? WhyNoInterval(double quantile) => sample.WhyNoInterval
        ?? (LeastRecordings(quantile, level) is var least && sample.Recordings < least ? $"{sample.Recordings} recordings; an interval of this quantile needs at least {least}" : null);

    /// <summary>The bins of the scope, ascending, each with its ends and the nodes of the fleet that lie in it.</summary>
    private List<(double Low, double High, double Nodes)> Bins(Func<RecordingMeans, NodeHistogram> histogramOf)
    {
        var (nodes, least, most) = (new SortedDictionary<int, double>(), double.PositiveInfinity, double.NegativeInfinity);
        foreach (var stratum in sample.Strata)
        {
            for (var index = 0; index < stratum.Recordings.Count; index++)
            {
                var histogram = histogramOf(stratum.Recordings[index]);
                (least, most) = (Math.Min(least, histogram.Least), Math.Max(most, histogram.Most));
                foreach (var (bin, count) in histogram.Bins)
                    nodes[bin] = nodes.GetValueOrDefault(bin) + (stratum.ExpansionOf(index) * count / histogram.Nodes);
            }
        }

        return [.. nodes.Select(entry => NodeHistogram.EdgesOf(entry.Key) is var (low, high) ? (Math.Max(low, least), Math.Min(high, most), entry.Value) : default)];
    }

    private static double At(List<(double Low, double High, double Nodes)> bins, double quantile)
    {
        var wanted = quantile * bins.Sum(bin => bin.Nodes);
        foreach (var (low, high, nodes) in bins)
        {
            if (nodes > 0 && wanted <= nodes)
                return low + ((high - low) * Math.Max(0, wanted) / nodes);
            wanted -= nodes;
        }

        return bins[^1].High;
    }
}
