using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>What plain scalars mean in YAML 1.2's core schema, as far as a study needs to know.</summary>
internal static class YamlCore
{
    public static bool IsNull(YamlScalar scalar) => scalar.Plain && scalar.Text is "" or "~" or "null" or "Null" or "NULL";

    /// <summary>Whether another YAML reader would take a plain scalar for a number or a truth value.</summary>
    public static bool IsNumberOrTruth(string text) =>
        text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE" or ".inf" or ".Inf" or ".INF" or ".nan" or ".NaN" or ".NAN"
        || (text.Length > 0 && (char.IsAsciiDigit(text[^1]) || text[^1] == '.') && double.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out _))
        || (text.StartsWith("0x", StringComparison.Ordinal) && text.Length > 2 && text.Skip(2).All(char.IsAsciiHexDigit))
        || (text.StartsWith("0o", StringComparison.Ordinal) && text.Length > 2 && text.Skip(2).All(digit => digit is >= '0' and <= '7'));

    /// <summary>A plain scalar of decimal digits without leading zeros (010 is 8 to some readers and 10 to others), or null.</summary>
    public static ulong? WholeNumber(YamlScalar scalar) =>
        scalar.Plain && scalar.Text is not ['0', _, ..] && ulong.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A plain scalar of decimal digits with at most one point and 9 decimals, or null.</summary>
    public static decimal? DecimalNumber(YamlScalar scalar) => scalar.Plain ? DecimalNumber(scalar.Text) : null;

    /// <summary>Decimal digits with at most one point and 9 decimals, or null.</summary>
    public static decimal? DecimalNumber(string text) =>
        NumberWithUnit.TryReadNumber(text, out var number, out var end) && end == text.Length ? number : null;
}
