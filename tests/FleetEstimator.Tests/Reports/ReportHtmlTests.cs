using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using FleetEstimator.Reports;
using Xunit;

namespace FleetEstimator.Tests.Reports;

public sealed class ReportHtmlTests
{
    private const string Hostile = "<script>alert(1)</script>&amp;\u0007\uD800\"'";

    /// <summary>Results that look as different as they can.</summary>
    public static TheoryData<string> Cases => ["realistic", "one class", "no interval", "saves nothing", "huge", "hostile", "baseline only", "all mechanisms", "failed", "empty class", "what if"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void IsWellFormed_AndSelfContained(string name)
    {
        var text = Text(Result(name));
        var html = XDocument.Parse(text).Root!;

        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", text, StringComparison.Ordinal);
        Assert.DoesNotContain(html.Descendants(), element => element.Name.LocalName is "script" or "link" or "img" or "iframe" or "object" or "base" or "form" or "use");
        Assert.Equal(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
            (string?)html.Descendants("meta").Single(meta => (string?)meta.Attribute("http-equiv") == "Content-Security-Policy").Attribute("content"));
        Assert.All(html.Descendants().Attributes("href"), href => Assert.StartsWith("#", href.Value, StringComparison.Ordinal));
        Assert.DoesNotContain(html.Descendants().Attributes(), attribute => attribute.Name.LocalName is "src" or "style" || attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        var style = html.Descendants("style").Single().Value;
        Assert.DoesNotMatch(@"url\(|@import|expression|[<>&]", style);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryLinkLeadsSomewhere_AndNoIdIsGivenTwice(string name)
    {
        var html = XDocument.Parse(Text(Result(name))).Root!;
        var ids = html.Descendants().Attributes("id").Select(id => id.Value).ToArray();

        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(html.Descendants().Attributes("href"), href => Assert.Contains(href.Value[1..], ids));
        Assert.All(html.Descendants().Attributes("aria-labelledby").SelectMany(labels => labels.Value.Split(' ')), id => Assert.Contains(id, ids));
    }

    // To a browser <p/> opens a paragraph that nothing closes.
    [Theory]
    [MemberData(nameof(Cases))]
    public void OnlyVoidElementsCloseThemselves(string name) =>
        Assert.All(
            Regex.Matches(Text(Result(name)), "<(?<name>[a-z0-9]+)[^<>]*/>", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10)),
            match => Assert.Contains(match.Groups["name"].Value, new[] { "meta", "circle", "line", "path", "rect" }));

    [Theory]
    [MemberData(nameof(Cases))]
    public void HasOneMainHeading_AndNoHeadingLevelIsSkipped(string name)
    {
        var html = XDocument.Parse(Text(Result(name))).Root!;
        var levels = html.Descendants().Where(element => Regex.IsMatch(element.Name.LocalName, "^h[1-6]$")).Select(element => element.Name.LocalName[1] - '0').ToArray();

        Assert.Equal(1, levels.Count(level => level == 1));
        Assert.All(levels.Zip(levels.Skip(1)), pair => Assert.True(pair.Second <= pair.First + 1));
        Assert.Single(html.Descendants("main"));
        Assert.Single(html.Descendants("header"));
        Assert.Single(html.Descendants("footer"));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryFigureHasAUnit(string name)
    {
        var html = XDocument.Parse(Text(Result(name))).Root!;

        var figures = html.Descendants().Where(HasClass("value", "big")).ToArray();
        Assert.NotEmpty(figures);
        Assert.All(
            figures,
            figure => Assert.Matches(@"^(n/a|[+−]?[\d,.]+(%| [MGTP]iB(/s)?| (million |billion )?(pages|faults)(/s)?| µs/s| CPUs))$", figure.Value));
        Assert.All(
            html.Descendants().Where(HasClass("range")),
            range => Assert.Matches(@"^(no interval\d*|no share of nothing|[+−]?[\d,.]+(% of .+| to [−]?[\d,.]+(%|[ /a-zA-Zµ]+)\d*))$", range.Value));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryChartIsNamedAndDescribed_AndItsTableFollows(string name)
    {
        var html = XDocument.Parse(Text(Result(name))).Root!;

        Assert.All(
            html.Descendants("svg").Where(HasClass("chart")),
            chart =>
            {
                Assert.NotEmpty(chart.Element("title")!.Value);
                Assert.NotEmpty(chart.Element("desc")!.Value);
                Assert.Equal("table", chart.Parent!.ElementsAfterSelf().First().Name.LocalName);
                Assert.DoesNotContain("NaN", chart.ToString(), StringComparison.Ordinal);
            });
    }

    [Fact]
    public void FollowsTheOrderOfTheStory()
    {
        var html = XDocument.Parse(Text(Result("realistic"))).Root!;

        Assert.Equal(
            ["verdict", "claims", "savings", "nodes", "shares", "levels", "recordings", "backtest", "classes", "caveats", "methods", "reproducibility"],
            html.Descendants("section").Attributes("id").Select(id => id.Value));
        Assert.Equal(5, html.Descendants("svg").Count(HasClass("chart")));
    }

    [Fact]
    public void ShowsWhatIfs_AsExploratory()
    {
        var html = XDocument.Parse(Text(Result("what if"))).Root!;

        var section = html.Descendants("section").Single(element => (string?)element.Attribute("id") == "what-if");
        Assert.Contains("Exploratory", section.Value, StringComparison.Ordinal);
        Assert.Contains("web.limit = none in the study {of_peak: 70%}, 2 nodes could not be simulated so", section.Value, StringComparison.Ordinal);
        var memory = section.Descendants("tr").First(row => row.Value.StartsWith("Memory under linux-6.12", StringComparison.Ordinal));
        Assert.StartsWith("−", memory.Elements("td").Last().Value, StringComparison.Ordinal);
        Assert.Contains(html.Descendants("h3"), heading => heading.Value == "Smallest memory limit freed");
        Assert.Contains(html.Descendants("section").Single(element => (string?)element.Attribute("id") == "methods").Descendants("li"), sentence => sentence.Value.Contains("nodes were simulated (web", StringComparison.Ordinal));
    }

    [Fact]
    public void ShowsEverySavingOfEveryMechanism_InThePartOfTheFleetItIsOf()
    {
        var result = Result("realistic");
        var html = XDocument.Parse(Text(result)).Root!;
        var findings = new Findings(result);

        var tables = html.Descendants("section").Where(HasClass("metric")).Take(MetricWording.Savings.Count).Select(section => section.Descendants("table").Single()).ToArray();
        foreach (var (wording, table) in MetricWording.Savings.Zip(tables))
        {
            foreach (var (scope, body) in findings.Scopes.Zip(table.Elements("tbody")))
            {
                Assert.StartsWith(Findings.ScopeName(scope), body.Elements("tr").First().Value, StringComparison.Ordinal);
                foreach (var (mechanism, row) in findings.Compared.Zip(body.Elements("tr").Skip(1)))
                {
                    var estimate = findings.Difference(scope, wording.Metric, mechanism)!;
                    var text = FigureFormat.Text(estimate.Saved!, estimate.Unit, Typography.Page);
                    Assert.Equal(text.Value, row.Descendants().First(HasClass("value")).Value);
                    Assert.Equal(text.Range, row.Descendants().First(HasClass("range")).Value);
                }
            }
        }
    }

    [Fact]
    public void SaysBothEnds_WhereLoadsAndStoresAreNotToldApart()
    {
        Assert.Contains("if all loads", Text(Result("realistic")), StringComparison.Ordinal);
        Assert.DoesNotContain("if all loads", Text(SampleStudy.Make(new() { UnknownAccesses = false }).Estimate()), StringComparison.Ordinal);
    }

    [Fact]
    public void ShowsCostsAsCosts()
    {
        var html = XDocument.Parse(Text(SampleStudy.Make(new() { UnknownAccesses = false, RecordingsPerClass = 8 }).Estimate())).Root!;
        var costs = html.Descendants("section").Where(HasClass("metric")).Last();

        Assert.StartsWith("The price", costs.Element("h3")!.Value, StringComparison.Ordinal);
        Assert.All(costs.Descendants().Where(HasClass("value")), value => Assert.StartsWith("+", value.Value, StringComparison.Ordinal));
        Assert.Contains(costs.Descendants().Where(HasClass("tag")), tag => tag.Value == "cost");
    }

    [Fact]
    public void WarnsBeforeTheFigures_WhenNodesFailed()
    {
        var html = XDocument.Parse(Text(Result("failed"))).Root!;

        Assert.Contains("60 nodes could not be simulated", html.Descendants("section").First().Value, StringComparison.Ordinal);
        Assert.Contains("And 10 more, listed in report.json.", html.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void ShowsUsersTextAsText_WhateverItHolds()
    {
        var html = XDocument.Parse(Text(Result("hostile"))).Root!;

        Assert.Contains(html.Descendants("th"), header => header.Value.StartsWith("<script>alert(1)</script>&amp;\uFFFD\uFFFD\"'", StringComparison.Ordinal));
    }

    [Fact]
    public void IsTheSame_ForTheSameResult() => Assert.Equal(Text(Result("realistic")), Text(Result("realistic")));

    private static StudyResult Result(string name) => name switch
    {
        "realistic" => SampleStudy.Realistic().Estimate(),
        "one class" => SampleStudy.Make(new() { Classes = ["web"] }).Estimate(),
        "no interval" => SampleStudy.Make(new() { Classes = ["web"], Recordings = 2, RecordingsPerClass = 2 }).Estimate(),
        "saves nothing" => SampleStudy.Make(new() { SavesNothing = true }).Estimate(),
        "huge" => SampleStudy.Make(new() { NodesOfFirstClass = 2_000_000_000, Scale = 10 }).Estimate(),
        "hostile" => SampleStudy.Make(new() { RecordingLabel = Hostile }).Estimate(new FailedNode("web", 1, Hostile, Hostile)),
        "baseline only" => SampleStudy.Make(new() { Mechanisms = ["linux-6.12"] }).Estimate(),
        "all mechanisms" => SampleStudy.Make(new() { Mechanisms = [.. Mechanism.All.Select(mechanism => mechanism.Name)], Classes = [new string('w', 100), "db"] }).Estimate(),
        "failed" => SampleStudy.Realistic().Estimate([.. Enumerable.Range(0, 60).Select(node => new FailedNode("web", node, "node-00", "too little memory"))]),
        "empty class" => SampleStudy.Realistic().Without(1).Estimate(),
        "what if" => SampleStudy.Realistic().EstimateWhatIf(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such case."),
    };

    private static Func<XElement, bool> HasClass(params string[] names) =>
        element => ((string?)element.Attribute("class"))?.Split(' ').Intersect(names).Any() == true;

    private static string Text(StudyResult result)
    {
        using var stream = new MemoryStream();
        ReportHtml.Write(result, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
