using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>What the fleet is like under the baseline: shares of zero-filled pages and the level of every metric.</summary>
internal static class LevelsSection
{
    public static XElement Shares(Findings findings) => Shares(findings, new Remarks("shares"));

    public static XElement Levels(Findings findings) => Levels(findings, new Remarks("levels"));

    private static XElement Shares(Findings findings, Remarks remarks) => E(
        "section",
        A("id", "shares"),
        E("h2", "Zero-filled pages"),
        E("p", $"Under {findings.Result.Baseline}. The three shares have three denominators and must not be compared as if they had one."),
        E(
            "table",
            HeaderRow(["Part of the fleet", .. MetricWording.ZeroFilledShares.Select(wording => "Share " + wording.Title)]),
            E("tbody", findings.Scopes.Select(scope => E(
                "tr",
                E("th", A("scope", "row"), Findings.ScopeName(scope)),
                MetricWording.ZeroFilledShares.Select(wording => FigureHtml.Level(findings.Level(scope, wording.Metric, findings.Result.Baseline), remarks)))))),
        remarks.List(),
        E("dl", Class("small pairs"), MetricWording.ZeroFilledShares.Select(wording => new object[]
        {
            E("dt", "Share " + wording.Title), E("dd", Metric.Find(wording.Metric)!.Meaning),
        })));

    private static XElement Levels(Findings findings, Remarks remarks) => E(
        "section",
        A("id", "levels"),
        E("h2", $"Levels under {findings.Result.Baseline}"),
        E("p", $"What is spent without any of the compared mechanisms; sums over all nodes of the part of the fleet, with {Percentage.ToText(findings.Result.Level)} intervals."),
        E("div", Class("cards"), findings.Scopes.Select(scope => E(
            "table",
            E("caption", Findings.ScopeName(scope)),
            HeaderRow("Metric", "Level"),
            E("tbody", findings.Savings.Concat(MetricWording.Others).Concat(MetricWording.Costs).Select(wording => E(
                "tr",
                E("th", A("scope", "row"), wording.Title),
                FigureHtml.Level(findings.Level(scope, wording.Metric, findings.Result.Baseline), remarks))))))),
        remarks.List());
}
