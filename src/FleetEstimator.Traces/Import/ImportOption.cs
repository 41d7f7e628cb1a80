using System.Globalization;

namespace FleetEstimator.Traces.Import;

/// <summary>An option of one importer, as the command line offers it.</summary>
/// <param name="Name">Without the dashes: <c>min-accesses</c>.</param>
/// <param name="Value">What stands for the value in help: <c>N</c>; null for a flag.</param>
/// <param name="Description">What it does and what holds without it.</param>
public sealed record ImportOption(string Name, string? Value, string Description)
{
    /// <summary>Whether it may be given several times.</summary>
    public bool IsList { get; init; }

    /// <summary>Whether the value is a file to read.</summary>
    public bool IsFile { get; init; }
}

/// <summary>The values that options of an importer were given, by name.</summary>
public sealed class ImportOptions
{
    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImportFile> _files = new(StringComparer.Ordinal);

    /// <summary>Adds a value; a flag has the value <c>true</c>.</summary>
    public ImportOptions Add(string name, string value)
    {
        if (!_values.TryGetValue(name, out var list))
            _values.Add(name, list = []);
        list.Add(value);
        return this;
    }

    /// <summary>Adds an opened file.</summary>
    public ImportOptions Add(string name, ImportFile file)
    {
        _files[name] = file;
        return this;
    }

    /// <summary>The files among the values.</summary>
    public IEnumerable<ImportFile> Files => _files.Values;

    internal bool Has(string name) => _values.ContainsKey(name);

    internal string? Text(string name) => _values.TryGetValue(name, out var values) ? values[^1] : null;

    internal IReadOnlyList<string> List(string name) => _values.TryGetValue(name, out var values) ? values : [];

    internal ImportFile? File(string name) => _files.GetValueOrDefault(name);

    internal long Whole(string name, long otherwise, long least, long most)
    {
        if (Text(name) is not { } text)
            return otherwise;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Wrong(name, $"\"{text}\" is not a whole number from {least} to {most}", $"Give one, or leave it out for {otherwise}");
    }

    /// <summary>One of several words; null if the option was not given.</summary>
    internal string? Word(string name, params ReadOnlySpan<string> words)
    {
        if (Text(name) is not { } text || words.Contains(text))
            return Text(name);
        throw Wrong(name, $"\"{text}\" is none of {string.Join(", ", words!)}", "Give one of them");
    }

    internal static ImportException Wrong(string name, string problem, string remedy) => new("", null, $"--{name}", problem, remedy);
}
