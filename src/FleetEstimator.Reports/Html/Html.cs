using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace FleetEstimator.Reports;

/// <summary>Makes elements of a page that is HTML and well-formed XML at once. Text is encoded by the writer, never by hand.</summary>
internal static class Html
{
    private static readonly HashSet<string> Void = ["meta", "br", "line", "circle", "rect", "path"];

    /// <summary>An element of attributes, elements, texts and sequences of them; null adds nothing.</summary>
    public static XElement E(string name, params object?[] content)
    {
        var element = new XElement(name);
        foreach (var part in content)
            Add(element, part);
        // <p/> is an opening tag to HTML: only void elements may close themselves.
        if (element.IsEmpty && !Void.Contains(name))
            element.Value = "";
        return element;
    }

    /// <summary>An attribute.</summary>
    public static XAttribute A(string name, string value) => new(name, Clean(value));

    /// <summary>The attribute class.</summary>
    public static XAttribute Class(string names) => new("class", names);

    /// <summary>A row of header cells, each for its column.</summary>
    public static XElement HeaderRow(params string[] titles) => E("thead", E("tr", titles.Select(title => E("th", A("scope", "col"), title))));

    /// <summary>Writes the page.</summary>
    public static void Write(XElement html, Stream stream)
    {
        using var text = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        text.Write("<!DOCTYPE html>\n");
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, IndentChars = " ", NewLineChars = "\n", NewLineHandling = NewLineHandling.None };
        using (var writer = XmlWriter.Create(text, settings))
            html.WriteTo(writer);
        text.Write('\n');
    }

    private static void Add(XElement element, object? part)
    {
        switch (part)
        {
            case null:
                break;
            case string text:
                element.Add(new XText(Clean(text)));
                break;
            case XObject node:
                element.Add(node);
                break;
            case IEnumerable<object?> parts:
                foreach (var inner in parts)
                    Add(element, inner);
                break;
            default:
                throw new ArgumentException($"{part.GetType()} is no content of a page.", nameof(part));
        }
    }

    // Users' labels may hold what no page may: control characters and halves of surrogate pairs.
    private static string Clean(string text)
    {
        StringBuilder? cleaned = null;
        for (var index = 0; index < text.Length; index++)
        {
            if (XmlConvert.IsXmlChar(text[index]))
                continue;
            if (index + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[index + 1], text[index]))
            {
                index++;
                continue;
            }

            cleaned ??= new StringBuilder(text);
            cleaned[index] = '\uFFFD';
        }

        return cleaned?.ToString() ?? text;
    }
}
