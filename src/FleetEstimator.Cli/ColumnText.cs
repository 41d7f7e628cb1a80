namespace FleetEstimator.Cli;

/// <summary>Rows of text in columns as wide as their longest cell, two spaces apart; columns of figures are set to the right.</summary>
internal sealed class ColumnText(params (string Title, bool IsFigure)[] columns)
{
    private readonly List<string[]> _rows = [[.. columns.Select(column => column.Title)]];

    public void Row(params string[] cells) => _rows.Add([.. cells.Select(OneLine)]);

    public override string ToString()
    {
        var widths = columns.Select((_, column) => _rows.Max(row => row[column].Length)).ToArray();
        return string.Join('\n', _rows.Select(row => string.Join("  ", row.Select((cell, column) =>
            columns[column].IsFigure ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd()));
    }

    // Labels come from files: nothing in them may move a terminal's cursor.
    private static string OneLine(string text) => string.Concat(text.Select(character => char.IsControl(character) ? '?' : character));
}
