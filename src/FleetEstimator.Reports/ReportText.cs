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

    private const int NameWidth = 22;
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
            var range = text.Range is null ? "" : $" ({text.Range})";
            page.Paragraph($"{Mark(claim.Verdict)} {claim.Verdict.ToString().ToLowerInvariant(),-9}  {Findings.ScopeName(claim.Scope)}: {claim.Text}", hanging: 13, indent: 2);
            page.Paragraph($"{text.Value}{range} {MetricWording.Denominator(claim)}{(claim.Reason is null ? "" : "; " + Sentences.Inside(claim.Reason))}", indent: 13);
        }

        page.Line();
    }

    private static void WriteSavings(Findings findings, TextPage page)
    {
        if (findings.Compared.Count == 0)
            return;
        var footnotes = new Footnotes();
        var names = new NameLegend(NameWidth);
        var bounds = false;
        page.Heading($"Saved against {findings.Result.Baseline} ({Percentage.ToText(findings.Result.Level)} intervals; negative = costs)");
        foreach (var mechanism in findings.Compared)
        {
            var table = new TextTable(["", .. MetricWording.Savings.Select(wording => wording.Title.ToLowerInvariant().Replace("rss", "RSS", StringComparison.Ordinal))]);
            foreach (var scope in findings.Scopes)
            {
                var cells = MetricWording.Savings.Select(wording => Cell(findings, scope, wording.Metric, mechanism, footnotes)).ToArray();
                bounds |= cells.Any(cell => cell[0].EndsWith(BoundsMark, StringComparison.Ordinal));
                table.Row([[names.Short(Findings.ScopeName(scope))], .. cells]);
            }

            page.Paragraph(mechanism);
            table.Write(page);
            page.Line();
        }

        if (bounds)
        {
            page.Paragraph(
                BoundsMark + " Recordings hold accesses of which neither load nor store is known: the figure is the middle between replaying them all as "
                + "loads and all as stores, and the interval spans both.",
                hanging: 2);
        }

        WriteLegend(names, footnotes, page);
    }

    // The figure, its interval, and its share of the baseline's level, which is the denominator.
    private static string[] Cell(Findings findings, string scope, string metric, string mechanism, Footnotes footnotes)
    {
        if (findings.Difference(scope, metric, mechanism) is not { Saved: { } saved } difference)
            return [FigureFormat.NoFigure];
        var text = FigureFormat.Text(saved, difference.Unit, Typography.Terminal);
        var remark = (difference.Reason ?? difference.Note) is { } said ? $" [{footnotes.Number(said)}]" : "";
        List<string> lines = [text.Value + (difference.AllReads is null ? "" : BoundsMark), (text.Range ?? "no interval") + remark];
        if (difference.SavedShare is { Value: not null } share && findings.Level(scope, metric, findings.Result.Baseline) is { Value: not null } level)
        {
            var whole = FigureFormat.Text(new Interval(level.Value, level.Low, level.High), level.Unit, Typography.Terminal).Value;
            lines.Add($"{FigureFormat.Text(share, MetricUnit.One, Typography.Terminal).Value} of {whole}");
        }

        return [.. lines];
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
