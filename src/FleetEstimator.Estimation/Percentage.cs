using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>Shares as people write them: <c>95%</c> or 0.95. Kept as the double nearest to the decimal number, so both spellings are equal.</summary>
public static class Percentage
{
    /// <summary>Reads <c>12.5%</c> into 0.125; false for anything else, a plain number too.</summary>
    public static bool TryParse(string text, out double share)
    {
        share = 0;
        if (!NumberWithUnit.TrySplit(text, out var number, out var unit) || unit != "%")
            return false;
        share = Decimals.ToDouble(number / 100);
        return true;
    }

    /// <summary>The share in percent with all its digits, such as <c>12.5%</c>.</summary>
    public static string ToText(double share) => $"{(Decimals.FromDouble(share) * 100).ToString("0.####################", CultureInfo.InvariantCulture)}%";
}
