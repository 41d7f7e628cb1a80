using System.Globalization;
using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>What the study claims, judged.</summary>
internal static class ClaimsSection
{
    public static XElement Write(StudyResult result) => E(
        "section",
        A("id", "claims"),
        E("h2", "Claims"),
        result.Claims.Count == 0 ? E("p", "The study makes no claims.") : Table(result));

    private static XElement[] Table(StudyResult result) =>
    [
        E(
            "table",
            E("caption", ClaimText.HowJudged(result)),
            HeaderRow("Verdict", "Claim", "Figure and interval"),
            E("tbody", result.Claims.Select(Row))),
    ];

    private static XElement Row(ClaimResult claim)
    {
        var figure = new Interval(claim.Value, claim.Low, claim.High);
        var text = FigureHtml.Text(figure, claim.Unit);
        var verdict = claim.Verdict.ToString().ToLowerInvariant();
        return E(
            "tr",
            E("td", Class("verdict-cell " + verdict), E("span", Class("glyph"), A("aria-hidden", "true"), ReportText.Mark(claim.Verdict).ToString(CultureInfo.InvariantCulture)), " " + verdict),
            E("th", A("scope", "row"), $"{Findings.ScopeName(claim.Scope)}: {MetricWording.Claim(claim)}", E("span", Class("note"), $"{claim.Metric} of {claim.Mechanism}")),
            E(
                "td",
                Class("figure"),
                E("span", Class("value"), text.Value),
                E("span", Class("range"), text.Range ?? "no interval"),
                E("span", Class("note"), $"{MetricWording.Denominator(claim)}{(text.Range is null ? "" : $"; {ClaimText.Level(claim)} interval")}"),
                claim.Reason is null ? null : E("span", Class("note"), claim.Reason + ClaimText.Needs(claim, "; "))));
    }
}
