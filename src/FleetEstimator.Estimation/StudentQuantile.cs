using MathNet.Numerics.Distributions;

namespace FleetEstimator.Estimation;

/// <summary>Quantiles of Student's t distribution.</summary>
internal static class StudentQuantile
{
    /// <summary>The t that a variable with these degrees of freedom (at least 1, not necessarily whole) exceeds in absolute value with probability 1 - level.</summary>
    public static double TwoSided(double level, double degreesOfFreedom) => StudentT.InvCDF(0, 1, degreesOfFreedom, (1 + level) / 2);
}
