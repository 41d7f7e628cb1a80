using MathNet.Numerics.Distributions;

namespace FleetEstimator.Estimation;

/// <summary>Quantiles of Student's t distribution.</summary>
internal static class StudentQuantile
{
    /// <summary>The t that a variable exceeds in absolute value with probability 1 - level, to about 10 digits.</summary>
    /// <param name="level">From <see cref="StudyDefinition.LeastLevel"/> to <see cref="StudyDefinition.MostLevel"/>; further out MathNet's search does not converge.</param>
    /// <param name="degreesOfFreedom">At least 1, not necessarily whole.</param>
    public static double TwoSided(double level, double degreesOfFreedom) => StudentT.InvCDF(0, 1, degreesOfFreedom, (1 + level) / 2);
}
