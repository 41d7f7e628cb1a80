using System.Globalization;
using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>A backtest as tables of plain text, as <see cref="ReportText"/> writes them.</summary>
public static class BacktestText
{
    /// <summary>Writes a backtest in full.</summary>
    /// <param name="backtest">The backtest.</param>
    /// <param name="writer">Where to; lines end with a line feed.</param>
    /// <param name="width">The most columns of a line, at least <see cref="ReportText.LeastWidth"/>.</param>
    public static void Write(RecordingBacktest backtest, TextWriter writer, int width = ReportText.DefaultWidth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, ReportText.LeastWidth);
        var page = new TextPage(writer, width);
        if (backtest.Reason is { } reason)
        {
            page.Paragraph($"{backtest.Node}: not backtested, {reason}.", hanging: 2);
            return;
        }

        page.Paragraph($"{backtest.Node}: Linux {backtest.KernelRelease}, replayed as {backtest.Settings}.", hanging: 2);
        page.Paragraph($"Counted by its kernel ({backtest.Source}) from {Seconds(backtest.FromMicroseconds)} to {Seconds(backtest.ToMicroseconds)} s. All figures are pages.");
        page.Line();
        foreach (var run in backtest.Runs)
        {
            page.Heading($"{Title(run.Mode)}: {run.DrivenBy}");
            page.Paragraph(run.Verdict);
            page.Line();
            if (run.Totals.Count == 0)
                continue;
            Totals(run).Write(page);
            page.Line();
            if (run.Windows.Count > 1)
            {
                Windows(run).Write(page);
                page.Line();
            }
        }

        if (backtest.Caveats.Count == 0)
            return;
        page.Heading("What this cannot tell");
        foreach (var caveat in backtest.Caveats)
            page.Paragraph("- " + caveat, hanging: 4, indent: 2);
    }

    /// <summary>What a backtest is called among others: its node, and with several files of one node, when each was begun.</summary>
    internal static string Title(RecordingBacktest backtest, IEnumerable<RecordingBacktest> all) => all.Count(other => other.Node == backtest.Node) == 1
        ? backtest.Node
        : $"{backtest.Node} ({backtest.RecordedAt.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)})";

    /// <summary>What a replay is called.</summary>
    internal static string Title(BacktestMode mode) => mode == BacktestMode.Driven ? "Driven" : "Free";

    /// <summary>The name of a counter for people.</summary>
    internal static string Name(string counter) => counter.Replace('_', counter is BacktestCounter.SwappedOut or BacktestCounter.SwappedIn ? ' ' : '_');

    /// <summary>What the model counted: a figure or a range, with its error.</summary>
    internal static string Modelled(CounterError error) =>
        Range(Pages(error.ModelledLow), Pages(error.ModelledHigh)) + (error.PageSamplingError is { } sampling ? $" ± {Pages((long)Math.Ceiling(sampling))}" : "");

    /// <summary>Modelled minus counted.</summary>
    internal static string Difference(CounterError error) => Range(Signed(error.DifferenceLow), Signed(error.DifferenceHigh));

    /// <summary>Modelled by counted.</summary>
    internal static string Ratio(CounterError error) => error is { RatioLow: { } low, RatioHigh: { } high } ? Range(Ratio(low), Ratio(high)) : "-";

    /// <summary>A time within a recording.</summary>
    internal static string Seconds(long microseconds) => (microseconds / 1e6).ToString("0.#", CultureInfo.InvariantCulture);

    private static TextTable Totals(BacktestRun run)
    {
        var table = new TextTable(["", "counted", "modelled", "difference", "ratio"]);
        foreach (var error in run.Totals)
            table.Row([[Name(error.Counter)], [Pages(error.Counted)], [Modelled(error)], [Difference(error)], [Ratio(error)]]);
        return table;
    }

    private static TextTable Windows(BacktestRun run)
    {
        var counters = run.Totals.Select(total => total.Counter).Where(counter => counter is BacktestCounter.SwappedOut or BacktestCounter.SwappedIn).ToList();
        var table = new TextTable(["from, s", .. counters.SelectMany(counter => new[] { $"{Name(counter)}, counted", "modelled" })]);
        foreach (var window in run.Windows)
        {
            table.Row([[Seconds(window.FromMicroseconds)], .. counters.SelectMany(counter => window.Errors.FirstOrDefault(error => error.Counter == counter) is { } error
                ? new string[][] { [Pages(error.Counted)], [Modelled(error)] }
                : [["0"], ["0"]])]);
        }

        return table;
    }

    private static string Range(string low, string high) => low == high ? low : $"{low} to {high}";

    private static string Pages(long pages) => pages.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Signed(long pages) => pages.ToString("+#,0;-#,0;0", CultureInfo.InvariantCulture);

    private static string Ratio(double ratio) => ratio.ToString("0.00", CultureInfo.InvariantCulture);
}
