using System.Globalization;
using System.Xml.Linq;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>How one mechanism is marked in charts and tables: by colour and by shape, so that neither alone has to tell it.</summary>
internal static class Series
{
    private const int Count = 4;

    /// <summary>The mark of the mechanism at an index among the compared ones, centred on a point; marks repeat after the fourth.</summary>
    public static XElement Mark(int index, double x, double y, double size = 5, bool hollow = false)
    {
        string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
        var css = Class($"mark s{index % Count}{(hollow ? " hollow" : "")}");
        var (diamond, triangle) = (size * 1.3, size * 1.2);
        return (index % Count) switch
        {
            0 => E("circle", css, A("cx", N(x)), A("cy", N(y)), A("r", N(size))),
            1 => E("path", css, A("d", $"M{N(x)} {N(y - diamond)}L{N(x + diamond)} {N(y)}L{N(x)} {N(y + diamond)}L{N(x - diamond)} {N(y)}Z")),
            2 => E("rect", css, A("x", N(x - (size * 0.9))), A("y", N(y - (size * 0.9))), A("width", N(size * 1.8)), A("height", N(size * 1.8))),
            _ => E("path", css, A("d", $"M{N(x)} {N(y - triangle)}L{N(x + triangle)} {N(y + (triangle * 0.8))}L{N(x - triangle)} {N(y + (triangle * 0.8))}Z")),
        };
    }

    /// <summary>The mark as part of a line of text.</summary>
    public static XElement Inline(int index) => E(
        "svg", Class("swatch"), A("viewBox", "0 0 14 14"), A("width", "14"), A("height", "14"), A("aria-hidden", "true"), A("focusable", "false"), Mark(index, 7, 7));
}
