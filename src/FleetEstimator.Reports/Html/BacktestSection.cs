using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>How the model did on the recordings themselves: what it swaps against what their kernels counted.</summary>
internal static class BacktestSection
{
    public static XElement Write(StudyResult result)
    {
        var tested = result.Backtest.Where(backtest => backtest.Reason is null).ToList();
        return E(
            "section",
            A("id", "backtest"),
            E("h2", "Backtest"),
            E(
                "p",
                "Each recording with kernel counters beside it was replayed under its node's own settings. Driven: pages leave as they left on the node, so that what comes back, and what of it is zeros, is the model's. ",
                "Free: the model decides, with as much memory as the node's kernel had. All figures are pages."),
            tested.Count == 0 ? E("p", "No recording has kernel counters beside it, so that none was backtested.") : tested.Select(backtest => Recording(backtest, result.Backtest)),
            NotTested([.. result.Backtest.Where(backtest => backtest.Reason is not null)], tested.Count > 0));
    }

    private static XElement Recording(RecordingBacktest backtest, IReadOnlyList<RecordingBacktest> all) => E(
        "section",
        Class("recording"),
        E("h3", BacktestText.Title(backtest, all)),
        E("p", Class("small"), $"Linux {backtest.KernelRelease}, replayed as {backtest.Settings}; counted: {backtest.Source}, from {BacktestText.Seconds(backtest.FromMicroseconds)} to {BacktestText.Seconds(backtest.ToMicroseconds)} s."),
        backtest.Runs.Select(run => new object[]
        {
            E("p", E("strong", BacktestText.Title(run.Mode)), $" ({run.DrivenBy}). {run.Verdict}"),
            run.Totals.Count == 0 ? [] : Totals(run),
        }),
        E("details", E("summary", "What this cannot tell"), E("ul", backtest.Caveats.Select(caveat => E("li", caveat)))));

    private static object[] Totals(BacktestRun run) =>
    [
        E(
            "table",
            HeaderRow("Counter", "Counted", "Modelled", "Difference", "Ratio"),
            E("tbody", run.Totals.Select(Row))),
        E("details", E("summary", "Over time"), run.Windows.Select(window => E(
            "table",
            E("caption", $"{BacktestText.Seconds(window.FromMicroseconds)} to {BacktestText.Seconds(window.ToMicroseconds)} s"),
            HeaderRow("Counter", "Counted", "Modelled", "Difference", "Ratio"),
            E("tbody", window.Errors.Select(Row))))),
    ];

    private static XElement Row(CounterError error) => E(
        "tr",
        E("th", A("scope", "row"), BacktestText.Name(error.Counter)),
        E("td", Class("figure"), FigureFormat.Count(error.Counted)),
        E("td", Class("figure"), BacktestText.Modelled(error)),
        E("td", Class("figure"), BacktestText.Difference(error)),
        E("td", Class("figure"), BacktestText.Ratio(error)));

    private static XElement? NotTested(IReadOnlyList<RecordingBacktest> backtests, bool someWere) => backtests.Count == 0 ? null : E(
        "details",
        someWere ? null : A("open", "open"),
        E("summary", $"Not backtested: {VerdictSentence.Counted(backtests.Count, "recording")}"),
        E("ul", backtests.Select(backtest => E("li", $"{backtest.Node}: {backtest.Reason}"))));
}
