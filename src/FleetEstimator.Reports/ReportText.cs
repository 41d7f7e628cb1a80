using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>
/// The tables with which <c>fleet-estimator run</c> ends: plain text of a bounded width, ASCII but for ± ✓ ✗ ≥, without colour. Equal results give equal
/// text.
/// </summary>
public static class ReportText
{
    /// <summary>Columns unless told otherwise.</summary>
    public const int DefaultWidth = 100;

    /// <summary>The least width: a figure, its interval and a name fit.</summary>
    public const int LeastWidth = 60;

    private const int NameWidth = 16;
    private const string BoundsMark = "*";

    /// <summary>Writes the tables.</summary>
    /// <param name="result">What the study came to.</param>
    /// <param name="writer">Where to; lines end with a line feed.</param>
    /// <param name="width">The most columns of a line, at least <see cref="LeastWidth"/>.</param>
    public static void Write(StudyResult result, TextWriter writer, int width = DefaultWidth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, LeastWidth);
        var findings = new Findings(result);
        var page = new TextPage(writer, width);
        WriteHead(findings, page);
        WriteClaims(result, page);
        WriteSavings(findings, page);
        WriteShares(findings, page);
        WriteQuantiles(findings, page);
        WriteSimulation(result, page);
        WriteSweep(findings, page);
        WriteBacktests(result, page);
        WriteRemarks(result, page);
    }

    /// <summary>The mark of a verdict: ✓, ✗ or ?.</summary>
    public static char Mark(Verdict verdict) => verdict switch
    {
        Verdict.Supported => '✓',
        Verdict.Refuted => '✗',
        _ => '?',
    };

    private static void WriteHead(Findings findings, TextPage page)
    {
        var result = findings.Result;
        page.Paragraph($"{result.Study}: {VerdictSentence.Of(findings, Typography.Terminal)}");
        if (result.FailedNodes.Count > 0)
            page.Paragraph($"PARTIAL: {VerdictSentence.Counted(result.FailedNodes.Count, "node")} could not be simulated.");
        page.Line();
    }

    private static void WriteClaims(StudyResult result, TextPage page)
    {
        if (result.Claims.Count == 0)
            return;
        page.Heading("Claims");
        foreach (var claim in result.Claims)
        {
            var figure = new Interval(claim.Value, claim.Low, claim.High);
            var text = FigureFormat.Text(figure, claim.Unit, Typography.Terminal);
            var range = text.Range is null ? "" : $" ({text.Range}, {ClaimText.Level(claim)} interval)";
            page.Paragraph($"{Mark(claim.Verdict)} {claim.Verdict.ToString().ToLowerInvariant(),-9}  {Findings.ScopeName(claim.Scope)}: {MetricWording.Claim(claim)} ({claim.Mechanism})", hanging: 15, indent: 2);
            page.Paragraph($"{text.Value}{range} {MetricWording.Denominator(claim)}{(claim.Reason is null ? "" : "; " + Sentences.Inside(claim.Reason))}{ClaimText.Needs(claim, "; ")}", indent: 15);
        }

        page.Line();
        page.Paragraph(ClaimText.HowJudged(result));

        page.Line();
    }

    private static void WriteSavings(Findings findings, TextPage page)
    {
        var baseline = findings.Result.Baseline;
        var footnotes = new Footnotes();
        var names = new NameLegend(NameWidth);
        page.Heading($"Under {baseline} ({Percentage.ToText(findings.Result.Level)} intervals)");
        Table(findings, names, (scope, metric) => LevelCell(findings.Level(scope, metric, baseline), footnotes)).Write(page);
        page.Line();
        foreach (var mechanism in findings.Compared)
        {
            page.Heading($"Saved by {mechanism}, with the share of the level above; negative = costs");
            Table(findings, names, (scope, metric) => SavedCell(findings.Difference(scope, metric, mechanism), footnotes)).Write(page);
            page.Line();
        }

        if (findings.Result.Estimates.Any(estimate => estimate.AllReads is not null))
        {
            page.Paragraph(
                BoundsMark + " Some recordings do not tell loads from stores: the figure is the middle between replaying all such accesses as loads and all as "
                + $"stores, the interval spans both. {ResultFolder.HtmlName} shows both ends.",
                hanging: 2);
            page.Line();
        }

        if (Methods.Components(findings) is { } components)
        {
            page.Paragraph(components);
            page.Line();
        }

        WriteLegend(names, footnotes, page);
    }

    private static TextTable Table(Findings findings, NameLegend names, Func<string, string, string[]> cell)
    {
        var table = new TextTable(["", .. findings.Savings.Select(wording => wording.ShortTitle)]);
        foreach (var scope in findings.Scopes)
            table.Row([[names.Short(Findings.ScopeName(scope))], .. findings.Savings.Select(wording => cell(scope, wording.Metric))]);
        return table;
    }

    private static string[] LevelCell(Estimate? level, Footnotes footnotes) =>
        level is null ? [FigureFormat.NoFigure] : Lines(new Interval(level.Value, level.Low, level.High), level, footnotes);

    private static string[] SavedCell(Estimate? difference, Footnotes footnotes)
    {
        if (difference?.Saved is not { } saved)
            return [FigureFormat.NoFigure];
        var lines = Lines(saved, difference, footnotes);
        return difference.SavedShare is { Value: not null } share ? [.. lines, FigureFormat.Text(share, MetricUnit.One, Typography.Terminal).Value] : lines;
    }

    // The figure, and below it, in the same unit, its interval.
    private static string[] Lines(Interval figure, Estimate estimate, Footnotes footnotes)
    {
        var format = FigureFormat.For(figure, estimate.Unit, Typography.Terminal);
        // The column is called faults.
        var value = format.Value(figure.Value).Replace(" faults/s", "/s", StringComparison.Ordinal);
        var remark = (estimate.Reason ?? estimate.Note) is { } said ? $" [{footnotes.Number(said)}]" : "";
        return [value + (estimate.AllReads is null ? "" : BoundsMark), (format.Ends(figure) ?? "no interval") + remark];
    }

    private static void WriteShares(Findings findings, TextPage page)
    {
        var baseline = findings.Result.Baseline;
        var footnotes = new Footnotes();
        page.Heading($"Zero-filled pages under {baseline}, as a share of");
        foreach (var wording in MetricWording.ZeroFilledShares)
        {
            if (findings.Level(EstimateScope.Fleet, wording.Metric, baseline) is not { } level)
                continue;
            var text = FigureFormat.Text(new Interval(level.Value, level.Low, level.High), level.Unit, Typography.Terminal);
            var range = text.Range is null ? "" : $" ({text.Range})";
            var remark = (level.Reason ?? level.Note) is { } said ? $" [{footnotes.Number(said)}]" : "";
            page.Paragraph($"{wording.Share}: {text.Value}{range}{remark}", hanging: 2, indent: 2);
        }

        page.Line();
        WriteLegend(new NameLegend(NameWidth), footnotes, page);
    }

    private static void WriteQuantiles(Findings findings, TextPage page)
    {
        var quantiles = QuantileText.OfSavings(findings);
        if (quantiles.Count == 0)
            return;
        page.Heading("Memory saved on a node: a tenth, half and nine tenths of the fleet's nodes save at most");
        var footnotes = new Footnotes();
        foreach (var (mechanism, values) in quantiles)
            page.Paragraph($"{mechanism}: {string.Join(", ", values.Select(value => Text(value, footnotes)))}", hanging: 4, indent: 2);
        page.Line();
        WriteLegend(new NameLegend(NameWidth), footnotes, page);
    }

    private static string Text(Estimate quantile, Footnotes footnotes)
    {
        var text = FigureFormat.Text(new Interval(quantile.Value, quantile.Low, quantile.High), quantile.Unit, Typography.Terminal);
        return $"{text.Value} ({text.Range ?? "no interval"}){(quantile.Reason is { } reason ? $" [{footnotes.Number(reason)}]" : "")}";
    }

    private static void WriteSimulation(StudyResult result, TextPage page)
    {
        if (SimulationText.Of(result) is not { } sentences)
            return;
        page.Heading("How much was simulated");
        foreach (var sentence in sentences)
            page.Paragraph(sentence, hanging: 2, indent: 2);
        page.Line();
    }

    private static void WriteSweep(Findings findings, TextPage page)
    {
        var result = findings.Result;
        if (result.Sweep.Count == 0)
            return;
        page.Heading($"What if, on the same nodes (exploratory; {Percentage.ToText(result.Level)} intervals each, not adjusted for their number)");
        var footnotes = new Footnotes();
        foreach (var point in result.Sweep)
        {
            page.Paragraph($"{point.Parameter} = {point.Value} (in the study: {point.BaseValue})", indent: 2);
            foreach (var row in SweepText.Rows(findings, point, Typography.Terminal))
            {
                var remark = row.Remark is null ? "" : $" [{footnotes.Number(row.Remark)}]";
                page.Paragraph($"{row.Title}: {row.Figure} ({row.Range ?? "no interval"}); change {row.Change} ({row.ChangeRange ?? "no interval"}){remark}", hanging: 4, indent: 4);
            }
        }

        page.Line();
        WriteLegend(new NameLegend(NameWidth), footnotes, page);
    }

    private static void WriteBacktests(StudyResult result, TextPage page)
    {
        if (result.Backtest.Count == 0)
            return;
        page.Heading("Backtest: the model on the recordings themselves, against what their kernels counted");
        foreach (var backtest in result.Backtest.Where(backtest => backtest.Reason is null))
        {
            foreach (var run in backtest.Runs)
                page.Paragraph($"{BacktestText.Title(backtest, result.Backtest)}, {BacktestText.Title(run.Mode).ToLowerInvariant()}: {run.Verdict}", hanging: 4, indent: 2);
        }

        foreach (var others in result.Backtest.Where(backtest => backtest.Reason is not null).GroupBy(backtest => backtest.Reason))
            page.Paragraph($"Not backtested, {others.Key}: {string.Join(", ", others.Select(backtest => BacktestText.Title(backtest, result.Backtest)))}", hanging: 4, indent: 2);
        page.Line();
    }

    private static void WriteLegend(NameLegend names, Footnotes footnotes, TextPage page)
    {
        foreach (var (@short, full) in names.Shortened)
            page.Paragraph($"{@short} = {full}", hanging: 2);
        for (var number = 1; number <= footnotes.Texts.Count; number++)
            page.Paragraph($"[{number}] {footnotes.Texts[number - 1]}", hanging: 4);
        if (names.Shortened.Count + footnotes.Texts.Count > 0)
            page.Line();
    }

    private static void WriteRemarks(StudyResult result, TextPage page)
    {
        if (result.Warnings.Count > 0)
        {
            page.Heading("Warnings");
            foreach (var warning in result.Warnings)
                page.Paragraph("- " + warning, hanging: 4, indent: 2);
            page.Line();
        }

        if (result.FailedNodes.Count == 0)
            return;
        const int shown = 10;
        page.Heading("Nodes that could not be simulated");
        foreach (var node in result.FailedNodes.Take(shown))
            page.Paragraph($"- {node.Class} {FigureFormat.Count(node.Node)} ({node.Recording}): {node.Reason}", hanging: 4, indent: 2);
        if (result.FailedNodes.Count > shown)
            page.Paragraph($"- and {FigureFormat.Count(result.FailedNodes.Count - shown)} more, listed in {ResultFolder.JsonName}", indent: 2);
        page.Line();
    }
}
