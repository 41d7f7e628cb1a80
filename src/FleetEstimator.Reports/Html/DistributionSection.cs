using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>How much memory single nodes save: the fleet's total may rest on a few of them.</summary>
internal static class DistributionSection
{
    /// <summary>The section; null if no mechanism is compared.</summary>
    public static XElement? Write(Findings findings)
    {
        var savings = QuantileText.OfSavings(findings);
        if (savings.Count == 0)
            return null;
        var remarks = new Remarks("nodes");
        return E(
            "section",
            A("id", "nodes"),
            E("h2", "Memory saved on a node"),
            E("p", $"How much a node saves, by share of the fleet's nodes that save at most so much, with {Percentage.ToText(findings.Result.Level)} intervals. Read from bins 1.6% wide; quantiles of other metrics and of levels stand in report.json."),
            E(
                "table",
                HeaderRow(["Mechanism", .. savings[0].Savings.Select(quantile => $"{Percentage.ToText(quantile.Quantile.GetValueOrDefault())} of nodes save at most")]),
                E("tbody", savings.Select(entry => E(
                    "tr",
                    E("th", A("scope", "row"), findings.ShortName(entry.Mechanism)),
                    entry.Savings.Select(quantile => Cell(quantile, remarks)))))),
            remarks.List());
    }

    private static XElement Cell(Estimate quantile, Remarks remarks)
    {
        var text = FigureHtml.Text(new Interval(quantile.Value, quantile.Low, quantile.High), quantile.Unit);
        return E("td", Class("figure"), E("span", Class("value"), text.Value), E("span", Class("range"), text.Range ?? "no interval", remarks.Mark(quantile.Reason)));
    }
}
