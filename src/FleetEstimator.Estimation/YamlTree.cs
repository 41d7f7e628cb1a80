using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace FleetEstimator.Estimation;

/// <summary>A value in a YAML file and where it stands (from 1).</summary>
internal abstract record YamlValue(int Line, int Column);

/// <summary>A scalar. Plain (unquoted) ones may be numbers, truth values or null; quoted ones are always text.</summary>
internal sealed record YamlScalar(int Line, int Column, string Text, bool Plain) : YamlValue(Line, Column);

/// <summary>A list.</summary>
internal sealed record YamlSequence(int Line, int Column, IReadOnlyList<YamlValue> Items) : YamlValue(Line, Column);

/// <summary>Keys with values, in the order of the file; a key may still occur twice.</summary>
internal sealed record YamlMapping(int Line, int Column, IReadOnlyList<(YamlScalar Key, YamlValue Value)> Entries) : YamlValue(Line, Column);

/// <summary>What has been reported already and needs no second error.</summary>
internal sealed record YamlRefused(int Line, int Column) : YamlValue(Line, Column);

/// <summary>
/// Reads one YAML document into a tree with places. Studies need no anchors, aliases, tags or second documents, so all are refused: that also ends
/// documents that grow by references. Nothing is resolved or converted here.
/// </summary>
internal sealed class YamlTree
{
    /// <summary>Longest file in characters: far beyond any study, and a bound on what a hostile one costs.</summary>
    public const int MaxCharacters = 1 << 20;

    /// <summary>Deepest nesting; a study needs five.</summary>
    public const int MaxDepth = 16;

    private readonly Parser _parser;
    private readonly StudyErrors _errors;

    private YamlTree(string yaml, StudyErrors errors) => (_parser, _errors) = (new Parser(new StringReader(yaml)), errors);

    /// <summary>The document's root, or null after an error that leaves no tree (syntax, size, depth, an empty file).</summary>
    public static YamlValue? Read(string yaml, StudyErrors errors)
    {
        if (yaml.Length > MaxCharacters)
        {
            errors.Add(1, 1, "", $"the file has {yaml.Length} characters", $"a study has at most {MaxCharacters}");
            return null;
        }

        try
        {
            return new YamlTree(yaml, errors).Document();
        }
        catch (YamlException syntax)
        {
            errors.Add(Math.Max(1, (int)syntax.Start.Line), Math.Max(1, (int)syntax.Start.Column), "", $"is not YAML: {syntax.Message.TrimEnd('.')}", "correct the syntax here or just before");
            return null;
        }
        catch (TooDeepException tooDeep)
        {
            errors.Add(tooDeep.Line, tooDeep.Column, "", $"is nested more than {MaxDepth} deep", "a study needs five levels");
            return null;
        }
    }

    private YamlValue? Document()
    {
        Advance(); // StreamStart
        Advance();
        if (_parser.Current is not DocumentStart)
        {
            _errors.Add(1, 1, "", "the file is empty", "a study has at least the keys study, mechanisms and classes");
            return null;
        }

        Advance();
        var root = Value(depth: 0);
        Advance(); // past DocumentEnd
        if (_parser.Current is DocumentStart second)
            _errors.Add((int)second.Start.Line, (int)second.Start.Column, "", "a second document begins", "write one study per file");
        return root;
    }

    /// <summary>Moves to the next event. The parser's own slips on broken documents (it may fail with other exceptions) become errors of syntax too.</summary>
    private void Advance()
    {
        try
        {
            _parser.MoveNext();
        }
        catch (Exception slip) when (slip is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException or OverflowException)
        {
            var mark = _parser.Current?.End ?? Mark.Empty;
            throw new YamlException(mark, mark, "what follows cannot be read", slip);
        }
    }

    /// <summary>Reads the value that begins at the current event and leaves the parser after it.</summary>
    private YamlValue Value(int depth)
    {
        var start = _parser.Current!;
        var (line, column) = ((int)start.Start.Line, (int)start.Start.Column);
        if (depth > MaxDepth)
            throw new TooDeepException(line, column);
        var refused = RefuseReferences(start);
        Advance();
        YamlValue value = start switch
        {
            Scalar scalar => new YamlScalar(line, column, scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => new YamlSequence(line, column, Items(depth)),
            MappingStart => new YamlMapping(line, column, Entries(depth)),
            _ => new YamlRefused(line, column),
        };
        return refused ? new YamlRefused(line, column) : value;
    }

    private List<YamlValue> Items(int depth)
    {
        var items = new List<YamlValue>();
        while (_parser.Current is not SequenceEnd)
            items.Add(Value(depth + 1));
        Advance();
        return items;
    }

    private List<(YamlScalar Key, YamlValue Value)> Entries(int depth)
    {
        var entries = new List<(YamlScalar, YamlValue)>();
        while (_parser.Current is not MappingEnd)
        {
            var key = Value(depth + 1);
            var value = Value(depth + 1);
            if (key is YamlScalar name)
                entries.Add((name, value));
            else if (key is not YamlRefused)
                _errors.Add(key.Line, key.Column, "", "a list or mapping stands where a key is expected", "keys are single words");
        }

        Advance();
        return entries;
    }

    private bool RefuseReferences(ParsingEvent start)
    {
        var (line, column) = ((int)start.Start.Line, (int)start.Start.Column);
        if (start is AnchorAlias alias)
            _errors.Add(line, column, "", $"the alias *{alias.Value} refers to another value", "write the value out; a study has no anchors and aliases");
        else if (start is NodeEvent { Anchor.IsEmpty: false } anchored)
            _errors.Add(line, column, "", $"the anchor &{anchored.Anchor} names a value", "remove it; a study has no anchors and aliases");
        else if (start is NodeEvent { Tag.IsEmpty: false } tagged)
            _errors.Add(line, column, "", $"the tag {tagged.Tag} changes the type of a value", "remove it; a study has no tags");
        else
            return false;
        return true;
    }

    private sealed class TooDeepException(int line, int column) : Exception
    {
        public int Line { get; } = line;

        public int Column { get; } = column;
    }
}
