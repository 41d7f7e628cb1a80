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

    /// <summary>The warning of a scope with so few recordings that skewness spoils its intervals; null with enough of them, or with too few for an interval.</summary>
    internal static string? Warning(string scope, int recordings) =>
        recordings is < ScopeSample.LeastRecordings or >= EnoughRecordings ? null
            : $"{scope}: {recordings} recordings. If nodes differ skewly, as a few with far more than the others do, intervals from so few miss more often than they say: "
                + $"nominal 95% intervals were measured to cover {(100 * OfSkewed(recordings)).ToString("0", CultureInfo.InvariantCulture)}% "
                + $"of the time (lognormal population, sigma 1); from {EnoughRecordings} recordings on, 93% or more.";
}
