namespace FleetEstimator.Reports.Charts;

/// <summary>Draws charts with block characters, readable without colour and in any width from <see cref="ReportText.LeastWidth"/> on.</summary>
internal static class TextChart
{
    private const string Levels = "▁▂▃▄▅▆▇█";
    private const string Fills = "█▒▓░";
    private const string Shades = "·░░▒▒▓▓█";
    private const char Nothing = '·';
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
                WriteLines(lines, page);
                break;
            case AreaChart areas:
                WriteAreas(areas, page);
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

    private static void WriteLines(LineChart chart, TextPage page)
    {
        List<double> across = [.. chart.Lines.SelectMany(line => line.Points).Select(point => point.X).Distinct().Order()];
        var scale = Scale.Over(chart.Across, across, ticks: 1);
        var most = chart.Lines.Max(line => line.Points.Max(point => point.Y));
        var from = chart.Across.Logarithmic ? Measures.Text(across[0], chart.Across.Measure) : "0";
        WriteSparks(
            chart.Lines.Select(line => new Spark(line.Name, [.. line.Points.Select(point => (scale.At(point.X), point.Y))], most)),
            chart.Up.Measure, from, Measures.Text(across[^1], chart.Across.Measure), page);
    }

    private static void WriteAreas(AreaChart chart, TextPage page)
    {
        var scale = Scale.FromZero(chart.Across, chart.ColumnEnds[^1], ticks: 1);
        var sums = chart.ColumnEnds.Select((_, column) => chart.Layers.Sum(layer => layer.Values[column]));
        // A small layer would not be seen on the scale of all.
        WriteSparks(
            chart.Layers.Select(layer => (layer.Name, layer.Values)).Prepend(("all", [.. sums]))
                .Select(layer => new Spark(layer.Item1, [.. chart.ColumnEnds.Zip(layer.Item2, (end, value) => (scale.At(end), value))], layer.Item2.Max())),
            chart.Up.Measure, "0", Measures.Text(chart.ColumnEnds[^1], chart.Across.Measure), page);
    }

    private static void WriteSparks(IEnumerable<Spark> sparks, Measure measure, string from, string to, TextPage page)
    {
        const int range = 26;
        var legend = new NameLegend(NameWidth);
        var width = page.Width - NameWidth - range - 4;
        foreach (var spark in sparks)
        {
            var cells = string.Concat(Cells(spark.Values, width).Select(value => LevelOf(value, spark.Full)));
            var (least, most) = (spark.Values.Min(value => value.Value), spark.Values.Max(value => value.Value));
            var (low, high) = (Measures.Text(least, measure), Measures.Text(most, measure));
            page.Line($"  {legend.Short(spark.Name),-NameWidth} {cells}  {(low == high ? high : $"{low} to {high}")}");
        }

        page.Line($"  {new string(' ', NameWidth)} {from}{to.PadLeft(width - from.Length)}");
        foreach (var (@short, full) in legend.Shortened)
            page.Paragraph($"{@short} = {full}", hanging: 4, indent: 2);
    }

    // What there is is seen, however little.
    private static char LevelOf(double? value, double full) => value switch
    {
        null => ' ',
        <= 0 => Nothing,
        _ => Levels[Math.Clamp((int)(value.Value / full * Levels.Length), 0, Levels.Length - 1)],
    };

    private static void WriteBars(LineChart chart, ChartLine line, TextPage page)
    {
        const int text = 40;
        var most = line.Points.Max(point => point.Y);
        foreach (var point in line.Points)
        {
            var figure = Measures.Text(point.Y, chart.Up.Measure);
            if (point.Range is var (low, high) && low < high)
                figure += $" ({Measures.Text(low, chart.Up.Measure)} to {Measures.Text(high, chart.Up.Measure)})";
            page.Line($"  {Measures.Text(point.X, chart.Across.Measure),10} {Bar(most <= 0 ? 0 : point.Y / most, page.Width - text - 14)} {figure}");
        }
    }

    private static string Bar(double share, int width)
    {
        var filled = share <= 0 ? 0 : Math.Max(1, (int)Math.Round(share * width));
        return new string('█', filled) + new string('·', width - filled);
    }

    private static void WriteHeat(HeatChart chart, TextPage page)
    {
        var legend = new NameLegend(NameWidth);
        var width = page.Width - NameWidth - 5;
        var together = (chart.Rows.Count + HeatRowsMax - 1) / HeatRowsMax;
        var scale = Scale.FromZero(chart.Across, chart.ColumnEnds[^1], ticks: 1);
        List<string> names = [.. chart.Bands.SelectMany(band => Enumerable.Repeat(band.Name, band.Rows))];
        var before = "";
        for (var row = 0; row < chart.Rows.Count; row += together)
        {
            var rows = chart.Rows.Skip(row).Take(together).ToList();
            List<(double, double)> shares = [.. chart.ColumnEnds.Select((end, column) => (scale.At(end), rows.Average(shares => shares[column])))];
            var cells = string.Concat(Cells(shares, width).Select(share => Shades[Palette.ShadeOf(share ?? 0)]));
            page.Line($"  {(names[row] == before ? "" : legend.Short(names[row])),-NameWidth} │{cells}│");
            before = names[row];
        }

        var end = Measures.Text(chart.ColumnEnds[^1], chart.Across.Measure);
        page.Line($"  {new string(' ', NameWidth)}  0{end.PadLeft(width - 1)}");
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

    // The greatest of the values that reach into each character; null after the last.
    private static IEnumerable<double?> Cells(IReadOnlyList<(double At, double Value)> values, int width)
    {
        var next = 0;
        for (var column = 0; column < width; column++)
        {
            var (begin, end) = ((double)column / width, (column + 1.0) / width);
            while (column > 0 && next < values.Count && values[next].At <= begin)
                next++;
            double? most = null;
            for (var at = next; at < values.Count; at++)
            {
                most = Math.Max(most ?? values[at].Value, values[at].Value);
                if (values[at].At >= end)
                    break;
            }

            yield return most;
        }
    }

    /// <summary>A row of values over a common axis.</summary>
    /// <param name="Name">Put before it.</param>
    /// <param name="Values">In ascending order; each stands from the one before it to its own place, 0 to 1 across.</param>
    /// <param name="Full">The value of a full character.</param>
    private sealed record Spark(string Name, IReadOnlyList<(double At, double Value)> Values, double Full);
}
