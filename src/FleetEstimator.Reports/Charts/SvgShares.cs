using System.Xml.Linq;
using static FleetEstimator.Reports.Charts.SvgChart;

namespace FleetEstimator.Reports.Charts;

/// <summary>Draws bars of one length: its name above each, its parts with their shares inside where they fit.</summary>
internal static class SvgShares
{
    private const double BarHeight = 26;
    private const double NameHeight = 24;
    private const double Gap = 10;
    private const double ShareFits = 46;

    public static (XElement Svg, double Height) Draw(ShareChart chart)
    {
        var legend = LegendHeight(chart.Parts.Count);
        var top = legend + Gap;
        var height = top + (chart.Bars.Count * (NameHeight + BarHeight + Gap));
        return Frame(
            chart,
            height,
            Legend(chart.Parts, 0, LayerMark),
            chart.Bars.SelectMany((bar, index) => Bar(bar, top + (index * (NameHeight + BarHeight + Gap)))));
    }

    private static IEnumerable<XElement> Bar(ShareBar bar, double top)
    {
        yield return Text("key", 0, top + 17, bar.Name);
        var (x, y) = (0.0, top + NameHeight);
        if (bar.Shares.Count == 0)
        {
            yield return Rectangle("none", 0.5, y, Width - 1, BarHeight);
            yield return Text("tick", Width / 2, y + 18, "none", "middle");
        }

        for (var part = 0; part < bar.Shares.Count; part++)
        {
            var width = Width * bar.Shares[part];
            if (width <= 0)
                continue;
            yield return Rectangle($"layer l{part}", x, y, width, BarHeight);
            if (width >= ShareFits)
                yield return Text($"inside on{part}", x + (width / 2), y + 18, Measures.Text(bar.Shares[part], Measure.Share), "middle");
            x += width;
        }
    }
}
