using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>The top of the page: the verdict, and its figures large.</summary>
internal static class VerdictSection
{
    public static XElement Write(Findings findings)
    {
        var result = findings.Result;
        var verdict = VerdictSentence.Of(findings, Typography.Page);
        return E(
            "section",
            A("id", "verdict"),
            A("aria-label", "Verdict"),
            E("p", Class("verdict"), verdict.Lead, E("strong", verdict.Headline), verdict.Rest),
            Alerts(result),
            findings.Leading is { } mechanism ? Tiles(findings, mechanism) : null);
    }

    // What makes the figures less than they look must be seen before them.
    private static IEnumerable<XElement> Alerts(StudyResult result)
    {
        if (result.FailedNodes.Count > 0)
            yield return Alert("Partial result: ", $"{VerdictSentence.Counted(result.FailedNodes.Count, "node")} could not be simulated; ", "which and why");
        if (result.Warnings.Count > 0)
            yield return Alert(VerdictSentence.Counted(result.Warnings.Count, "warning"), " about what the figures rest on; ", "read them");
    }

    private static XElement Alert(string strong, string text, string link) =>
        E("p", Class("alert"), E("strong", strong), text, E("a", A("href", "#caveats"), link), ".");

    private static XElement[] Tiles(Findings findings, string mechanism)
    {
        var baseline = findings.Result.Baseline;
        return
        [
            E("h2", Class("tiles-title"), $"{mechanism} against {baseline}, whole fleet"),
            E(
                "dl",
                Class("tiles"),
                MetricWording.Savings.Select(wording => Tile(findings, wording, mechanism, cost: false)),
                MetricWording.Costs.Select(wording => Tile(findings, wording, mechanism, cost: true))),
            E("p", Class("small"), $"Below each figure its {Percentage.ToText(findings.Result.Level)} interval and its share of the fleet's level under {baseline}."),
        ];
    }

    private static XElement? Tile(Findings findings, MetricWording wording, string mechanism, bool cost)
    {
        if (findings.Difference(EstimateScope.Fleet, wording.Metric, mechanism) is not { Saved: { } saved } difference)
            return null;
        var figure = cost ? FigureHtml.Of(difference) : saved;
        var format = FigureFormat.For(figure, difference.Unit, Typography.Page);
        var share = cost ? difference.Relative : difference.SavedShare;
        var shareText = share is { Value: not null } ? FigureFormat.For(share, MetricUnit.One, Typography.Page) : null;
        return E(
            "div",
            Class(cost ? "tile price" : "tile"),
            E("dt", cost ? $"Extra {wording.Share}" : $"{wording.Title} {wording.Verb}", " ", FigureHtml.Tag(saved)),
            E("dd", Class("big"), cost ? format.Extra(figure.Value) : format.Value(figure.Value)),
            E("dd", Class("range"), format.Range(figure) ?? "no interval"),
            shareText is null ? null : E("dd", Class("range"), $"{(cost ? shareText.Extra(share!.Value) : shareText.Value(share!.Value))} of {wording.Share}"));
    }
}
