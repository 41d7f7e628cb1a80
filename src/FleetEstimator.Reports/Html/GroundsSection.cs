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
        E("h3", "Failed nodes"),
        result.FailedNodes.Count == 0 ? E("p", "None: every node was simulated to the end.") : Failed(result.FailedNodes));

    public static XElement Methods(StudyResult result) => E(
        "section",
        A("id", "methods"),
        E("h2", "Methods in short"),
        E(
            "ul",
            E("li", "The sampling unit is the recording. Nodes that replay the same recording are averaged first; only differences between recordings count as evidence about the fleet."),
            E("li", $"Each class is a stratum. Its total is the mean over its recordings times its nodes; the fleet is the sum of its classes. Intervals are t intervals at {Percentage.ToText(result.Level)}."),
            E("li", "A saving is taken node by node between two replays of the same recording, so that what both have in common cancels out."),
            E("li", "Where a recording does not tell loads from stores, every node is replayed twice, once with loads only and once with stores only. The figure is the middle, and the interval spans both intervals."),
            E("li", "Every simulated node adds noise of its own (where it starts in its recording). That part of the uncertainty is contained in the interval and stands apart in report.json (simulation_half_width): only it shrinks with more simulated nodes; the rest needs more recordings."),
            E("li", "Where fewer recordings than an interval needs are at hand, none is given and the reason stands in its place.")));

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
