namespace FleetEstimator.Estimation;

/// <summary>An estimated variance, how well it is known, and how skew the sampling distribution is.</summary>
/// <param name="Variance">The variance.</param>
/// <param name="DegreesOfFreedom">Of a chi-square distribution with the same relative variance.</param>
/// <param name="Skewness">Skewness of the figure's sampling distribution; of a mean of n units, that of the units by √n.</param>
internal readonly record struct Spread(double Variance, double DegreesOfFreedom, double Skewness = 0)
{
    /// <summary>With fewer degrees of freedom than this (five recordings), the skewness of a sample says nothing of the population's.</summary>
    public const double LeastDegreesOfFreedomForSkewness = 4;

    /// <summary>
    /// The variance of a sum of independent parts, with Satterthwaite's degrees of freedom; of parts without variance, the fewest of any. Third cumulants add as variances do.
    /// </summary>
    public static Spread OfSum(IReadOnlyCollection<Spread> parts)
    {
        var (variance, weighted, third) = (0.0, 0.0, 0.0);
        foreach (var part in parts)
        {
            variance += part.Variance;
            weighted += part.Variance * part.Variance / part.DegreesOfFreedom;
            third += part.Skewness * Math.Pow(part.Variance, 1.5);
        }

        return new Spread(
            variance,
            weighted > 0 ? variance * variance / weighted : parts.Min(part => part.DegreesOfFreedom),
            variance > 0 ? third / Math.Pow(variance, 1.5) : 0);
    }

    /// <summary>Half the width of Student's interval of that level, which takes the figure as symmetric.</summary>
    public double HalfWidth(double level) => Variance == 0 ? 0 : StudentQuantile.TwoSided(level, DegreesOfFreedom) * Math.Sqrt(Variance);

    /// <summary>
    /// How far the interval of that level reaches below and above the figure: on each side the farther of Student's interval and Hall's (1992), which is corrected for skewness.
    /// Hall's alone would draw one end in as it lets the other out; the skewness of few units is too uncertain for that.
    /// </summary>
    public (double Below, double Above) Reach(double level)
    {
        if (Variance == 0)
            return (0, 0);
        var (t, standardError) = (StudentQuantile.TwoSided(level, DegreesOfFreedom), Math.Sqrt(Variance));
        if (DegreesOfFreedom < LeastDegreesOfFreedomForSkewness)
            return (standardError * t, standardError * t);
        return (standardError * Math.Max(t, Unskewed(t)), standardError * Math.Max(t, 0 - Unskewed(0 - t)));
    }

    /// <summary>
    /// Inverse of Hall's transformation g(T) = T + γT²/3 + γ²T³/27 + γ/6, which takes the skewness γ out of the studentised figure T. g rises everywhere, so there is one.
    /// </summary>
    private double Unskewed(double transformed) =>
        Math.Abs(Skewness) < 1e-6 ? transformed : 3 / Skewness * (Math.Cbrt(1 + (Skewness * (transformed - (Skewness / 6)))) - 1);
}
