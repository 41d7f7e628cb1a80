using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>What every mechanism saves against the baseline and what it costs, for the fleet and each class.</summary>
internal static class SavingsSection
{
    public static XElement Write(Findings findings)
    {
        var result = findings.Result;
        return E(
            "section",
            A("id", "savings"),
            E("h2", $"Savings and costs against {result.Baseline}"),
            findings.Compared.Count == 0
                ? E("p", "The study compares no other mechanism with the baseline.")
                : Body(findings));
    }

    private static IEnumerable<object> Body(Findings findings)
    {
        var level = Percentage.ToText(findings.Result.Level);
        yield return E(
            "p",
            $"A saving is the baseline minus the mechanism; a negative saving is a cost. The line under each figure is its {level} interval. ",
            "Charts: the mark is the estimate, the line its interval, a broad band spans the two readings of accesses of unknown kind, and a hollow mark has no interval.");
        yield return Legend(findings);
        foreach (var wording in MetricWording.Savings)
            yield return Metric(findings, wording, level);
        yield return Costs(findings);
    }

    private static XElement Legend(Findings findings) => E(
        "ul",
        Class("legend"),
        findings.Compared.Select((mechanism, index) => E("li", Series.Inline(index), " " + mechanism)));

    private static XElement Metric(Findings findings, MetricWording wording, string level)
    {
        var verb = wording.Metric is "memory_mean" or "rss_mean" ? "saved" : "avoided";
        var unit = Estimation.Metric.Find(wording.Metric)!.Unit;
        var chart = new IntervalChart(
            "chart-" + wording.Metric.Replace('_', '-'),
            $"{wording.Title} {verb} against {findings.Result.Baseline}, with {level} intervals",
            verb,
            unit,
            [.. findings.Scopes.Select(scope => Group(findings, scope, wording.Metric))]);
        return E(
            "section",
            Class("metric"),
            E("h3", $"{wording.Title} {verb}"),
            E("p", Class("small"), Estimation.Metric.Find(wording.Metric)!.Meaning),
            E(
                "div",
                Class("chart-and-table"),
                E("figure", chart.Draw()),
                E(
                    "table",
                    E("caption", Class("hidden"), $"{wording.Title} {verb}"),
                    HeaderRow("Mechanism", $"{char.ToUpperInvariant(verb[0])}{verb[1..]}", "Share of the baseline"),
                    findings.Scopes.Select(scope => Rows(findings, scope, wording)))));
    }

    private static ChartGroup Group(Findings findings, string scope, string metric) => new(
        Findings.ScopeName(scope),
        [.. findings.Compared.Select((mechanism, index) => findings.Difference(scope, metric, mechanism) is { Saved: { } saved } difference
            ? new ChartRow(index, saved, difference is { AllReads.Value: { } reads, AllWrites.Value: { } writes } ? (-reads, -writes) : null)
            : new ChartRow(index, new Interval(null, null, null), null))]);

    private static XElement Rows(Findings findings, string scope, MetricWording wording) => E(
        "tbody",
        E("tr", E("th", Class("scope"), A("scope", "rowgroup"), A("colspan", "3"), Findings.ScopeName(scope))),
        findings.Compared.Select((mechanism, index) =>
        {
            var difference = findings.Difference(scope, wording.Metric, mechanism);
            return E(
                "tr",
                MechanismHeader(mechanism, index),
                FigureHtml.Saved(difference),
                FigureHtml.SavedShare(difference, findings.Level(scope, wording.Metric, findings.Result.Baseline), wording.Share));
        }));

    private static XElement Costs(Findings findings) => E(
        "section",
        Class("metric"),
        E("h3", "The price: what each mechanism adds"),
        E(
            "p",
            Class("small"),
            "Mechanism minus baseline. Minor faults are served without reading the page; CPU time is by the cost table (1 CPU busy = 1,000,000 µs/s); ",
            "hidden pages no longer appear in their users' swap accounting although their content was swapped out."),
        E(
            "table",
            HeaderRow(["Mechanism", .. MetricWording.Costs.Select(wording => wording.Title)]),
            findings.Scopes.Select(scope => E(
                "tbody",
                E("tr", E("th", Class("scope"), A("scope", "rowgroup"), A("colspan", "4"), Findings.ScopeName(scope))),
                findings.Compared.Select((mechanism, index) => E(
                    "tr",
                    MechanismHeader(mechanism, index),
                    MetricWording.Costs.Select(wording => FigureHtml.Extra(findings.Difference(scope, wording.Metric, mechanism)))))))));

    private static XElement MechanismHeader(string mechanism, int index) => E("th", A("scope", "row"), Class("mechanism"), Series.Inline(index), " " + mechanism);
}
