using System.Globalization;
using System.Text;
using System.Xml.Linq;
using static FleetEstimator.Reports.Charts.SvgChart;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports.Charts;

/// <summary>Draws a heatmap: a path for each shade, a band's name beside its rows.</summary>
internal static class SvgHeat
{
    private const double Left = 122;
    private const double Right = 466;
    private const double Top = 46;
    private const double LeastPlot = 150;
    private const double MostPlot = 400;
    private const double LabelHeight = 16;

    public static (XElement Svg, double Height) Draw(HeatChart chart)
    {
        var plot = Math.Clamp(chart.Rows.Count * 6.0, LeastPlot, MostPlot);
        var bottom = Top + plot;
        var across = Scale.FromZero(chart.Across, chart.ColumnEnds[^1], ticks: 5);
        double X(double value) => Left + ((Right - Left) * across.At(value));
        double Y(int row) => Top + (plot * row / chart.Rows.Count);
        return Frame(
            chart,
            bottom + 46,
            Shades(chart.Full),
            Rectangle("h0", Left, Top, Right - Left, plot),
            Cells(chart, X, Y),
            Bands(chart.Bands, Y),
            AxisBelow(across, chart.Across.Measure, Left, Right, bottom, bottom));
    }

    private static IEnumerable<XElement> Shades(string full)
    {
        const double width = 24;
        for (var shade = 0; shade <= Palette.Shades; shade++)
            yield return Rectangle($"h{shade} cell", Left + (shade * width), 4, width, 14);
        yield return Text("tick", Left - 6, 16, "0%", "end");
        yield return Text("tick", Left + ((Palette.Shades + 1) * width) + 6, 16, "100%");
        yield return Text("tick", Left, 36, full);
    }

    private static IEnumerable<XElement> Cells(HeatChart chart, Func<double, double> x, Func<int, double> y)
    {
        var paths = Enumerable.Range(0, Palette.Shades + 1).Select(_ => new StringBuilder()).ToArray();
        for (var row = 0; row < chart.Rows.Count; row++)
        {
            var shares = chart.Rows[row];
            for (var column = 0; column < shares.Count;)
            {
                var (first, shade) = (column, Palette.ShadeOf(shares[column]));
                while (column < shares.Count && Palette.ShadeOf(shares[column]) == shade)
                    column++;
                if (shade == 0)
                    continue;
                var (from, to) = (x(first == 0 ? 0 : chart.ColumnEnds[first - 1]), x(chart.ColumnEnds[column - 1]));
                paths[shade].Append(CultureInfo.InvariantCulture, $"M{N(from)} {N(y(row))}H{N(to)}V{N(y(row + 1))}H{N(from)}Z");
            }
        }

        return paths.Select((path, shade) => (path, shade)).Where(drawn => drawn.path.Length > 0)
            .Select(drawn => E("path", Class($"h{drawn.shade} cell"), A("d", drawn.path.ToString())));
    }

    private static IEnumerable<XElement> Bands(IReadOnlyList<HeatBand> bands, Func<int, double> y)
    {
        var (row, free, large) = (0, 0.0, false);
        foreach (var band in bands)
        {
            // Lines around bands too small for a name would hide them.
            var (top, bottom) = (y(row), y(row + band.Rows));
            if (row > 0 && (large || bottom - top >= LabelHeight))
                yield return Line("border", Left - 8, top, Right, top);
            large = bottom - top >= LabelHeight;
            var middle = (top + bottom) / 2;
            if (large && middle - (LabelHeight / 2) >= free)
            {
                yield return Text("tick", Left - 10, middle + 4.5, band.Name, "end");
                free = middle + (LabelHeight / 2);
            }

            row += band.Rows;
        }
    }
}
