using System.Globalization;
using FleetEstimator.Estimation;

namespace FleetEstimator.Reports.Charts;

/// <summary>What a figure of a chart is.</summary>
public enum Measure
{
    /// <summary>Bytes, shown in KiB and up.</summary>
    Bytes,

    /// <summary>Microseconds, shown in what suits.</summary>
    Time,

    /// <summary>A share from 0 to 1, shown in percent.</summary>
    Share,

    /// <summary>Something a second.</summary>
    PerSecond,
}

/// <summary>Figures as text.</summary>
public static class Measures
{
    // What is less would be shown as 0.00%.
    private const double LeastShare = 0.00005;

    /// <summary>A figure with its unit and three significant digits.</summary>
    public static string Text(double value, Measure measure)
    {
        if (measure == Measure.Share && value is > 0 and < LeastShare)
            return "<0.01%";
        var unit = UnitFor(measure, Math.Abs(value));
        var scaled = value / unit.Size;
        var decimals = scaled == 0 ? 0 : Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(scaled))), 0, measure == Measure.Time ? 1 : 2);
        return Number(scaled, decimals) + unit.Suffix;
    }

    internal static FigureUnit UnitFor(Measure measure, double magnitude) => measure switch
    {
        Measure.Bytes when magnitude is > 0 and < 1 << 20 => new(1 << 10, " KiB"),
        Measure.Bytes => FigureUnit.For(MetricUnit.Bytes, magnitude, Typography.Page),
        Measure.Time => TimeUnit(magnitude),
        Measure.Share => new(0.01, "%"),
        Measure.PerSecond => magnitude switch
        {
            >= 1e6 => new(1e6, " million/s"),
            _ => new(1, "/s"),
        },
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "Not a measure."),
    };

    internal static string Number(double value, int decimals)
    {
        var text = Math.Abs(value).ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return value < 0 && text.AsSpan().ContainsAnyInRange('1', '9') ? "−" + text : text;
    }

    // A unit is taken up from two of it on, so that 90 s stays 90 s.
    private static FigureUnit TimeUnit(double microseconds) => microseconds switch
    {
        >= 2 * 86_400e6 => new(86_400e6, " d"),
        >= 2 * 3600e6 => new(3600e6, " h"),
        >= 5 * 60e6 => new(60e6, " min"),
        >= 1e6 or 0 => new(1e6, " s"),
        >= 1e3 => new(1e3, " ms"),
        _ => new(1, " µs"),
    };
}
