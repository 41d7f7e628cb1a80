using System.Text;

namespace FleetEstimator.Reports;

/// <summary>Plain text of bounded width. Whatever comes in is made of characters of one column each, so that every line's length is its width.</summary>
internal sealed class TextPage(TextWriter writer, int width)
{
    private const string Allowed = "±✓✗≥·│▁▂▃▄▅▆▇█░▒▓";

    public int Width => width;

    /// <summary>An empty line, or one known to fit.</summary>
    public void Line(string text = "")
    {
        writer.Write(OneColumnEach(text).TrimEnd());
        writer.Write('\n');
    }

    /// <summary>A title, underlined.</summary>
    public void Heading(string text)
    {
        Paragraph(text);
        Line(new string('-', Math.Min(width, text.Length)));
    }

    /// <summary>Text broken at spaces, and within words that are longer than a line.</summary>
    /// <param name="text">What it says.</param>
    /// <param name="hanging">Columns by which lines after the first are indented.</param>
    /// <param name="indent">Columns by which the first line is indented, and the others too if that is more.</param>
    public void Paragraph(string text, int hanging = 0, int indent = 0)
    {
        var line = new StringBuilder(new string(' ', indent));
        var rest = Math.Max(hanging, indent);
        var empty = true;
        foreach (var word in OneColumnEach(text).Split(' '))
        {
            var left = word;
            while (line.Length + (empty ? 0 : 1) + left.Length > width)
            {
                // A word longer than a whole line is cut; any other goes to the next line.
                var room = empty ? width - line.Length : 0;
                line.Append(left.AsSpan(0, room));
                left = left[room..];
                Line(line.ToString());
                line.Clear().Append(' ', rest);
                empty = true;
            }

            line.Append(empty ? "" : " ").Append(left);
            empty = false;
        }

        Line(line.ToString());
    }

    /// <summary>The text in ASCII and the few other characters allowed, blocks among them, one column each; nothing in it can move a terminal's cursor.</summary>
    public static string OneColumnEach(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                >= ' ' and <= '~' => plain.Append((char)rune.Value),
                'µ' or 'μ' => plain.Append('u'),
                '−' or '–' or '—' or '‐' or '‑' => plain.Append('-'),
                '‘' or '’' => plain.Append('\''),
                '“' or '”' => plain.Append('"'),
                '…' => plain.Append("..."),
                '×' => plain.Append('x'),
                '\t' or '\n' or '\r' or 0xA0 or 0x202F => plain.Append(' '),
                <= char.MaxValue when Allowed.Contains((char)rune.Value) => plain.Append((char)rune.Value),
                _ => plain.Append('?'),
            };
        }

        return plain.ToString();
    }
}

/// <summary>Names cut to a width, with what they stand for.</summary>
internal sealed class NameLegend(int width)
{
    private readonly Dictionary<string, string> _short = new(StringComparer.Ordinal);

    /// <summary>Short names and the full ones, in the order in which they came up.</summary>
    public IReadOnlyList<(string Short, string Full)> Shortened => [.. _short.Select(pair => (pair.Value, pair.Key))];

    /// <summary>The name if it is short enough, otherwise its beginning and a number that tells it from others.</summary>
    public string Short(string name)
    {
        if (name.Length <= width)
            return name;
        if (!_short.TryGetValue(name, out var @short))
        {
            var mark = $"~{_short.Count + 1}";
            @short = name[..(width - mark.Length)] + mark;
            _short.Add(name, @short);
        }

        return @short;
    }
}
