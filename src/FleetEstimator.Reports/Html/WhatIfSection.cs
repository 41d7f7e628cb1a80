using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>The study with one parameter changed at a time.</summary>
internal static class WhatIfSection
{
    /// <summary>The section; null if nothing is swept.</summary>
    public static XElement? Write(Findings findings) => findings.Result.Sweep.Count == 0 ? null : Write(findings, new Remarks("what-if"));

    private static XElement Write(Findings findings, Remarks remarks) => E(
        "section",
        A("id", "what-if"),
        E("h2", "What if"),
        E(
            "p",
            "The study with one parameter changed at a time, on the same nodes; all others are as in the study. Exploratory: each interval is of ",
            $"{Percentage.ToText(findings.Result.Level)} by itself, not adjusted for how many there are, and none decides a claim. Change: from the study, compared node by node. All metrics stand in report.json."),
        E("table", HeaderRow("Figure of the fleet", "With this value", "Change"), findings.Result.Sweep.Select(point => Body(findings, point, remarks))),
        remarks.List());

    private static XElement Body(Findings findings, SweepResult point, Remarks remarks) => E(
        "tbody",
        E("tr", E("th", Class("scope"), A("scope", "rowgroup"), A("colspan", "3"), $"{point.Parameter} = {point.Value}",
            E("span", Class("soft"), $" in the study {point.BaseValue}"),
            point.FailedNodes > 0 ? E("span", Class("soft"), $", {VerdictSentence.Counted(point.FailedNodes, "node")} could not be simulated so") : null)),
        SweepText.Rows(findings, point, Typography.Page).Select(row => E(
            "tr",
            E("th", A("scope", "row"), row.Title),
            E("td", Class("figure"), E("span", Class("value"), row.Figure), E("span", Class("range"), row.Range ?? "no interval", remarks.Mark(row.Remark))),
            E("td", Class("figure"), E("span", Class("value"), row.Change), E("span", Class("range"), row.ChangeRange ?? "no interval")))));
}
