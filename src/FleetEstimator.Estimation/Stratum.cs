namespace FleetEstimator.Estimation;

/// <summary>One class as a stratum: how many nodes it stands for, and the recordings sampled from it.</summary>
internal sealed class Stratum
{
    private readonly double[] _shares;

    /// <param name="class">Name of the class.</param>
    /// <param name="fleetNodes">Nodes of the class in the fleet.</param>
    /// <param name="recordings">The recordings its simulated nodes replayed, ascending.</param>
    /// <param name="weights">The selection weight of each recording, above 0, on any scale; null = equal.</param>
    /// <param name="frame">Nodes that the recorded ones were drawn from without replacement; null = no finite population.</param>
    /// <param name="collapse">Name of the strata whose variance is estimated together with this one's; null = by itself.</param>
    public Stratum(string @class, long fleetNodes, IReadOnlyList<RecordingMeans> recordings, IReadOnlyList<double>? weights = null, long? frame = null, string? collapse = null)
    {
        (Class, FleetNodes, Recordings, Collapse) = (@class, fleetNodes, recordings, collapse);
        SampledShare = frame is { } nodes && recordings.Count > 0 ? Math.Min(1, (double)recordings.Count / nodes) : 0;
        var (total, squares) = (weights?.Sum() ?? recordings.Count, weights?.Sum(weight => weight * weight) ?? recordings.Count);
        _shares = [.. Enumerable.Range(0, recordings.Count).Select(index => (weights?[index] ?? 1) / total)];
        EffectiveRecordings = recordings.Count == 0 ? 0 : total * total / squares;
    }

    /// <summary>Name of the class.</summary>
    public string Class { get; }

    /// <summary>Nodes of the class in the fleet.</summary>
    public long FleetNodes { get; }

    /// <summary>The recordings its simulated nodes replayed, ascending.</summary>
    public IReadOnlyList<RecordingMeans> Recordings { get; }

    /// <summary>Name of the strata whose variance is estimated together with this one's, or null.</summary>
    public string? Collapse { get; }

    /// <summary>
    /// How many equally weighted recordings say as much as these (Kish 1965, 11.7): their number where all weigh the same, fewer the more they differ in weight.
    /// </summary>
    public double EffectiveRecordings { get; }

    /// <summary>Share of the sampling frame that was recorded; 0 where the study gives no frame.</summary>
    public double SampledShare { get; }

    /// <summary>What a recording's mean is multiplied by to give its part of the class total: nodes of the fleet that it stands for.</summary>
    public double ExpansionOf(int index) => FleetNodes * _shares[index];

    /// <summary>
    /// By how much the variance of recordings shows in a recording's deviation from the class mean, which it helps to make: 1 - 2ω + Σω², (R - 1) / R with equal weights.
    /// </summary>
    public double ShownVariance(int index) => 1 - (2 * _shares[index]) + (1 / EffectiveRecordings);

    /// <summary>Mean over recordings, by weight; exactly their common value where all agree.</summary>
    public double MeanOf(Func<RecordingMeans, double> value)
    {
        var (first, sum) = (value(Recordings[0]), 0.0);
        for (var index = 1; index < Recordings.Count; index++)
            sum += _shares[index] * (value(Recordings[index]) - first);
        return first + sum;
    }

    /// <summary>The class total of a quantity: nodes in the fleet times the mean over recordings of the mean over nodes.</summary>
    public double Total(AccessAssumption accesses, int mechanism, NodeQuantity quantity) =>
        FleetNodes * MeanOf(recording => recording.Mean(accesses, mechanism, quantity));

    /// <summary>
    /// The variance that the choice of nodes (their random starts) adds to the class total, given the recordings. The variance between nodes is
    /// estimated from random groups within recordings, pooled over the class; null where no recording has two groups with nodes.
    /// </summary>
    public Spread? SimulationSpread(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        if (NodeVariance(statistic, accesses) is not { } nodes)
            return null;
        var variance = 0.0;
        for (var index = 0; index < Recordings.Count; index++)
            variance += ExpansionOf(index) * ExpansionOf(index) * nodes.Variance / Recordings[index].Nodes;
        return nodes with { Variance = variance };
    }

    /// <summary>The variance of one node's figure about its recording's, pooled over recordings; null where no recording has two groups with nodes.</summary>
    public Spread? NodeVariance(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        var (squares, degreesOfFreedom) = (0.0, -Recordings.Count);
        foreach (var recording in Recordings)
        {
            var mean = recording.Form(statistic, accesses);
            for (var group = 0; group < RecordingSums.Groups; group++)
            {
                var nodes = recording.NodesOfGroups[group];
                if (nodes == 0)
                    continue;
                var deviation = recording.FormOfGroup(statistic, accesses, group) - mean;
                squares += nodes * deviation * deviation;
                degreesOfFreedom++;
            }
        }

        return degreesOfFreedom == 0 ? null : new Spread(squares / degreesOfFreedom, degreesOfFreedom);
    }
}
