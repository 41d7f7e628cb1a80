namespace FleetEstimator.Estimation;

/// <summary>
/// The sample behind one scope (a class or the fleet): strata whose sampling units are recordings. A recording may stand in several strata; its
/// deviations there are then added before they are squared, so that what the strata have in common is counted in full.
/// </summary>
internal sealed class ScopeSample(IReadOnlyList<Stratum> strata)
{
    /// <summary>Fewest recordings of a class with which an interval is given: with two, t has one degree of freedom and the interval says nothing.</summary>
    public const int LeastRecordings = 3;

    /// <summary>Different recordings in the scope.</summary>
    public int Recordings { get; } = strata.SelectMany(stratum => stratum.Recordings).Select(recording => recording.Recording).Distinct().Count();

    /// <summary>Whether the two access assumptions can differ.</summary>
    public bool HasAllWrites { get; } = strata.Any(stratum => stratum.Recordings.Any(recording => recording.HasAllWrites));

    /// <summary>Why no figure can be given, or null.</summary>
    public string? WhyNoFigure { get; } = strata.FirstOrDefault(stratum => stratum.Recordings.Count == 0) is { } empty
        ? $"no node of class {empty.Class} was simulated"
        : null;

    /// <summary>Why no interval can be given, or null.</summary>
    public string? WhyNoInterval { get; } = strata.FirstOrDefault(stratum => stratum.Recordings.Count < LeastRecordings) is { } small
        ? $"class {small.Class} has {small.Recordings.Count} recording{(small.Recordings.Count == 1 ? "" : "s")}; an interval needs at least {LeastRecordings}"
        : null;

    /// <summary>The total of a quantity over the nodes of the scope.</summary>
    public double Total(AccessAssumption accesses, int mechanism, NodeQuantity quantity)
    {
        var total = 0.0;
        foreach (var stratum in strata)
            total += stratum.Total(accesses, mechanism, quantity);
        return total;
    }

    /// <summary>
    /// The variance of a figure over samples of recordings. Strata that share recordings form one part, whose degrees of freedom are the fewest of its
    /// strata that vary at all; parts are independent, and their degrees of freedom are combined by Satterthwaite's formula.
    /// </summary>
    public Spread RecordingSpread(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        var parts = new List<Part>();
        foreach (var stratum in strata)
        {
            var influences = stratum.Influences(statistic, accesses);
            var part = new Part { DegreesOfFreedom = influences.Any(influence => influence != 0) ? influences.Length - 1 : int.MaxValue };
            for (var index = 0; index < influences.Length; index++)
                part.Influences[stratum.Recordings[index].Recording] = influences[index];
            foreach (var overlapping in parts.Where(part.SharesRecordings).ToList())
            {
                part.TakeIn(overlapping);
                parts.Remove(overlapping);
            }

            parts.Add(part);
        }

        return Spread.OfSum([.. parts.Select(part => part.Spread)]);
    }

    /// <summary>The variance of a figure over choices of nodes for the same recordings; null where some stratum's cannot be estimated.</summary>
    public Spread? SimulationSpread(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        var parts = strata.Select(stratum => stratum.SimulationSpread(statistic, accesses)).ToList();
        return parts.Exists(part => part is null) ? null : Spread.OfSum([.. parts.Select(part => part!.Value)]);
    }

    /// <summary>
    /// The variance that page sampling brings to a figure, from random halves: for each sampled recording the figure is made from one half of its blocks and from the other,
    /// in all strata at once, and half their difference squared estimates it. Recordings are sampled independently. Null where a sampled recording has no halves.
    /// </summary>
    public Spread? PageSamplingSpread(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        var sampled = strata
            .SelectMany(stratum => stratum.Recordings.Where(recording => recording.SamplingFraction < 1).Select(recording => (stratum.Expansion, Recording: recording)))
            .GroupBy(entry => entry.Recording.Recording)
            .OrderBy(group => group.Key)
            .ToList();
        if (sampled.Count == 0)
            return new Spread(0, int.MaxValue);
        if (sampled.Exists(recording => recording.Any(entry => entry.Recording.Halves.Count == 0)))
            return null;
        return Spread.OfSum([.. sampled.Select(recording => OfOneRecording([.. recording]))]);

        Spread OfOneRecording(IReadOnlyList<(double Expansion, RecordingMeans Recording)> entries)
        {
            var splits = entries[0].Recording.Halves.Count / 2;
            var squares = 0.0;
            for (var split = 0; split < splits; split++)
            {
                var difference = 0.0;
                foreach (var (expansion, recording) in entries)
                    difference += expansion * (recording.Halves[2 * split].Form(statistic, accesses) - recording.Halves[(2 * split) + 1].Form(statistic, accesses));
                squares += difference * difference / 4;
            }

            return new Spread((1 - entries[0].Recording.SamplingFraction) * squares / splits, splits);
        }
    }

    /// <summary>Strata that share recordings, directly or through others.</summary>
    private sealed class Part
    {
        public SortedDictionary<int, double> Influences { get; } = [];

        public int DegreesOfFreedom { get; set; }

        public Spread Spread => new(
            Influences.Values.Aggregate(0.0, (sum, influence) => sum + influence * influence),
            DegreesOfFreedom == int.MaxValue ? Influences.Count - 1 : DegreesOfFreedom);

        public bool SharesRecordings(Part other) => other.Influences.Keys.Any(Influences.ContainsKey);

        public void TakeIn(Part other)
        {
            foreach (var (recording, influence) in other.Influences)
                Influences[recording] = Influences.GetValueOrDefault(recording) + influence;
            DegreesOfFreedom = Math.Min(DegreesOfFreedom, other.DegreesOfFreedom);
        }
    }
}
