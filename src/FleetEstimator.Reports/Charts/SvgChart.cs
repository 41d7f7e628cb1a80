using System.Globalization;
using System.Xml.Linq;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports.Charts;

/// <summary>
/// Draws charts as SVG: 480 units wide, colours by the classes of chart.css, with a title and a description for those who do not see it.
/// </summary>
internal static class SvgChart
{
    public const double Width = 480;

    private const double Left = 58;
    private const double Right = 466;
    private const double TitleHeight = 26;
    private const double AxisHeight = 46;
    private const double LegendRow = 24;
    private const int LegendColumns = 2;

    // On a phone, where letters are larger.
    private const double DigitWidth = 10;

    /// <summary>The drawing, and how high it is.</summary>
    public static (XElement Svg, double Height) Draw(Chart chart) => chart switch
    {
        { Nothing: not null } => throw new ArgumentException("There is nothing to draw.", nameof(chart)),
        LineChart lines => Lines(lines),
        AreaChart areas => Areas(areas),
        HeatChart heat => SvgHeat.Draw(heat),
        ShareChart shares => SvgShares.Draw(shares),
        _ => throw new ArgumentException($"{chart.GetType()} cannot be drawn.", nameof(chart)),
    };

    internal static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    internal static (XElement Svg, double Height) Frame(Chart chart, double height, params object?[] content) => (
        E(
            "svg",
            Class("drawing"),
            A("viewBox", $"0 0 {N(Width)} {N(height)}"),
            A("role", "img"),
            A("aria-labelledby", $"{chart.Id}-title {chart.Id}-desc"),
            E("title", A("id", chart.Id + "-title"), chart.Title),
            E("desc", A("id", chart.Id + "-desc"), $"{chart.Description} The table with it holds every figure drawn here."),
            content),
        height);

    internal static XElement Text(string css, double x, double y, string text, string anchor = "start") =>
        E("text", Class(css), A("x", N(x)), A("y", N(y)), A("text-anchor", anchor), text);

    internal static XElement Line(string css, double x1, double y1, double x2, double y2) =>
        E("line", Class(css), A("x1", N(x1)), A("y1", N(y1)), A("x2", N(x2)), A("y2", N(y2)));

    internal static XElement Rectangle(string css, double x, double y, double width, double height) =>
        E("rect", Class(css), A("x", N(x)), A("y", N(y)), A("width", N(width)), A("height", N(height)));

    /// <summary>A horizontal axis below a drawing that ends at <paramref name="bottom"/>.</summary>
    internal static IEnumerable<XElement> AxisBelow(Scale scale, Measure measure, double left, double right, double top, double bottom)
    {
        foreach (var tick in scale.Ticks)
        {
            var x = left + ((right - left) * scale.At(tick));
            yield return Line("grid", x, top, x, bottom + 4);
            // A long label at the right end would reach beyond the drawing.
            var label = scale.Label(tick, measure);
            var atEnd = x + (label.Length * DigitWidth / 2) > Width;
            yield return Text("tick", atEnd ? Width : x, bottom + 19, label, atEnd ? "end" : "middle");
        }

        yield return Text("axis", (left + right) / 2, bottom + 40, scale.Title, "middle");
    }

    /// <summary>Names with what marks them, in two columns from <paramref name="top"/> on.</summary>
    internal static IEnumerable<XElement> Legend(IReadOnlyList<string> names, double top, Func<int, double, double, XElement> mark)
    {
        for (var index = 0; index < names.Count; index++)
        {
            var x = index % LegendColumns * (Width / LegendColumns);
            var y = top + (index / LegendColumns * LegendRow);
            yield return mark(index, x, y);
            yield return Text("key", x + 22, y + 16, names[index]);
        }
    }

    internal static double LegendHeight(int names) => (names + LegendColumns - 1) / LegendColumns * LegendRow;

    internal static XElement LayerMark(int index, double x, double y) => Rectangle($"layer l{index}", x + 1, y + 4, 14, 14);

    private static (XElement Svg, double Height) Lines(LineChart chart)
    {
        const double plot = 210;
        var points = chart.Lines.SelectMany(line => line.Points).ToList();
        var across = Scale.Over(chart.Across, [.. points.Select(point => point.X).Distinct().Order()], ticks: 5);
        var up = Scale.FromZero(chart.Up, points.Max(point => Math.Max(point.Y, point.Range?.High ?? 0)), ticks: 4);
        var legend = chart.Lines.Count > 1 ? LegendHeight(chart.Lines.Count) : 0;
        var top = TitleHeight + legend;
        var bottom = top + plot;
        double X(double value) => Left + ((Right - Left) * across.At(value));
        double Y(double value) => bottom - (plot * up.At(value));
        return Frame(
            chart,
            bottom + AxisHeight,
            chart.Lines.Count > 1 ? Legend([.. chart.Lines.Select(line => line.Name)], 0, (index, x, y) => Series.Mark(index, x + 8, y + 11)) : null,
            AxisBelow(across, chart.Across.Measure, Left, Right, top, bottom),
            AxisBeside(up, chart.Up.Measure, top, bottom),
            chart.Lines.Select((line, index) => Band(line, index, X, Y)),
            chart.Lines.Select((line, index) => LineOf(line, index, X, Y)));
    }

    private static XElement? Band(ChartLine line, int index, Func<double, double> x, Func<double, double> y)
    {
        List<(double X, double Low, double High)> ranges =
            [.. line.Points.Where(point => point.Range != null).Select(point => (point.X, point.Range!.Value.Low, point.Range.Value.High))];
        return ranges.Count < 2 ? null : E(
            "path",
            Class($"spread s{index}"),
            A("d", $"M{string.Join('L', ranges.Select(range => $"{N(x(range.X))} {N(y(range.High))}"))}L"
                + $"{string.Join('L', Enumerable.Reverse(ranges).Select(range => $"{N(x(range.X))} {N(y(range.Low))}"))}Z"));
    }

    private static object[] LineOf(ChartLine line, int index, Func<double, double> x, Func<double, double> y)
    {
        // Marks at some of many points tell lines apart just as well.
        var every = ((line.Points.Count - 1) / 12) + 1;
        return
        [
            E("path", Class($"line s{index}"), A("d", $"M{string.Join('L', line.Points.Select(point => $"{N(x(point.X))} {N(y(point.Y))}"))}")),
            line.Points.Where((_, at) => at % every == 0).Select(point => Series.Mark(index, x(point.X), y(point.Y), size: 4)),
        ];
    }

    private static IEnumerable<XElement> AxisBeside(Scale scale, Measure measure, double top, double bottom)
    {
        yield return Text("axis", 0, top - 10, scale.Title);
        foreach (var tick in scale.Ticks)
        {
            var y = bottom - ((bottom - top) * scale.At(tick));
            yield return Line(tick == 0 ? "base" : "grid", Left, y, Right, y);
            yield return Text("tick", Left - 7, y + 4.5, scale.Label(tick, measure), "end");
        }
    }

    private static (XElement Svg, double Height) Areas(AreaChart chart)
    {
        const double plot = 210;
        var columns = chart.ColumnEnds.Count;
        var sums = new double[columns];
        var across = Scale.FromZero(chart.Across, chart.ColumnEnds[^1], ticks: 5);
        var most = Enumerable.Range(0, columns).Max(column => chart.Layers.Sum(layer => layer.Values[column]));
        var up = Scale.FromZero(chart.Up, most, ticks: 4);
        var top = LegendHeight(chart.Layers.Count) + TitleHeight;
        var bottom = top + plot;
        double X(double value) => Left + ((Right - Left) * across.At(value));
        double Y(double value) => bottom - (plot * up.At(value));
        var layers = new List<XElement>();
        foreach (var (layer, index) in chart.Layers.Select((layer, index) => (layer, index)))
        {
            var lower = (double[])sums.Clone();
            for (var column = 0; column < columns; column++)
                sums[column] += layer.Values[column];
            layers.Add(E("path", Class($"layer l{index}"), A("d", Outline(chart.ColumnEnds, lower, sums, X, Y))));
        }

        return Frame(
            chart,
            bottom + AxisHeight,
            Legend([.. chart.Layers.Select(layer => layer.Name)], 0, LayerMark),
            AxisBelow(across, chart.Across.Measure, Left, Right, top, bottom),
            AxisBeside(up, chart.Up.Measure, top, bottom),
            layers);
    }

    // Steps: a column is as it was when it ended.
    private static string Outline(IReadOnlyList<double> ends, double[] lower, double[] upper, Func<double, double> x, Func<double, double> y)
    {
        var path = new System.Text.StringBuilder($"M{N(x(0))} {N(y(upper[0]))}");
        for (var column = 0; column < upper.Length; column++)
            path.Append(CultureInfo.InvariantCulture, $"V{N(y(upper[column]))}H{N(x(ends[column]))}");
        for (var column = upper.Length - 1; column >= 0; column--)
            path.Append(CultureInfo.InvariantCulture, $"V{N(y(lower[column]))}H{N(x(column == 0 ? 0 : ends[column - 1]))}");
        return path.Append('Z').ToString();
    }
}
