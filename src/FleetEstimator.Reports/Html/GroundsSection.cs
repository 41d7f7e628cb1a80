using System.Globalization;
using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>What the estimates rest on and how to get them again.</summary>
internal static class GroundsSection
{
    private const int FailedNodesShown = 50;

    public static XElement Caveats(StudyResult result) => E(
        "section",
        A("id", "caveats"),
        E("h2", "Assumptions, warnings, failed nodes"),
        E("h3", "Warnings"),
        result.Warnings.Count == 0 ? E("p", "None.") : E("ul", Class("warnings"), result.Warnings.Select(warning => E("li", warning))),
        E("h3", "Assumptions"),
        result.Assumptions.Count == 0 ? E("p", "None stated.") : E("ul", result.Assumptions.Select(assumption => E("li", assumption))),
        result.Costs.Count == 0 ? null : Costs(result.Costs),
        E("h3", "Failed nodes"),
        result.FailedNodes.Count == 0 ? E("p", "None: every node was simulated to the end.") : Failed(result.FailedNodes));

    public static XElement MethodsInShort(Findings findings) => E(
        "section",
        A("id", "methods"),
        E("h2", "Methods in short"),
        E(
            "ul",
            Methods.Of(findings).Select(sentence => E("li", sentence))));

    public static XElement Reproducibility(StudyResult result) => E(
        "section",
        A("id", "reproducibility"),
        E("h2", "Reproducibility"),
        E(
            "dl",
            Class("pairs"),
            E("dt", "Study"),
            E("dd", result.Study),
            E("dt", "Study digest"),
            E("dd", E("code", result.StudyDigest)),
            E("dt", "Seed"),
            E("dd", result.Seed.ToString(CultureInfo.InvariantCulture)),
            E("dt", "Schema"),
            E("dd", result.Schema)),
        E("p", "The same study, seed and recordings give this page and report.json again, byte for byte. When, where and by which program it was made stands in run.json; every simulated node in nodes.parquet."));

    private static XElement Costs(IReadOnlyList<CostUsed> costs) => E(
        "details",
        E("summary", "The cost table"),
        E(
            "table",
            HeaderRow("Cost", "Of", "ns", "Source"),
            E("tbody", costs.Select(cost => E(
                "tr",
                E("th", A("scope", "row"), cost.Cost),
                E("td", cost.Meaning),
                E("td", FigureFormat.Count(cost.Nanoseconds)),
                E("td", (cost.IsDefault ? "default, " : "") + cost.Source))))));

    private static IEnumerable<XElement> Failed(IReadOnlyList<FailedNode> nodes)
    {
        yield return E(
            "table",
            HeaderRow("Class", "Node", "Recording", "Why"),
            E("tbody", nodes.Take(FailedNodesShown).Select(node => E(
                "tr",
                E("th", A("scope", "row"), node.Class),
                E("td", FigureFormat.Count(node.Node)),
                E("td", node.Recording),
                E("td", node.Reason)))));
        if (nodes.Count > FailedNodesShown)
            yield return E("p", $"And {FigureFormat.Count(nodes.Count - FailedNodesShown)} more, listed in report.json.");
    }
}
