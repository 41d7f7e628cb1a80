namespace FleetEstimator.Estimation;

/// <summary>A figure of one scope with everything that is reported about it.</summary>
internal sealed record ScopeEstimate(Interval Interval, int Recordings)
{
    /// <summary>Why there is no figure or no interval, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>What a reader must know to read the interval rightly, or null.</summary>
    public string? Note { get; init; }

    public double? DegreesOfFreedom { get; init; }

    public double? SimulationHalfWidth { get; init; }

    public ErrorComponents? Components { get; init; }

    public Interval? AllReads { get; init; }

    public Interval? AllWrites { get; init; }

    /// <summary>The figure under each assumption on unknown accesses (one where they agree), as what its interval is made from; empty where there is no interval.</summary>
    public IReadOnlyList<IntervalGrounds> Grounds { get; init; } = [];

    /// <summary>The figure with the opposite sign: a difference told as a saving.</summary>
    public ScopeEstimate Negated() => this with { Interval = Interval.Negated(), Grounds = [.. Grounds.Select(grounds => grounds.Negated())] };
}

/// <summary>
/// Estimates the figures of one scope. Where accesses of unknown kind are involved, each figure is estimated as if all were loads and as if all were
/// stores; the interval reaches over both, so that it covers at least as often as its level says, whichever is true.
/// </summary>
internal sealed class ScopeEstimator(ScopeSample sample, double level)
{
    private delegate LinearisedStatistic? Linearisation(LinearisedStatistic.Total total);

    /// <summary>The same scope with intervals of another level.</summary>
    public ScopeEstimator At(double otherLevel) => new(sample, otherLevel);

    /// <summary>
    /// How many equally weighted recordings of one class would give an interval of as many degrees of freedom, by the memory under the first mechanism: a fleet of a large class with few
    /// recordings and a small one with many has few.
    /// </summary>
    public int EffectiveRecordings => Math.Min(sample.Recordings, 1 + (int)Math.Round(Level(Metric.Find("memory_mean")!, 0).DegreesOfFreedom.GetValueOrDefault(sample.Recordings - 1)));

    /// <summary>The level of a metric under a mechanism.</summary>
    public ScopeEstimate Level(Metric metric, int mechanism) =>
        Estimate(total => LinearisedStatistic.Level(metric, mechanism, total), "no such page under this mechanism, so there is no share of them");

    /// <summary>Mechanism minus baseline.</summary>
    public ScopeEstimate Difference(Metric metric, int mechanism, int baseline) =>
        Estimate(total => LinearisedStatistic.Difference(metric, mechanism, baseline, total), "no such page under one of the mechanisms, so there is no share of them");

    /// <summary>Mechanism minus baseline as a share of the baseline; of metrics that are totals.</summary>
    public ScopeEstimate RelativeDifference(Metric metric, int mechanism, int baseline) =>
        Estimate(total => LinearisedStatistic.RelativeDifference(metric, mechanism, baseline, total), "the baseline's level is 0");

    /// <summary>
    /// By how much a level, or a difference from the baseline, changes from the first of two replays of the same nodes to the second, whose mechanisms follow those of the first.
    /// </summary>
    public ScopeEstimate Change(Metric metric, int mechanism, int? baseline, int mechanisms)
    {
        return Estimate(
            total => Of(0, total) is { } before && Of(mechanisms, total) is { } after ? after.Minus(before) : null,
            "no such page in one of the replays, so there is no share of them");

        LinearisedStatistic? Of(int first, LinearisedStatistic.Total total) => baseline is { } other
            ? LinearisedStatistic.Difference(metric, first + mechanism, first + other, total)
            : LinearisedStatistic.Level(metric, first + mechanism, total);
    }

    private ScopeEstimate Estimate(Linearisation linearise, string whyUndefined)
    {
        if (sample.WhyNoFigure is { } empty)
            return new ScopeEstimate(new Interval(null, null, null), sample.Recordings) { Reason = empty };
        var allReads = Under(AccessAssumption.AllReads, linearise, whyUndefined);
        if (!sample.HasAllWrites)
            return allReads;
        var allWrites = Under(AccessAssumption.AllWrites, linearise, whyUndefined);
        return allReads.Interval == allWrites.Interval ? allReads : Bounds(allReads, allWrites);
    }

    private ScopeEstimate Under(AccessAssumption accesses, Linearisation linearise, string whyUndefined)
    {
        if (linearise((mechanism, quantity) => sample.Total(accesses, mechanism, quantity)) is not { } statistic)
            return new ScopeEstimate(new Interval(null, null, null), sample.Recordings) { Reason = whyUndefined };
        var simulation = sample.SimulationSpread(statistic, accesses);
        var pageSampling = sample.PageSamplingSpread(statistic, accesses);
        if (sample.WhyNoInterval is { } few)
        {
            return new ScopeEstimate(new Interval(statistic.Value, null, null), sample.Recordings)
            {
                Reason = few,
                SimulationHalfWidth = simulation?.HalfWidth(level),
                Components = ErrorComponents.Of(null, simulation, pageSampling),
            };
        }

        var spread = sample.RecordingSpread(statistic, accesses);
        var grounds = new IntervalGrounds(statistic.Value, statistic.Least, statistic.Most, spread, simulation, sample.HasFrame);
        return new ScopeEstimate(grounds.At(level), sample.Recordings)
        {
            DegreesOfFreedom = spread.DegreesOfFreedom,
            SimulationHalfWidth = simulation?.HalfWidth(level),
            Components = ErrorComponents.Of(spread, simulation, pageSampling),
            Note = spread.Variance > 0 ? null
                : sample.HasFrame && sample.RecordingSpread(recording => recording.Form(statistic, accesses), correctsForFrame: false).Variance > 0
                    ? "every node of the frame was recorded, and its simulated nodes do not differ, so the interval is a point"
                    : "all recordings of a class give exactly the same, so the interval is a point",
            Grounds = [grounds],
        };
    }

    private static ScopeEstimate Bounds(ScopeEstimate allReads, ScopeEstimate allWrites)
    {
        var (reads, writes) = (allReads.Interval, allWrites.Interval);
        return new ScopeEstimate(reads.Over(writes), allReads.Recordings)
        {
            Reason = allReads.Reason ?? allWrites.Reason,
            DegreesOfFreedom = allReads.DegreesOfFreedom is { } one && allWrites.DegreesOfFreedom is { } other ? Math.Min(one, other) : null,
            SimulationHalfWidth = allReads.SimulationHalfWidth is { } ofReads && allWrites.SimulationHalfWidth is { } ofWrites ? Math.Max(ofReads, ofWrites) : null,
            Components = ErrorComponents.Greater(allReads.Components, allWrites.Components),
            Note = allReads.Note is not null && allWrites.Note is not null ? allReads.Note : null,
            AllReads = reads,
            AllWrites = writes,
            Grounds = allReads.Grounds.Count > 0 && allWrites.Grounds.Count > 0 ? [.. allReads.Grounds, .. allWrites.Grounds] : [],
        };
    }
}
