using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>Why a text is not the quantity it should be.</summary>
/// <param name="Problem">What is wrong, to follow the text: <c>is too large</c>.</param>
/// <param name="Remedy">What to write instead.</param>
public sealed record Misreading(string Problem, string Remedy);

/// <summary>A non-negative decimal number followed by a unit: what sizes, periods and percentages have in common.</summary>
internal static class NumberWithUnit
{
    private const int MaxWholeDigits = 18;
    private const int MaxDecimals = 9;

    /// <summary>Splits <c>1.5 GiB</c> into 1.5 and GiB. At most 18 digits before and 9 after the point, at most one space, no sign and no exponent.</summary>
    public static bool TrySplit(string text, out decimal number, out string unit)
    {
        unit = "";
        if (!TryReadNumber(text, out number, out var end))
            return false;
        unit = text[(end < text.Length && text[end] == ' ' ? end + 1 : end)..];
        return unit.Length > 0 && unit.All(character => char.IsAsciiLetter(character) || character is '%' or 'µ' or '/');
    }

    /// <summary>Reads the number at the beginning of a text; <paramref name="end"/> is the place after it.</summary>
    public static bool TryReadNumber(string text, out decimal number, out int end)
    {
        number = 0;
        end = DigitsFrom(text, 0);
        if (end is 0 or > MaxWholeDigits)
            return false;
        if (end < text.Length && text[end] == '.')
        {
            var decimals = DigitsFrom(text, end + 1) - (end + 1);
            if (decimals is 0 or > MaxDecimals)
                return false;
            end += 1 + decimals;
        }

        number = decimal.Parse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        return true;
    }

    private static int DigitsFrom(string text, int start)
    {
        var end = start;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
            end++;
        return end;
    }
}
