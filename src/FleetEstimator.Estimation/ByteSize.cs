using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>Sizes as people write them: <c>64 GiB</c>, <c>1.5 TiB</c>. Binary units only, so that no size can be misread by 7%.</summary>
public static class ByteSize
{
    private const string UnitNames = "B, KiB, MiB, GiB, TiB, PiB";

    private static readonly (string Name, long Bytes)[] Units =
    [
        ("PiB", 1L << 50), ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1),
    ];

    /// <summary>Reads a non-negative number and a unit into bytes.</summary>
    /// <param name="text">Such as <c>512 MiB</c>; the space is optional.</param>
    /// <param name="bytes">The size; a fraction of a byte is refused.</param>
    /// <param name="misreading">What is wrong and how to put it right, or null.</param>
    /// <returns>Whether it is a size below 8 EiB.</returns>
    public static bool TryParse(string text, out long bytes, out Misreading? misreading)
    {
        bytes = 0;
        if (!NumberWithUnit.TrySplit(text, out var number, out var unit))
        {
            misreading = new("is not a size", "write a number and a unit, such as 64 GiB; units are " + UnitNames);
            return false;
        }

        foreach (var (name, unitBytes) in Units)
        {
            if (name != unit)
                continue;
            if (number >= long.MaxValue / unitBytes)
            {
                misreading = new("is too large", "sizes are below 8 EiB");
                return false;
            }

            var exact = number * unitBytes;
            if (exact != decimal.Truncate(exact))
            {
                misreading = new("is not a whole number of bytes", "use a smaller unit");
                return false;
            }

            (bytes, misreading) = ((long)exact, null);
            return true;
        }

        misreading = BinaryUnitFor(unit) is { } binary
            ? new($"has the unit {unit}, which is not among the binary ones", $"use {binary}")
            : new($"has the unknown unit '{unit}'", "units are " + UnitNames);
        return false;
    }

    /// <summary>The size in the largest unit that shows it exactly with at most three decimals, such as <c>64 GiB</c>; readable by <see cref="TryParse"/>.</summary>
    public static string ToText(long bytes)
    {
        foreach (var (name, unitBytes) in Units)
        {
            if (Math.Abs(bytes) < unitBytes)
                continue;
            var number = (decimal)bytes / unitBytes;
            if (decimal.Round(number, 3) == number)
                return $"{number.ToString("0.###", CultureInfo.InvariantCulture)} {name}";
        }

        return $"{bytes.ToString(CultureInfo.InvariantCulture)} B";
    }

    private static string? BinaryUnitFor(string unit) => unit.ToUpperInvariant() switch
    {
        "K" or "KB" or "KIB" => "KiB",
        "M" or "MB" or "MIB" => "MiB",
        "G" or "GB" or "GIB" => "GiB",
        "T" or "TB" or "TIB" => "TiB",
        "P" or "PB" or "PIB" => "PiB",
        _ => null,
    };
}
