using System.Collections.Concurrent;
using MathNet.Numerics;

namespace FleetEstimator.Estimation;

/// <summary>Quantiles of Student's t distribution.</summary>
internal static class StudentQuantile
{
    // The estimates of a study have few levels and degrees of freedom between them; most quantiles are asked for again and again.
    private const int MostKept = 10_000;
    private static readonly ConcurrentDictionary<(double Level, double DegreesOfFreedom), double> s_known = new();

    /// <summary>The t that a variable exceeds in absolute value with probability 1 - level, to about 12 digits.</summary>
    /// <param name="level">In (0, 1), up to 1 - 1e-12: levels adjusted for many claims lie far out.</param>
    /// <param name="degreesOfFreedom">At least 1, not necessarily whole.</param>
    public static double TwoSided(double level, double degreesOfFreedom)
    {
        if (s_known.TryGetValue((level, degreesOfFreedom), out var known))
            return known;
        if (s_known.Count >= MostKept)
            s_known.Clear();
        return s_known[(level, degreesOfFreedom)] = Solve(1 - level, degreesOfFreedom);
    }

    /// <summary>The probability that |T| exceeds <paramref name="t"/>: the incomplete beta function at df / (df + t²), with parameters df / 2 and 1 / 2.</summary>
    public static double Exceedance(double t, double degreesOfFreedom) =>
        SpecialFunctions.BetaRegularized(degreesOfFreedom / 2, 0.5, degreesOfFreedom / (degreesOfFreedom + (t * t)));

    // MathNet's own inverse does not converge beyond 99.9%. Halving always does: the exceedance falls with t, and ln t is searched so that all scales are alike.
    private static double Solve(double exceedance, double degreesOfFreedom)
    {
        var (low, high) = (Math.Log(1e-6), Math.Log(1e15));
        while (high - low > 1e-13)
        {
            var middle = (low + high) / 2;
            if (middle == low || middle == high)
                break;
            if (Exceedance(Math.Exp(middle), degreesOfFreedom) > exceedance)
                low = middle;
            else
                high = middle;
        }

        return Math.Exp((low + high) / 2);
    }
}
