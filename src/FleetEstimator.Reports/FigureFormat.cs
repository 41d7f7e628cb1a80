using System.Globalization;
using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>Which characters figures may be made of.</summary>
public enum Typography
{
    /// <summary>With minus sign and µ.</summary>
    Page,

    /// <summary>ASCII only.</summary>
    Terminal,
}

/// <summary>A figure as people read it.</summary>
/// <param name="Value">The figure with its unit, such as <c>1.23 TiB</c>; <c>n/a</c> if there is none.</param>
/// <param name="Range">Its interval in the same unit, such as <c>0.98 to 1.48 TiB</c>; null if there is none.</param>
public sealed record FigureText(string Value, string? Range);

/// <summary>
/// How the figures of one estimate are written: in one unit, with the digits that the interval supports. Half the interval's width keeps two significant
/// digits and decides how many decimals (or trailing zeros) the figure and both ends have. The ends are rounded outward, so the interval shown contains
/// the true one, and the figure shown lies within it. Without an interval a figure has three significant digits.
/// </summary>
public sealed class FigureFormat
{
    /// <summary>What stands where there is no figure.</summary>
    public const string NoFigure = "n/a";

    private const int HalfWidthDigits = 2;
    private const int DigitsWithoutInterval = 3;

    /// <summary>More digits than anybody reads; a narrower interval is shown wider than it is.</summary>
    private const int MostDigits = 4;

    private readonly FigureUnit _unit;
    private readonly int _decimals;
    private readonly Typography _typography;

    private FigureFormat(FigureUnit unit, int decimals, Typography typography) => (_unit, _decimals, _typography) = (unit, decimals, typography);

    /// <summary>The way to write a figure and everything that is compared with it.</summary>
    /// <param name="figure">Decides about unit and digits.</param>
    /// <param name="unit">One of <see cref="MetricUnit"/>.</param>
    /// <param name="typography">Characters to use.</param>
    public static FigureFormat For(Interval figure, string unit, Typography typography)
    {
        var magnitude = Largest(figure.Value, figure.Low, figure.High);
        var shownIn = FigureUnit.For(unit, magnitude, typography);
        var halfWidth = figure is { Low: { } low, High: { } high } ? (high - low) / 2 : 0;
        var decimals = halfWidth > 0
            ? Math.Min(DecimalsFor(halfWidth / shownIn.Size, HalfWidthDigits), DecimalsFor(magnitude / shownIn.Size, MostDigits))
            : DecimalsFor(magnitude / shownIn.Size, DigitsWithoutInterval);
        return new FigureFormat(shownIn, decimals, typography);
    }

    /// <summary>A figure with its interval.</summary>
    public static FigureText Text(Interval figure, string unit, Typography typography)
    {
        var format = For(figure, unit, typography);
        return new FigureText(format.Value(figure.Value), format.Range(figure));
    }

    /// <summary>A whole number with separators between thousands.</summary>
    public static string Count(long number) => number.ToString("#,##0", CultureInfo.InvariantCulture);

    /// <summary>The figure with its unit.</summary>
    public string Value(double? figure) => figure is { } value ? Number(value, Math.Round) + _unit.Suffix : NoFigure;

    /// <summary>The figure with its unit, and a plus before it if it is above 0: for what comes in addition.</summary>
    public string Extra(double? figure) => (figure > 0 && Number(figure.Value, Math.Round).AsSpan().ContainsAnyInRange('1', '9') ? "+" : "") + Value(figure);

    /// <summary>The interval with its unit, rounded outward; null without one.</summary>
    public string? Range(Interval figure) => Ends(figure) is { } ends ? ends + _unit.Suffix : null;

    /// <summary>The interval without its unit, for where the figure stands right above it; null without one.</summary>
    public string? Ends(Interval figure) => figure is { Low: { } low, High: { } high }
        ? low == high
            ? $"{Number(low, Math.Round)} to {Number(high, Math.Round)}"
            : $"{Number(low, Math.Floor)} to {Number(high, Math.Ceiling)}"
        : null;

    // Decimals of a number whose first digits are to be seen: 2 for 0.0123 with 1 digit, -1 for 123 with 2 digits.
    private static int DecimalsFor(double magnitude, int digits) => magnitude > 0 ? digits - 1 - (int)Math.Floor(Math.Log10(magnitude)) : 0;

    private static double Largest(params ReadOnlySpan<double?> figures)
    {
        var largest = 0.0;
        foreach (var figure in figures)
            largest = Math.Max(largest, Math.Abs(figure.GetValueOrDefault()));
        return largest;
    }

    private string Number(double value, Func<decimal, decimal> round)
    {
        var scaled = value / _unit.Size;
        // Decimal, because rounding in binary can show 0.15 as 0.1; beyond its range no fleet lies.
        if (Math.Abs(scaled) > 1e15 || _decimals > 20)
            return scaled.ToString("0.##E+0", CultureInfo.InvariantCulture);
        var step = 1m;
        for (var digit = 0; digit < Math.Abs(_decimals); digit++)
            step = _decimals > 0 ? step / 10 : step * 10;
        var rounded = round((decimal)scaled / step) * step;
        var text = Math.Abs(rounded).ToString("N" + Math.Max(0, _decimals).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return rounded < 0 ? (_typography == Typography.Page ? "−" : "-") + text : text;
    }
}

/// <summary>A unit that figures are shown in.</summary>
/// <param name="Size">How many of the metric's unit it is.</param>
/// <param name="Suffix">What follows the number.</param>
internal readonly record struct FigureUnit(double Size, string Suffix)
{
    private const double Mebi = 1 << 20;
    private const double Million = 1e6;
    private const double MicrosecondsPerSecondOfOneCpu = 1e6;

    /// <summary>The unit that leaves few digits before the point: bytes as MiB to PiB, counts in millions and billions, CPU time in CPUs kept busy.</summary>
    public static FigureUnit For(string unit, double magnitude, Typography typography) => unit switch
    {
        MetricUnit.Bytes => Binary(magnitude, ""),
        MetricUnit.BytesPerSecond => Binary(magnitude, "/s"),
        MetricUnit.Pages => Decimal(magnitude, " pages"),
        MetricUnit.PagesPerSecond => Decimal(magnitude, " pages/s"),
        // Faults are all that is counted per second.
        MetricUnit.PerSecond => Decimal(magnitude, " faults/s"),
        MetricUnit.MicrosecondsPerSecond when magnitude >= MicrosecondsPerSecondOfOneCpu => new(MicrosecondsPerSecondOfOneCpu, " CPUs"),
        MetricUnit.MicrosecondsPerSecond => new(1, typography == Typography.Page ? " µs/s" : " us/s"),
        MetricUnit.One => new(0.01, "%"),
        _ => new(1, " " + unit),
    };

    private static FigureUnit Binary(double bytes, string per)
    {
        var (size, name) = bytes switch
        {
            >= Mebi * Mebi * 1024 => (Mebi * Mebi * 1024, "PiB"),
            >= Mebi * Mebi => (Mebi * Mebi, "TiB"),
            >= Mebi * 1024 => (Mebi * 1024, "GiB"),
            _ => (Mebi, "MiB"),
        };
        return new(size, $" {name}{per}");
    }

    private static FigureUnit Decimal(double count, string name) => count switch
    {
        >= Million * 1000 => new(Million * 1000, " billion" + name),
        >= Million => new(Million, " million" + name),
        _ => new(1, name),
    };
}
