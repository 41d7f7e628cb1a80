using System.Globalization;
using CsCheck;
using FleetEstimator.Estimation;
using FleetEstimator.Reports;
using Xunit;

namespace FleetEstimator.Tests.Reports;

public sealed class FigureFormatTests
{
    private const double Mebi = 1 << 20;
    private const double Gibi = Mebi * 1024;
    private const double Tebi = Gibi * 1024;

    private static readonly string[] Units =
    [
        MetricUnit.Bytes, MetricUnit.BytesPerSecond, MetricUnit.Pages, MetricUnit.PagesPerSecond, MetricUnit.PerSecond, MetricUnit.MicrosecondsPerSecond, MetricUnit.One,
    ];

    private static readonly Dictionary<string, double> Sizes = new(StringComparer.Ordinal)
    {
        [" MiB"] = Mebi, [" GiB"] = Gibi, [" TiB"] = Tebi, [" PiB"] = Tebi * 1024,
        [" MiB/s"] = Mebi, [" GiB/s"] = Gibi, [" TiB/s"] = Tebi, [" PiB/s"] = Tebi * 1024,
        [" pages"] = 1, [" million pages"] = 1e6, [" billion pages"] = 1e9,
        [" pages/s"] = 1, [" million pages/s"] = 1e6, [" billion pages/s"] = 1e9,
        [" faults/s"] = 1, [" million faults/s"] = 1e6, [" billion faults/s"] = 1e9,
        [" us/s"] = 1, [" CPUs"] = 1e6, ["%"] = 0.01,
    };

    // Figures as fleets have them: from a thousandth to a zettabyte or a million million of anything else, with intervals from 0.1% to many times their size.
    private static readonly Gen<(Interval Figure, string Unit)> Figures =
        from sign in Gen.Bool.Select(negative => negative ? -1.0 : 1.0)
        from below in Gen.Double[-3, 1.5]
        from above in Gen.Double[-3, 1.5]
        from unit in Gen.Int[0, Units.Length - 1].Select(index => Units[index])
        from magnitude in Gen.Double[-3, unit.StartsWith(MetricUnit.Bytes, StringComparison.Ordinal) ? 21 : 12]
        let value = sign * Math.Pow(10, magnitude)
        select (new Interval(value, value - (Math.Abs(value) * Math.Pow(10, below)), value + (Math.Abs(value) * Math.Pow(10, above))), unit);

    [Theory]
    [InlineData(1.234 * Tebi, 0.98 * Tebi, 1.48 * Tebi, MetricUnit.Bytes, "1.23 TiB", "0.98 to 1.48 TiB")]
    [InlineData(1.234 * Tebi, 0.2 * Tebi, 9.8 * Tebi, MetricUnit.Bytes, "1.2 TiB", "0.2 to 9.8 TiB")]
    [InlineData(5 * Mebi, -2.03 * Gibi, 2.03 * Gibi, MetricUnit.Bytes, "0.0 GiB", "-2.1 to 2.1 GiB")]
    [InlineData(-3 * Gibi, -4.04 * Gibi, -1.96 * Gibi, MetricUnit.BytesPerSecond, "-3.0 GiB/s", "-4.1 to -1.9 GiB/s")]
    [InlineData(123_456, 100_000, 146_912, MetricUnit.PerSecond, "123,000 faults/s", "100,000 to 147,000 faults/s")]
    [InlineData(0.1327, 0.1315, 0.1338, MetricUnit.One, "13.27%", "13.15 to 13.38%")]
    [InlineData(0, 0, 0, MetricUnit.Bytes, "0 MiB", "0 to 0 MiB")]
    [InlineData(2_345_678, 1_000_000, 3_700_000, MetricUnit.MicrosecondsPerSecond, "2.3 CPUs", "1.0 to 3.7 CPUs")]
    [InlineData(9e12, 8e12, 1e13, MetricUnit.Pages, "9,000 billion pages", "8,000 to 10,000 billion pages")]
    public void ShowsTheDigitsTheIntervalSupports(double value, double low, double high, string unit, string expected, string range) =>
        Assert.Equal(new FigureText(expected, range), FigureFormat.Text(new Interval(value, low, high), unit, Typography.Terminal));

    [Theory]
    [InlineData(1234.5 * Gibi, MetricUnit.Bytes, "1.21 TiB")]
    [InlineData(1234.5, MetricUnit.Pages, "1,230 pages")]
    [InlineData(0.5, MetricUnit.PerSecond, "0.500 faults/s")]
    [InlineData(0, MetricUnit.One, "0%")]
    public void ShowsThreeDigits_WithoutAnInterval(double value, string unit, string expected) =>
        Assert.Equal(new FigureText(expected, null), FigureFormat.Text(new Interval(value, null, null), unit, Typography.Terminal));

    [Fact]
    public void SaysNotAvailable_WithoutAFigure() =>
        Assert.Equal(new FigureText("n/a", null), FigureFormat.Text(new Interval(null, null, null), MetricUnit.Bytes, Typography.Terminal));

    [Fact]
    public void UsesASignOfItsOwnForPages_AndNeverShowsAMinusBeforeZero()
    {
        Assert.Equal("−3.0 GiB", FigureFormat.Text(new Interval(-3 * Gibi, -4 * Gibi, -2 * Gibi), MetricUnit.Bytes, Typography.Page).Value);
        Assert.Equal("0 GiB", FigureFormat.Text(new Interval(-0.01 * Gibi, -20 * Gibi, 20 * Gibi), MetricUnit.Bytes, Typography.Page).Value);
        Assert.Equal("12 µs/s", FigureFormat.Text(new Interval(12, 1, 23), MetricUnit.MicrosecondsPerSecond, Typography.Page).Value);
    }

    [Fact]
    public void MarksWhatComesInAddition_ButNotNothing()
    {
        var figure = new Interval(3 * Gibi, 2 * Gibi, 4 * Gibi);
        var format = FigureFormat.For(figure, MetricUnit.Bytes, Typography.Terminal);

        Assert.Equal("+3.0 GiB", format.Extra(3 * Gibi));
        Assert.Equal("-3.0 GiB", format.Extra(-3 * Gibi));
        Assert.Equal("0.0 GiB", format.Extra(1));
    }

    [Fact]
    public void TheIntervalShown_ContainsTheTrueOneAndTheFigureShown() => Figures.Sample(
        pair =>
        {
            var (value, low, high) = Shown(pair.Figure, pair.Unit);
            var slack = 1e-12 * Math.Max(Math.Abs(low), Math.Abs(high));
            return low <= pair.Figure.Low + slack && high >= pair.Figure.High - slack && value >= low && value <= high;
        });

    [Fact]
    public void TheFigureShown_LiesWithinTheTrueInterval_AndTheEndsMoveByAtMostATenthOfItsHalfWidth() => Figures.Sample(
        pair =>
        {
            var (value, low, high) = Shown(pair.Figure, pair.Unit);
            var (trueLow, trueHigh) = (pair.Figure.Low!.Value, pair.Figure.High!.Value);
            var halfWidth = (trueHigh - trueLow) / 2;
            var largest = Math.Max(Math.Abs(trueLow), Math.Abs(trueHigh));
            // Narrower intervals than this are shown wider than they are: see MostDigits.
            if (halfWidth < largest * 0.01)
                return true;
            return Math.Abs(value - pair.Figure.Value!.Value) <= (halfWidth * 0.05) + (1e-12 * largest)
                && trueLow - low <= (halfWidth * 0.1) + (1e-12 * largest)
                && high - trueHigh <= (halfWidth * 0.1) + (1e-12 * largest);
        });

    [Fact]
    public void EveryMetricHasAUnitThatIsShown()
    {
        Assert.All(Metric.All, metric => Assert.Contains(metric.Unit, Units));
        // The unit 1/s is shown as faults/s.
        Assert.All(Metric.All.Where(metric => metric.Unit == MetricUnit.PerSecond), metric => Assert.EndsWith("faults", metric.Name, StringComparison.Ordinal));
    }

    private static (double Value, double Low, double High) Shown(Interval figure, string unit)
    {
        var text = FigureFormat.Text(figure, unit, Typography.Terminal);
        var suffix = text.Value[(text.Value.LastIndexOfAny([.. "0123456789"]) + 1)..];
        Assert.EndsWith(suffix, text.Range, StringComparison.Ordinal);
        var size = Sizes[suffix];
        var ends = text.Range![..^suffix.Length].Split(" to ");
        return (Parse(text.Value[..^suffix.Length]) * size, Parse(ends[0]) * size, Parse(ends[1]) * size);
    }

    private static double Parse(string number) => double.Parse(number, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
}
