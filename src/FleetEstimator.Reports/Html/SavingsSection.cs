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

    private static IEnumerable<object?> Body(Findings findings)
    {
        var level = Percentage.ToText(findings.Result.Level);
        yield return E(
            "p",
            $"A saving is the baseline minus the mechanism; a negative saving is a cost. Beside each figure stands its {level} interval. ",
            "Where recordings do not tell loads from stores, the figure is the middle between replaying all such accesses as loads and all as stores; both ends stand below it.");
        yield return E("p", Class("small"), "Charts: mark = estimate, line = interval, broad band = from all loads to all stores, hollow mark = no interval, vertical line = no saving.");
        yield return Legend(findings);
        var remarks = new Remarks("savings");
        foreach (var wording in findings.Savings)
            yield return Metric(findings, wording, level, remarks);
        yield return Costs(findings, remarks);
        yield return remarks.List();
    }

    private static XElement Legend(Findings findings) => E(
        "ul",
        Class("legend"),
        findings.Compared.Select((mechanism, index) => E(
            "li",
            Series.Inline(index),
            " " + mechanism,
            findings.ShortName(mechanism) == mechanism ? null : E("span", Class("soft"), ", below ", findings.ShortName(mechanism)))));

    private static XElement Metric(Findings findings, MetricWording wording, string level, Remarks remarks)
    {
        var verb = wording.Verb;
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
                    HeaderRow("Mechanism", $"{char.ToUpperInvariant(verb[0])}{verb[1..]}", $"Share of the level under {findings.Result.Baseline}"),
                    findings.Scopes.Select(scope => Rows(findings, scope, wording, remarks)))));
    }

    private static ChartGroup Group(Findings findings, string scope, string metric) => new(
        Findings.ScopeName(scope),
        [.. findings.Compared.Select((mechanism, index) => findings.Difference(scope, metric, mechanism) is { Saved: { } saved } difference
            ? new ChartRow(index, saved, difference is { AllReads.Value: { } reads, AllWrites.Value: { } writes } ? (-reads, -writes) : null)
            : new ChartRow(index, new Interval(null, null, null), null))]);

    private static XElement Rows(Findings findings, string scope, MetricWording wording, Remarks remarks) => E(
        "tbody",
        E("tr", ScopeHeader(findings, scope, wording)),
        findings.Compared.Select((mechanism, index) =>
        {
            var difference = findings.Difference(scope, wording.Metric, mechanism);
            return E(
                "tr",
                MechanismHeader(findings, mechanism, index),
                FigureHtml.Saved(difference, remarks),
                FigureHtml.SavedShare(difference));
        }));

    // The part of the fleet, and beside it what every share below it is a share of.
    private static XElement ScopeHeader(Findings findings, string scope, MetricWording wording)
    {
        var level = findings.Level(scope, wording.Metric, findings.Result.Baseline);
        return E(
            "th",
            Class("scope"),
            A("scope", "rowgroup"),
            A("colspan", "3"),
            Findings.ScopeName(scope),
            level?.Value is null ? null : E("span", Class("soft"), " " + wording.Amount(FigureHtml.Text(FigureHtml.Of(level), level.Unit).Value)));
    }

    private static XElement Costs(Findings findings, Remarks remarks) => E(
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
                    MechanismHeader(findings, mechanism, index),
                    MetricWording.Costs.Select(wording => FigureHtml.Extra(findings.Difference(scope, wording.Metric, mechanism), remarks))))))));

    private static XElement MechanismHeader(Findings findings, string mechanism, int index) =>
        E("th", A("scope", "row"), Class("mechanism"), Series.Inline(index), " " + findings.ShortName(mechanism));
}
