namespace FleetEstimator.Estimation;

/// <summary>One class as a stratum: how many nodes it stands for, and the recordings sampled from it.</summary>
/// <param name="Class">Name of the class.</param>
/// <param name="FleetNodes">Nodes of the class in the fleet.</param>
/// <param name="Recordings">The recordings its simulated nodes replayed, ascending.</param>
internal sealed record Stratum(string Class, long FleetNodes, IReadOnlyList<RecordingMeans> Recordings)
{
    /// <summary>Expansion of one recording's mean to its part of the class total.</summary>
    public double Expansion => (double)FleetNodes / Recordings.Count;

    /// <summary>Mean over recordings; exactly their common value where all agree.</summary>
    public static double MeanOf(IReadOnlyList<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += value - values[0];
        return values[0] + (sum / values.Count);
    }

    /// <summary>The class total of a quantity: nodes in the fleet times the mean over recordings of the mean over nodes.</summary>
    public double Total(AccessAssumption accesses, int mechanism, NodeQuantity quantity) =>
        FleetNodes * MeanOf([.. Recordings.Select(recording => recording.Mean(accesses, mechanism, quantity))]);

    /// <summary>What the recordings add to the deviation of the total from what it estimates, one by one; they add up to 0.</summary>
    public double[] Influences(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        var forms = new double[Recordings.Count];
        for (var index = 0; index < forms.Length; index++)
            forms[index] = Recordings[index].Form(statistic, accesses);
        var mean = MeanOf(forms);
        // Makes the sum of squares the unbiased variance of the total: N² s² / R.
        var weight = Expansion * Math.Sqrt(forms.Length / (forms.Length - 1.0));
        for (var index = 0; index < forms.Length; index++)
            forms[index] = weight * (forms[index] - mean);
        return forms;
    }

    /// <summary>
    /// The variance that the choice of nodes (their random starts) adds to the class total, given the recordings. The variance between nodes is
    /// estimated from random groups within recordings, pooled over the class; null where no recording has two groups with nodes.
    /// </summary>
    public Spread? SimulationSpread(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        var (squares, degreesOfFreedom, inverseNodes) = (0.0, -Recordings.Count, 0.0);
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

            inverseNodes += 1.0 / recording.Nodes;
        }

        return degreesOfFreedom == 0 ? null : new Spread(Expansion * Expansion * squares / degreesOfFreedom * inverseNodes, degreesOfFreedom);
    }
}

/// <summary>An estimated variance and how well it is known.</summary>
/// <param name="Variance">The variance.</param>
/// <param name="DegreesOfFreedom">Of a chi-square distribution with the same relative variance.</param>
internal readonly record struct Spread(double Variance, double DegreesOfFreedom)
{
    /// <summary>The variance of a sum of independent parts, with Satterthwaite's degrees of freedom; of parts without variance, the fewest of any.</summary>
    public static Spread OfSum(IReadOnlyCollection<Spread> parts)
    {
        var (variance, weighted) = (0.0, 0.0);
        foreach (var part in parts)
        {
            variance += part.Variance;
            weighted += part.Variance * part.Variance / part.DegreesOfFreedom;
        }

        return new Spread(variance, weighted > 0 ? variance * variance / weighted : parts.Min(part => part.DegreesOfFreedom));
    }

    /// <summary>Half the width of the interval of that level.</summary>
    public double HalfWidth(double level) => Variance == 0 ? 0 : StudentQuantile.TwoSided(level, DegreesOfFreedom) * Math.Sqrt(Variance);
}
