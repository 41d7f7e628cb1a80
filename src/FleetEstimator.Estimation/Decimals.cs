using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>Between the decimal numbers people write and the doubles we compute with, by way of text: a cast between the two types rounds to 15 digits.</summary>
internal static class Decimals
{
    /// <summary>The double nearest to a decimal number.</summary>
    public static double ToDouble(decimal number) => double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>The shortest decimal number nearest to which is this double; for magnitudes that people write in studies.</summary>
    public static decimal FromDouble(double number) => decimal.Parse(number.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture);
}
