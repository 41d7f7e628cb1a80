namespace FleetEstimator.Estimation;

/// <summary>What an interval is made from, so that it can be made at another level or as it would be with more recordings.</summary>
/// <param name="Value">The figure.</param>
/// <param name="Least">The least value such a figure can have.</param>
/// <param name="Most">The greatest value such a figure can have.</param>
/// <param name="Sampling">Its spread over samples of recordings.</param>
/// <param name="Simulation">The part of it that more nodes reduce and more recordings do not; null = not known, taken as nothing.</param>
/// <param name="HasFrame">Whether it is corrected for a finite population, of which more recordings would leave less.</param>
internal sealed record IntervalGrounds(double Value, double Least, double Most, Spread Sampling, Spread? Simulation, bool HasFrame)
{
    /// <summary>The interval of a level. Ends beyond what the figure can be are cut off: that loses no coverage. The figure itself stays inside.</summary>
    public Interval At(double level)
    {
        var (below, above) = Sampling.Reach(level);
        return new Interval(Value, Math.Min(Value, Math.Max(Least, Value - below)), Math.Max(Value, Math.Min(Most, Value + above)));
    }

    /// <summary>The same with so many recordings that only the simulation's own part is left.</summary>
    public IntervalGrounds WithoutSampling() => this with { Sampling = new Spread(Math.Min(Sampling.Variance, Simulation?.Variance ?? 0), Simulation?.DegreesOfFreedom ?? 1) };

    /// <summary>The same with <paramref name="factor"/> times as many recordings that differ as those at hand do, on as many simulated nodes.</summary>
    public IntervalGrounds WithRecordings(double factor)
    {
        var simulation = Math.Min(Sampling.Variance, Simulation?.Variance ?? 0);
        return this with
        {
            Sampling = new Spread(((Sampling.Variance - simulation) / factor) + simulation, Math.Max(1, Sampling.DegreesOfFreedom * factor), Sampling.Skewness / Math.Sqrt(factor)),
        };
    }

    /// <summary>The fewest recordings that are enough; null where not even <paramref name="most"/> are known to be.</summary>
    /// <param name="tooFew">As many as are known not to be enough, at least 1.</param>
    /// <param name="most">The most that could be planned.</param>
    /// <param name="isEnough">Whether so many are; from some number on, all are.</param>
    public static int? FewestRecordings(int tooFew, int most, Predicate<int> isEnough)
    {
        var enough = 2 * tooFew;
        for (; !isEnough(enough); enough *= 2)
        {
            if (enough > most / 2)
                return null;
            tooFew = enough;
        }

        while (enough - tooFew > 1)
        {
            var middle = tooFew + ((enough - tooFew) / 2);
            (tooFew, enough) = isEnough(middle) ? (tooFew, middle) : (middle, enough);
        }

        return enough;
    }

    /// <summary>The grounds of the figure with the opposite sign.</summary>
    public IntervalGrounds Negated() => this with
    {
        Value = 0 - Value,
        Least = 0 - Most,
        Most = 0 - Least,
        Sampling = Sampling with { Skewness = 0 - Sampling.Skewness },
    };
}
