using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FleetEstimator.Reports.Charts;
using Xunit;

namespace FleetEstimator.Tests.Reports.Charts;

public sealed class ChartTests
{
    private const string Hostile = "<script>alert(1)</script>&amp;\u0007\uD800\"'\u001b[2J";

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly ChartTable Table = new(["name", "value"], [["a", "1"], [Hostile, "2"]]);

    /// <summary>One of each kind, ordinary, extreme and empty.</summary>
    private static readonly Chart[] All =
    [
        new LineChart
        {
            Id = "lines", Title = "Lines", Description = Hostile, Table = Table, Across = new("since", Measure.Time), Up = new("of all", Measure.Share),
            Lines = [new("one", [new(1e6, 0.5, (0.1, 0.9)), new(2e6, 0.25, (0.2, 0.3))]), new(Hostile, [new(1e6, 0)])],
        },
        new LineChart
        {
            Id = "logarithmic", Title = "Logarithmic", Description = "d", Table = Table, Across = new("window", Measure.Time, Logarithmic: true),
            Up = new("accessed", Measure.Bytes), Lines = [new("one", [new(10, 1 << 20), new(1e3, 2e9), new(1e9, 3e12), new(1.1e9, 3e12)])],
        },
        new LineChart
        {
            Id = "point", Title = "One point at 0", Description = "d", Table = Table, Across = new("window", Measure.Time, Logarithmic: true),
            Up = new("accessed", Measure.PerSecond), Lines = [new("one", [new(10, 0)])],
        },
        new AreaChart
        {
            Id = "areas", Title = "Areas", Description = "d", Table = Table, Across = new("since", Measure.Time), Up = new("resident", Measure.Bytes),
            ColumnEnds = [.. Enumerable.Range(1, 128).Select(end => end * 1e5)],
            Layers = [.. Enumerable.Range(0, 4).Select(layer => new ChartLayer($"layer {layer}", [.. Enumerable.Range(0, 128).Select(column => (double)(column * layer) * 1e9)]))],
        },
        new AreaChart
        {
            Id = "nothing-resident", Title = "All zero", Description = "d", Table = ChartTable.Empty, Across = new("since", Measure.Time),
            Up = new("resident", Measure.Bytes), ColumnEnds = [1], Layers = [new("one", [0])],
        },
        new HeatChart
        {
            Id = "heat", Title = "Heat", Description = "d", Table = Table, Across = new("since", Measure.Time), Full = "accessed", ColumnEnds = [1e6, 3e6, 1e7],
            Rows = [[0, 0.001, 1], [1, 1, 1], [0, 0, 0]], Bands = [new(Hostile, 1), new("process 2", 2)],
        },
        new ShareChart
        {
            Id = "shares", Title = "Shares", Description = "d", Table = Table, Parts = ["load", "not known", Hostile],
            Bars = [new("zeros: 10", [0.001, 0, 0.999]), new("others: 0", []), new(Hostile, [1, 0, 0])],
        },
        new LineChart
        {
            Id = "empty", Title = "Empty", Description = "d", Table = ChartTable.Empty, Nothing = "There is nothing.", Across = new("", Measure.Time),
            Up = new("", Measure.Bytes), Lines = [],
        },
    ];

    private static readonly ChartPage Page = new()
    {
        Title = Hostile,
        Kind = "test",
        Facts = [("Name", "value"), (Hostile, Hostile)],
        Notes = [Hostile],
        Charts = All,
        Tables = [("Pairs", Table), ("Three", new(["a", "b", "c"], [["1", "2", Hostile]]))],
    };

    [Fact]
    public void ThePageIsWellFormed_AndSelfContained()
    {
        var text = Written(ChartPageHtml.Write);
        var html = XDocument.Parse(text).Root!;

        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", text, StringComparison.Ordinal);
        Assert.DoesNotContain(html.Descendants(), element => element.Name.LocalName is "script" or "link" or "img" or "iframe" or "object" or "base" or "form" or "use");
        Assert.Equal(
            "default-src 'none'; style-src 'unsafe-inline'",
            (string?)html.Descendants("meta").Single(meta => (string?)meta.Attribute("http-equiv") == "Content-Security-Policy").Attribute("content"));
        Assert.DoesNotContain(html.Descendants().Attributes(), attribute => attribute.Name.LocalName is "src" or "href" or "style" || attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.DoesNotMatch(@"url\(|@import|expression|[<>&]", html.Descendants("style").Single().Value);
        Assert.All(
            Regex.Matches(text, "<(?<name>[a-z0-9]+)[^<>]*/>", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10)),
            match => Assert.Contains(match.Groups["name"].Value, new[] { "meta", "circle", "line", "path", "rect" }));
    }

    [Fact]
    public void EveryDrawingHasTitleDescriptionAndItsTable()
    {
        var html = XDocument.Parse(Written(ChartPageHtml.Write)).Root!;
        var ids = html.Descendants().Attributes("id").Select(id => id.Value).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        var sections = html.Descendants("section").Where(section => (string?)section.Attribute("class") == "chart").ToList();
        Assert.Equal(All.Length, sections.Count);
        foreach (var (section, chart) in sections.Zip(All))
        {
            Assert.Equal(chart.Nothing is null ? 1 : 0, section.Descendants("svg").Count());
            Assert.All(section.Descendants("svg"), svg =>
            {
                Assert.Equal("img", (string?)svg.Attribute("role"));
                Assert.Equal(chart.Title, svg.Element("title")!.Value);
                Assert.NotEmpty(svg.Element("desc")!.Value);
                Assert.All(((string)svg.Attribute("aria-labelledby")!).Split(' '), id => Assert.Contains(id, ids));
            });
            Assert.Equal(chart.Table.Rows.Count, section.Descendants("tbody").Elements("tr").Count());
        }
    }

    [Fact]
    public void ThePictureIsOneSvgFile()
    {
        var svg = XDocument.Parse(Written(ChartPageHtml.WriteSvg)).Root!;
        Assert.Equal(Svg + "svg", svg.Name);
        Assert.All(svg.Descendants(), element => Assert.Equal(Svg, element.Name.Namespace));
        Assert.Equal(All.Count(chart => chart.Nothing is null), svg.Elements(Svg + "svg").Count());
        Assert.DoesNotContain(svg.Descendants(), element => element.Name.LocalName is "script" or "image" or "use" or "foreignObject");
    }

    [Fact]
    public void EveryCoordinateIsWithinItsDrawing()
    {
        foreach (var chart in All.Where(chart => chart.Nothing is null))
        {
            var (svg, height) = SvgChart.Draw(chart);
            foreach (var (name, most) in new[] { ("x", SvgChart.Width), ("x1", SvgChart.Width), ("x2", SvgChart.Width), ("cx", SvgChart.Width), ("y", height), ("y1", height), ("y2", height), ("cy", height) })
                Assert.All(svg.Descendants().Attributes(name), attribute => Assert.InRange((double)attribute, 0, most));
            Assert.All(
                svg.Descendants("path").SelectMany(path => Regex.Matches((string)path.Attribute("d")!, "-?[0-9.]+|NaN|∞", RegexOptions.None, TimeSpan.FromSeconds(10))),
                number => Assert.InRange(double.Parse(number.Value, System.Globalization.CultureInfo.InvariantCulture), 0, Math.Max(height, SvgChart.Width)));
        }
    }

    [Theory]
    [InlineData(60)]
    [InlineData(100)]
    [InlineData(160)]
    public void TheTextFitsItsWidth_AndCannotMoveTheCursor(int width)
    {
        using var writer = new StringWriter();
        ChartPageText.Write(Page, writer, width);
        var text = writer.ToString();
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, width));
        Assert.DoesNotContain(text, character => char.IsControl(character) && character != '\n');
        Assert.All(All, chart => Assert.Contains(chart.Title, text, StringComparison.Ordinal));
    }

    [Fact]
    public void LinesOfDifferentDurationShareATimeAxisInText()
    {
        using var writer = new StringWriter();
        ChartPageText.Write(
            Page with
            {
                Charts =
                [
                    new LineChart
                    {
                        Id = "lines", Title = "Lines", Description = "d", Table = ChartTable.Empty, Across = new("since", Measure.Time), Up = new("of all", Measure.Share),
                        Lines =
                        [
                            new("long", [new(5e6, 1), new(1e7, 1)]), new("short", [new(2.5e6, 0), new(5e6, 1)]),
                            new("a name of a line that is long 1", [new(1e7, 1)]), new("a name of a line that is long 2", [new(1e7, 1)]),
                        ],
                    },
                ],
            },
            writer,
            width: 88);
        var lines = writer.ToString().Split('\n').ToList();
        string Cells(string name) => lines.Single(line => line.StartsWith("  " + name, StringComparison.Ordinal))[21..];
        Assert.StartsWith(new string('█', 40) + "  ", Cells("long "), StringComparison.Ordinal);
        Assert.StartsWith(new string('·', 10) + new string('█', 10) + new string(' ', 22), Cells("short "), StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Trim() == "0" + "10.0 s".PadLeft(39));
        Assert.Contains("  a name of a line~2 = a name of a line that is long 2", lines);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1e-9, 1)]
    [InlineData(0.5, 4)]
    [InlineData(1, 7)]
    public void WhateverIsAboveNothingHasAShade(double share, int shade) => Assert.Equal(shade, Palette.ShadeOf(share));

    [Theory]
    [InlineData(265_000_000, Measure.Bytes, "253 MiB")]
    [InlineData(4096, Measure.Bytes, "4.00 KiB")]
    [InlineData(0, Measure.Bytes, "0 MiB")]
    [InlineData(65_000_000, Measure.Time, "65.0 s")]
    [InlineData(0.1449, Measure.Share, "14.5%")]
    [InlineData(0, Measure.Share, "0%")]
    [InlineData(0.00004, Measure.Share, "<0.01%")]
    [InlineData(0, Measure.Time, "0 s")]
    [InlineData(12.345, Measure.PerSecond, "12.3/s")]
    public void FiguresHaveThreeDigitsAndTheirUnit(double value, Measure measure, string text) => Assert.Equal(text, Measures.Text(value, measure));

    private static string Written(Action<ChartPage, Stream> write)
    {
        using var stream = new MemoryStream();
        write(Page, stream);
        var bytes = stream.ToArray();
        using var again = new MemoryStream();
        write(Page, again);
        Assert.Equal(bytes, again.ToArray());
        return Encoding.UTF8.GetString(bytes);
    }
}
