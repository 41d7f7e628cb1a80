using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>Lengths of time as people write them: <c>10 min</c>, <c>1.5 h</c>. Kept in whole microseconds.</summary>
public static class Period
{
    /// <summary>The longest period, 36,500 days: far beyond any recording, far below overflow.</summary>
    public const long MaxMicroseconds = 36_500L * 86_400_000_000;

    private const string UnitNames = "us, ms, s, min, h, d";

    private static readonly (string Name, long Microseconds)[] Units =
    [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1),
    ];

    /// <summary>Reads a non-negative number and a unit into microseconds.</summary>
    /// <param name="text">Such as <c>10 min</c>; the space is optional.</param>
    /// <param name="microseconds">The length; a fraction of a microsecond is refused.</param>
    /// <param name="misreading">What is wrong and how to put it right, or null.</param>
    public static bool TryParse(string text, out long microseconds, out Misreading? misreading)
    {
        microseconds = 0;
        if (!NumberWithUnit.TrySplit(text, out var number, out var unit))
        {
            misreading = new("is not a length of time", "write a number and a unit, such as 10 min; units are " + UnitNames);
            return false;
        }

        foreach (var (name, unitMicroseconds) in Units)
        {
            if (name != unit)
                continue;
            var exact = number > MaxMicroseconds ? MaxMicroseconds + 1m : number * unitMicroseconds;
            misreading = exact > MaxMicroseconds ? new("is too long", "periods are at most 36500 d")
                : exact != decimal.Truncate(exact) ? new("is not a whole number of microseconds", "use a smaller unit")
                : null;
            if (misreading is not null)
                return false;
            microseconds = (long)exact;
            return true;
        }

        misreading = new($"has the unknown unit '{unit}'", "units are " + UnitNames);
        return false;
    }

    /// <summary>The period in the largest unit that shows it exactly with at most three decimals; readable by <see cref="TryParse"/>.</summary>
    public static string ToText(long microseconds)
    {
        foreach (var (name, unitMicroseconds) in Units)
        {
            var number = (decimal)microseconds / unitMicroseconds;
            if (Math.Abs(number) >= 1 && decimal.Round(number, 3) == number)
                return $"{number.ToString("0.###", CultureInfo.InvariantCulture)} {name}";
        }

        return $"{microseconds.ToString(CultureInfo.InvariantCulture)} us";
    }
}
