namespace FleetEstimator.Reports.Charts;

/// <summary>Draws charts with block characters, readable without colour and in any width from <see cref="ReportText.LeastWidth"/> on.</summary>
internal static class TextChart
{
    private const string Levels = "▁▂▃▄▅▆▇█";
    private const string Fills = "█▒▓░";
    private const string Shades = "·░░▒▒▓▓█";
    private const int HeatRowsMax = 24;
    private const int NameWidth = 18;

    /// <summary>Title, description and drawing.</summary>
    public static void Write(Chart chart, TextPage page)
    {
        page.Heading(chart.Title);
        page.Paragraph(chart.Description);
        if (chart.Nothing is { } nothing)
        {
            page.Paragraph(nothing, indent: 2);
            return;
        }

        switch (chart)
        {
            case LineChart { Across.Logarithmic: true, Lines: [var line] } lines:
                WriteBars(lines, line, page);
                break;
            case LineChart lines:
                WriteSparks(lines.Lines.Select(line => (line.Name, (IReadOnlyList<double>)[.. line.Points.Select(point => point.Y)])), lines.Up, page, lines.Lines.Max(line => line.Points.Max(point => point.Y)));
                break;
            case AreaChart areas:
                // A small layer would not be seen on the scale of all.
                WriteSparks(WithSum(areas), areas.Up, page, top: null);
                break;
            case HeatChart heat:
                WriteHeat(heat, page);
                break;
            case ShareChart shares:
                WriteShares(shares, page);
                break;
            default:
                throw new ArgumentException($"{chart.GetType()} cannot be drawn.", nameof(chart));
        }
    }

    private static IEnumerable<(string, IReadOnlyList<double>)> WithSum(AreaChart chart) =>
        chart.Layers.Select(layer => (layer.Name, layer.Values))
            .Prepend(("all", [.. chart.ColumnEnds.Select((_, column) => chart.Layers.Sum(layer => layer.Values[column]))]));

    private static void WriteSparks(IEnumerable<(string Name, IReadOnlyList<double> Values)> lines, ChartAxis axis, TextPage page, double? top)
    {
        const int range = 26;
        var legend = new NameLegend(NameWidth);
        var width = page.Width - NameWidth - range - 4;
        foreach (var (name, values) in lines)
        {
            var (least, most) = (values.Min(), values.Max());
            var full = top ?? most;
            var spark = string.Concat(Stretch(values, width).Select(value => full <= 0 ? ' ' : Levels[Math.Clamp((int)(value / full * Levels.Length), 0, Levels.Length - 1)]));
            var (low, high) = (Measures.Text(least, axis.Measure), Measures.Text(most, axis.Measure));
            var text = low == high ? high : $"{low} to {high}";
            page.Line($"  {legend.Short(name),-NameWidth} {spark}  {text}");
        }
    }

    private static void WriteBars(LineChart chart, ChartLine line, TextPage page)
    {
        const int text = 40;
        var most = line.Points.Max(point => point.Y);
        foreach (var point in line.Points)
        {
            var figure = Measures.Text(point.Y, chart.Up.Measure);
            if (point.Range is var (low, high) && low < high)
                figure += $" ({Measures.Text(low, chart.Up.Measure)} to {Measures.Text(high, chart.Up.Measure)})";
            page.Line($"  {Measures.Text(point.X, chart.Across.Measure),10} {Bar(most <= 0 ? 0 : point.Y / most, page.Width - text - 14),0} {figure}");
        }
    }

    private static string Bar(double share, int width)
    {
        var filled = (int)Math.Round(share * width);
        return new string('█', filled) + new string('·', width - filled);
    }

    private static void WriteHeat(HeatChart chart, TextPage page)
    {
        var legend = new NameLegend(NameWidth);
        var width = page.Width - NameWidth - 5;
        var together = (chart.Rows.Count + HeatRowsMax - 1) / HeatRowsMax;
        List<string> names = [.. chart.Bands.SelectMany(band => Enumerable.Repeat(band.Name, band.Rows))];
        var before = "";
        for (var row = 0; row < chart.Rows.Count; row += together)
        {
            var rows = chart.Rows.Skip(row).Take(together).ToList();
            List<double> shares = [.. Enumerable.Range(0, chart.ColumnEnds.Count).Select(column => rows.Average(shares => shares[column]))];
            var cells = string.Concat(Stretch(shares, width).Select(share => Shades[Palette.ShadeOf(share)]));
            page.Line($"  {(names[row] == before ? "" : legend.Short(names[row])),-NameWidth} │{cells}│");
            before = names[row];
        }

        var end = Measures.Text(chart.ColumnEnds[^1], chart.Across.Measure);
        page.Line($"  {new string(' ', NameWidth)}  0{end.PadLeft(StretchedWidth(chart.ColumnEnds.Count, width) - 1)}");
        page.Paragraph($"{Shades[0]} none   {Shades[1]} up to 2/7   {Shades[3]} 4/7   {Shades[5]} 6/7   {Shades[7]} above: {chart.Full}", indent: 2);
    }

    private static void WriteShares(ShareChart chart, TextPage page)
    {
        var width = page.Width - 2;
        page.Paragraph(string.Join("   ", chart.Parts.Select((part, index) => $"{Fills[index]} {part}")), indent: 2);
        foreach (var bar in chart.Bars)
        {
            page.Paragraph(bar.Name, indent: 2);
            if (bar.Shares.Count == 0)
            {
                page.Line("  none");
                continue;
            }

            var (line, end, sum) = (new System.Text.StringBuilder(), 0, 0.0);
            for (var part = 0; part < bar.Shares.Count; part++)
            {
                sum += bar.Shares[part];
                // What there is of a part is seen, however little.
                var next = Math.Max((int)Math.Round(sum * width), end + (bar.Shares[part] > 0 ? 1 : 0));
                line.Append(Fills[part], Math.Min(next, width) - Math.Min(end, width));
                end = next;
            }

            page.Line("  " + line);
            page.Paragraph(string.Join("   ", bar.Shares.Select((share, part) => $"{chart.Parts[part]} {Measures.Text(share, Measure.Share)}")), indent: 2);
        }
    }

    // Every value as wide as all others; the greatest of those that share a character.
    private static IEnumerable<double> Stretch(IReadOnlyList<double> values, int width)
    {
        var each = Math.Max(1, width / values.Count);
        var together = (values.Count + width - 1) / width;
        return values.Chunk(together).SelectMany(chunk => Enumerable.Repeat(chunk.Max(), together > 1 ? 1 : each));
    }

    private static int StretchedWidth(int values, int width) =>
        values > width ? (values + ((values + width - 1) / width) - 1) / ((values + width - 1) / width) : values * (width / values);
}
