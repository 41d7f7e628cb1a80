namespace FleetEstimator.Reports.Charts;

/// <summary>A page of charts as plain text of a bounded width: block characters, no colour. Equal pages give equal text.</summary>
public static class ChartPageText
{
    /// <summary>Writes the page.</summary>
    /// <param name="page">What to show.</param>
    /// <param name="writer">Where to; lines end with a line feed.</param>
    /// <param name="width">The most columns of a line, at least <see cref="ReportText.LeastWidth"/>.</param>
    public static void Write(ChartPage page, TextWriter writer, int width = ReportText.DefaultWidth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, ReportText.LeastWidth);
        var text = new TextPage(writer, width);
        text.Paragraph(page.Title);
        text.Line();
        Pairs(page.Facts, text);
        foreach (var note in page.Notes)
        {
            text.Line();
            text.Paragraph(note);
        }

        foreach (var chart in page.Charts)
        {
            text.Line();
            TextChart.Write(chart, text);
        }

        foreach (var (title, table) in page.Tables)
        {
            text.Line();
            text.Heading(title);
            if (table.Columns.Count == 2)
                Pairs([.. table.Rows.Select(row => (row[0], row[1]))], text);
            else
                Columns(table, text);
        }
    }

    private static void Pairs(IReadOnlyList<(string Name, string Value)> pairs, TextPage text)
    {
        var width = pairs.Count == 0 ? 0 : Math.Min(text.Width / 2, pairs.Max(pair => pair.Name.Length));
        foreach (var (name, value) in pairs)
            text.Paragraph($"{name.PadRight(width)}  {value}", hanging: width + 2);
    }

    private static void Columns(ChartTable table, TextPage text)
    {
        var columns = new TextTable(table.Columns);
        foreach (var row in table.Rows)
            columns.Row([.. row.Select(cell => new[] { TextPage.OneColumnEach(cell) })]);
        columns.Write(text);
    }
}
