namespace FleetEstimator.Estimation;

/// <summary>A class of nodes as a stratum to sample from.</summary>
/// <param name="Name">Name of the class.</param>
/// <param name="Nodes">Nodes of the class in the fleet, at least 1.</param>
/// <param name="Mean">Mean over nodes of the figure to estimate, in its unit.</param>
/// <param name="StandardDeviation">Standard deviation between recordings, in the same unit, at least 0.</param>
public sealed record PlannedClass(string Name, long Nodes, double Mean, double StandardDeviation)
{
    /// <summary>What one recording costs, relative to other classes; above 0.</summary>
    public double Cost { get; init; } = 1;

    /// <summary>Recordings behind mean and deviation; of fewer than two the deviation is assumed.</summary>
    public int SeenRecordings { get; init; }

    /// <summary>Variance of the class's estimated total from <paramref name="recordings"/> recordings of distinct nodes (Cochran 1977, 5.3).</summary>
    internal double Variance(int recordings, bool finitePopulation) =>
        (double)Nodes * Nodes * StandardDeviation * StandardDeviation * ((1.0 / recordings) - (finitePopulation ? 1.0 / Nodes : 0));
}

/// <summary>How well the fleet's total is to be known.</summary>
/// <param name="Precision">Half the width of the interval as a share of the total, above 0.</param>
/// <param name="Level">Level of the interval.</param>
public sealed record SampleTarget(double Precision, double Level)
{
    /// <summary>Fewest recordings of a class: below, no interval is given.</summary>
    public int LeastPerClass { get; init; } = ScopeSample.LeastRecordings;

    /// <summary>
    /// Whether recording every node would leave nothing to estimate. It does not where the figure is about more than the time recorded, which is why studies
    /// leave the correction out, and why a plan should unless it is about that time only.
    /// </summary>
    public bool FinitePopulation { get; init; }
}

/// <summary>How many recordings of each class.</summary>
/// <param name="Recordings">For each class, in its order.</param>
/// <param name="HalfWidth">Half the width of the interval that they give, if the planned deviations are right, in the figure's unit.</param>
/// <param name="DegreesOfFreedom">Behind that interval (Satterthwaite); null if it is a point.</param>
/// <param name="Total">The planned total of the fleet.</param>
/// <param name="IsReached">Whether the target is reached. It may not be even with every node recorded.</param>
public sealed record SampleAllocation(IReadOnlyList<int> Recordings, double HalfWidth, double? DegreesOfFreedom, double Total, bool IsReached)
{
    /// <summary>Half the width as a share of the total.</summary>
    public double Precision => HalfWidth / Math.Abs(Total);
}
