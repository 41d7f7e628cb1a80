namespace FleetEstimator.Reports;

/// <summary>
/// A table of plain text: a name at the left, then columns of figures set to the right, each of several lines. Columns that do not fit beside the others
/// follow in a second table below.
/// </summary>
/// <param name="headers">Titles of the columns, the name's first.</param>
internal sealed class TextTable(IReadOnlyList<string> headers)
{
    private const int Gap = 2;

    private readonly List<IReadOnlyList<string[]>> _rows = [];

    /// <summary>Adds a row: for each column its lines.</summary>
    public void Row(IReadOnlyList<string[]> cells) => _rows.Add(cells);

    public void Write(TextPage page)
    {
        var widths = headers.Select((header, column) => _rows.SelectMany(row => row[column]).Append(header).Max(line => line.Length)).ToArray();
        for (var first = 1; first < headers.Count;)
        {
            var (next, used) = (first, widths[0]);
            while (next < headers.Count && (next == first || used + Gap + widths[next] <= page.Width))
                used += Gap + widths[next++];
            if (first > 1)
                page.Line();
            var columns = Enumerable.Range(first, next - first).ToArray();
            page.Line(Line(headers[0], columns.Select(column => headers[column]), columns, widths));
            foreach (var row in _rows)
            {
                var height = columns.Append(0).Max(column => row[column].Length);
                for (var line = 0; line < height; line++)
                    page.Line(Line(LineOf(row[0], line), columns.Select(column => LineOf(row[column], line)), columns, widths));
            }

            first = next;
        }
    }

    private static string LineOf(string[] cell, int line) => line < cell.Length ? cell[line] : "";

    private static string Line(string name, IEnumerable<string> cells, int[] columns, int[] widths) =>
        name.PadRight(widths[0]) + string.Concat(cells.Select((cell, index) => cell.PadLeft(Gap + widths[columns[index]])));
}
