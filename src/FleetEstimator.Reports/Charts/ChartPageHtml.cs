using System.Text;
using System.Xml;
using System.Xml.Linq;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports.Charts;

/// <summary>
/// A page of charts for people, complete in itself: no script, no request, styles and drawings within; and the drawings alone as one SVG file. Equal pages give
/// equal bytes.
/// </summary>
public static class ChartPageHtml
{
    private const string ContentPolicy = "default-src 'none'; style-src 'unsafe-inline'";

    // Longer tables are closed at first.
    private const int OpenRowsMax = 8;

    /// <summary>Writes the page as UTF-8; the stream stays open.</summary>
    public static void Write(ChartPage page, Stream stream) => Html.Write(
        E(
            "html",
            A("lang", "en"),
            E(
                "head",
                E("meta", A("charset", "utf-8")),
                E("meta", A("http-equiv", "Content-Security-Policy"), A("content", ContentPolicy)),
                E("meta", A("name", "viewport"), A("content", "width=device-width, initial-scale=1")),
                E("meta", A("name", "color-scheme"), A("content", "light dark")),
                E("title", $"{page.Title} – {page.Kind}"),
                E("style", Stylesheet.Of("palette.css", "chart.css", "chart-page.css"))),
            E(
                "body",
                E("header", E("p", Class("kicker"), $"FleetEstimator · {page.Kind}"), E("h1", page.Title)),
                E(
                    "main",
                    E("dl", Class("facts"), page.Facts.Select(fact => E("div", E("dt", fact.Name), E("dd", fact.Value)))),
                    page.Notes.Select(note => E("p", Class("note"), note)),
                    E("div", Class("charts"), page.Charts.Select(Section)),
                    E("div", Class("tables"), page.Tables.Select(table => E("section", E("h2", table.Title), Table(table.Table, table.Title))))))),
        stream);

    /// <summary>Writes the drawings, one below the other, as one SVG file in UTF-8; the stream stays open.</summary>
    public static void WriteSvg(ChartPage page, Stream stream)
    {
        const double margin = 20;
        const double head = 34;
        const double gap = 22;
        var y = margin + head;
        var content = new List<object> { SvgChart.Text("head", margin, margin + 14, $"{page.Title} – {page.Kind}") };
        foreach (var chart in page.Charts)
        {
            content.Add(SvgChart.Text("head", margin, y + 14, chart.Title));
            y += head;
            if (chart.Nothing is { } nothing)
            {
                content.Add(SvgChart.Text("axis", margin, y + 4, nothing));
                y += gap + gap;
                continue;
            }

            var (svg, height) = SvgChart.Draw(chart);
            svg.Add(A("x", SvgChart.N(margin)), A("y", SvgChart.N(y)), A("width", SvgChart.N(SvgChart.Width)), A("height", SvgChart.N(height)));
            content.Add(svg);
            y += height + gap;
        }

        var width = SvgChart.Width + (2 * margin);
        var root = E(
            "svg",
            Class("drawing"),
            A("viewBox", $"0 0 {SvgChart.N(width)} {SvgChart.N(y)}"),
            A("width", SvgChart.N(width)),
            A("height", SvgChart.N(y)),
            E("title", $"{page.Title} – {page.Kind}"),
            E("style", Stylesheet.Of("palette.css", "chart.css") + ".drawing { background: var(--page); }\n"),
            content);
        var settings = new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true, IndentChars = " ", NewLineChars = "\n" };
        using var writer = XmlWriter.Create(stream, settings);
        InSvg(root).WriteTo(writer);
    }

    private static XElement InSvg(XElement element) => new(
        XName.Get(element.Name.LocalName, "http://www.w3.org/2000/svg"),
        element.Attributes(),
        element.Nodes().Select(node => node is XElement child ? InSvg(child) : node));

    private static XElement Section(Chart chart) => E(
        "section",
        Class("chart"),
        A("id", chart.Id),
        E("h2", chart.Title),
        E("p", Class("what"), chart.Description),
        chart.Nothing is { } nothing ? E("p", Class("nothing"), nothing) : E("figure", SvgChart.Draw(chart).Svg),
        Data(chart));

    private static XElement? Data(Chart chart)
    {
        if (chart.Table.Rows.Count == 0)
            return null;
        var details = E(
            "details",
            E("summary", chart.Table.Rows.Count == 1 ? "The figures" : $"The figures, {FigureFormat.Count(chart.Table.Rows.Count)} rows"),
            Table(chart.Table, chart.Title));
        if (chart.Table.Rows.Count <= OpenRowsMax)
            details.Add(A("open", "open"));
        return details;
    }

    private static XElement Table(ChartTable table, string name) => E(
        "div",
        Class("scroll"),
        A("role", "region"),
        A("aria-label", name + ", table"),
        A("tabindex", "0"),
        E(
            "table",
            table.Columns.Count == 2 ? Class("pairs") : null,
            HeaderRow([.. table.Columns]),
            E("tbody", table.Rows.Select(row => E("tr", E("th", A("scope", "row"), row[0]), row.Skip(1).Select(cell => E("td", cell)))))));
}
