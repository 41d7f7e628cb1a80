using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>
/// How often 95% intervals from few recordings cover where nodes differ skewly: measured over 200,000 draws each from a lognormal population with sigma 1, equally weighted
/// recordings of one class; tests repeat 5, 12 and 50 through the whole estimator. Where nodes differ symmetrically, 95% to 96% cover with any number. A sample cannot be
/// trusted to show that it is skew: those that do not show it are the ones that miss. So the number of recordings decides, not what they look like.
/// </summary>
public static class MeasuredCoverage
{
    /// <summary>With fewer recordings, skewness takes the coverage of 95% intervals below 93%.</summary>
    public const int EnoughRecordings = 20;

    /// <summary>Recordings, and the share of 95% intervals that covered.</summary>
    public static IReadOnlyList<(int Recordings, double Coverage)> Skewed { get; } =
    [
        (3, 0.840), (4, 0.823), (5, 0.887), (6, 0.890), (8, 0.900), (10, 0.908), (12, 0.915), (16, 0.922), (EnoughRecordings, 0.929), (30, 0.937), (50, 0.945),
    ];

    /// <summary>The coverage measured with that many recordings, or the next fewer that were tried.</summary>
    /// <param name="recordings">At least <see cref="ScopeSample.LeastRecordings"/>.</param>
    public static double OfSkewed(int recordings) => Skewed.Last(row => row.Recordings <= recordings).Coverage;

    /// <summary>The warning of scopes with so few recordings that skewness spoils their intervals; null if all have enough, or too few for an interval at all.</summary>
    internal static string? Warning(IEnumerable<(string Scope, int Recordings)> scopes)
    {
        var few = scopes.Where(scope => scope.Recordings is >= ScopeSample.LeastRecordings and < EnoughRecordings)
            .Select(scope => $"{scope.Scope} {(100 * OfSkewed(scope.Recordings)).ToString("0", CultureInfo.InvariantCulture)}% ({scope.Recordings})").ToList();
        return few.Count == 0 ? null
            : "Few recordings: where nodes differ skewly, as when a few have far more than the others, intervals from so few cover less often than they say. Measured for nominal 95% "
                + $"and a lognormal population with sigma 1, by the number of recordings that this comes to with their weights and the sizes of classes: {string.Join(", ", few)}; from {EnoughRecordings} on, 93% or more.";
    }
}
