using System.Globalization;
using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>One line of a chart.</summary>
/// <param name="Series">Index of the mechanism among the compared ones.</param>
/// <param name="Figure">Estimate and interval.</param>
/// <param name="Bounds">The estimates under the two access assumptions, where they differ.</param>
internal sealed record ChartRow(int Series, Interval Figure, (double From, double To)? Bounds);

/// <summary>Lines that belong to one part of the fleet.</summary>
internal sealed record ChartGroup(string Name, IReadOnlyList<ChartRow> Rows);

/// <summary>
/// A drawing of intervals: a mark at each estimate, a whisker over its interval, a broad band between the two access assumptions, and a line at zero.
/// A hollow mark has no interval.
/// </summary>
internal sealed class IntervalChart
{
    private const double Width = 480;
    private const double Left = 14;
    private const double Right = 466;
    private const double GroupHeight = 28;
    private const double RowHeight = 24;
    private const double AxisHeight = 42;
    private const int LongestName = 32;

    private readonly string _id;
    private readonly string _title;
    private readonly string _unit;
    private readonly IReadOnlyList<ChartGroup> _groups;
    private readonly FigureUnit _shownIn;
    private readonly Axis _axis;

    /// <summary>A chart of figures of one metric.</summary>
    /// <param name="id">Unique in the page.</param>
    /// <param name="title">What is shown, with the level of the intervals.</param>
    /// <param name="axisName">What the axis counts; the unit is put before it.</param>
    /// <param name="unit">One of <see cref="MetricUnit"/>.</param>
    /// <param name="groups">The lines.</param>
    public IntervalChart(string id, string title, string axisName, string unit, IReadOnlyList<ChartGroup> groups)
    {
        (_id, _title, _groups) = (id, title, groups);
        var ends = groups.SelectMany(group => group.Rows)
            .SelectMany(row => new[] { row.Figure.Value, row.Figure.Low, row.Figure.High, row.Bounds?.From, row.Bounds?.To })
            .OfType<double>().ToArray();
        var (least, most) = (ends.Append(0).Min(), ends.Append(0).Max());
        _shownIn = FigureUnit.For(unit, Math.Max(-least, most), Typography.Page);
        _axis = Axis.Covering(least / _shownIn.Size, most / _shownIn.Size);
        _unit = $"{_shownIn.Suffix.Trim()} {axisName}";
    }

    public XElement Draw()
    {
        var height = _groups.Sum(group => GroupHeight + (group.Rows.Count * RowHeight)) + AxisHeight;
        var bottom = height - AxisHeight + 4;
        return E(
            "svg",
            Class("chart"),
            A("viewBox", $"0 0 {N(Width)} {N(height)}"),
            A("role", "img"),
            A("aria-labelledby", $"{_id}-title {_id}-desc"),
            E("title", A("id", _id + "-title"), _title),
            E("desc", A("id", _id + "-desc"), Description()),
            _axis.Ticks.Select(tick => Tick(tick, bottom)),
            E("text", Class("axis"), A("x", N((Left + Right) / 2)), A("y", N(height - 6)), A("text-anchor", "middle"), _unit),
            E("line", Class("zero"), A("x1", N(X(0))), A("x2", N(X(0))), A("y1", "0"), A("y2", N(bottom))),
            Groups());
    }

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private string Description() =>
        $"The vertical line is zero. The axis runs from {_axis.Label(_axis.Ticks[0])} to {_axis.Label(_axis.Ticks[^1])} {_unit}. "
        + "The table that follows holds every figure drawn here.";

    private double X(double inUnit) => Left + ((Right - Left) * (inUnit - _axis.From) / (_axis.To - _axis.From));

    private IEnumerable<XElement> Tick(double tick, double bottom)
    {
        var x = N(X(tick));
        yield return E("line", Class("grid"), A("x1", x), A("x2", x), A("y1", "0"), A("y2", N(bottom)));
        yield return E("text", Class("tick"), A("x", x), A("y", N(bottom + 16)), A("text-anchor", "middle"), _axis.Label(tick));
    }

    private IEnumerable<XElement> Groups()
    {
        var y = 0.0;
        foreach (var group in _groups)
        {
            var shown = group.Name.Length > LongestName ? string.Concat(group.Name.AsSpan(0, LongestName - 1), "…") : group.Name;
            yield return E("text", Class("group"), A("x", "0"), A("y", N(y + 19)), shown);
            y += GroupHeight;
            foreach (var row in group.Rows)
            {
                foreach (var element in Row(row, y + (RowHeight / 2) - 2))
                    yield return element;
                y += RowHeight;
            }
        }
    }

    private IEnumerable<XElement> Row(ChartRow row, double y)
    {
        if (row.Figure.Value is not { } value)
            yield break;
        var css = $"s{row.Series % 4}";
        if (row.Figure is { Low: { } low, High: { } high })
            yield return E("line", Class("whisker " + css), A("x1", N(X(low / _shownIn.Size))), A("x2", N(X(high / _shownIn.Size))), A("y1", N(y)), A("y2", N(y)));
        if (row.Bounds is { } bounds)
            yield return E("line", Class("band " + css), A("x1", N(X(bounds.From / _shownIn.Size))), A("x2", N(X(bounds.To / _shownIn.Size))), A("y1", N(y)), A("y2", N(y)));
        yield return Series.Mark(row.Series, X(value / _shownIn.Size), y, hollow: row.Figure.Low is null);
    }
}

/// <summary>An axis with round ticks, zero among them.</summary>
/// <param name="From">Its left end.</param>
/// <param name="To">Its right end, above <paramref name="From"/>.</param>
/// <param name="Ticks">Ascending; zero among them.</param>
/// <param name="Decimals">Of the ticks' labels.</param>
internal sealed record Axis(double From, double To, IReadOnlyList<double> Ticks, int Decimals)
{
    private const int FewestTicks = 4;

    /// <summary>An axis over an interval that contains 0.</summary>
    public static Axis Covering(double least, double most)
    {
        if (most - least <= 0)
            (least, most) = (-1, 1);
        var raw = (most - least) / FewestTicks;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = (raw / power) switch
        {
            >= 5 => 5 * power,
            >= 2 => 2 * power,
            _ => power,
        };
        // A little beyond the last figure: half of a mark would be cut off at the edge.
        var margin = (most - least) * 0.03;
        var (first, last) = ((int)Math.Ceiling((least - margin) / step), (int)Math.Floor((most + margin) / step));
        return new Axis(
            least - margin,
            most + margin,
            [.. Enumerable.Range(first, last - first + 1).Select(index => index * step)],
            Math.Max(0, -(int)Math.Floor(Math.Log10(step) + 1e-9)));
    }

    /// <summary>A tick as text.</summary>
    public string Label(double tick)
    {
        var text = Math.Abs(tick).ToString("N" + Decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return tick < 0 ? "−" + text : text;
    }
}
