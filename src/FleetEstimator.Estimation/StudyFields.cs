using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>
/// Reads the keys of one mapping of a study. Every reader returns null where the key is missing or wrong; whatever is wrong has then been reported
/// with its place, so a caller goes on to find further errors.
/// </summary>
internal sealed class StudyFields
{
    /// <summary>What <see cref="IsName"/> asks for.</summary>
    public const string NameRule = "use letters, digits, '-', '_' and '.', first a letter or digit, at most 100 in all";

    private const int MostItems = 1000;

    private readonly Dictionary<string, YamlValue> _values = new(StringComparer.Ordinal);
    private readonly YamlValue _mapping;
    private readonly string _path;
    private readonly StudyErrors _errors;

    /// <param name="value">What should be a mapping.</param>
    /// <param name="path">Its path, empty for the whole study.</param>
    /// <param name="keys">The keys it may have.</param>
    /// <param name="errors">Where errors go.</param>
    public StudyFields(YamlValue value, string path, IReadOnlyCollection<string> keys, StudyErrors errors)
    {
        (_mapping, _path, _errors) = (value, path, errors);
        if (value is not YamlMapping mapping)
        {
            if (value is not YamlRefused)
                errors.Add(value, path, $"is {Describe(value)}, not a mapping", $"write keys and values; keys: {string.Join(", ", keys)}");
            _mapping = new YamlRefused(value.Line, value.Column);
            return;
        }

        foreach (var (key, entry) in mapping.Entries)
        {
            if (!keys.Contains(key.Text))
                errors.Add(key, PathOf(key.Text), "is not a key here", Spelling.Remedy(key.Text, keys));
            else if (!_values.TryAdd(key.Text, entry))
                errors.Add(key, PathOf(key.Text), "stands twice", "keep one");
        }
    }

    public StudyErrors Errors => _errors;

    /// <summary>Path of a key, such as <c>classes[1].swap.size</c>.</summary>
    public string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    /// <summary>The value of a key, or null.</summary>
    public YamlValue? Find(string key) => _values.GetValueOrDefault(key);

    /// <summary>The value of a key; reports its absence and returns null.</summary>
    public YamlValue? Require(string key, string remedy)
    {
        if (Find(key) is { } value)
            return value;
        if (_mapping is YamlMapping)
            _errors.Add(_mapping, PathOf(key), "is missing", remedy);
        return null;
    }

    /// <summary>Reports that the value of a key is wrong.</summary>
    public void Refuse(string key, string problem, string remedy) => _errors.Add(Find(key) ?? _mapping, PathOf(key), problem, remedy);

    /// <summary>The scalar at a key; reports anything else.</summary>
    public YamlScalar? Scalar(string key, string remedy) => Find(key) is { } value ? AsScalar(value, PathOf(key), remedy) : null;

    /// <summary>A scalar with a value; reports anything else.</summary>
    public YamlScalar? AsScalar(YamlValue value, string path, string remedy)
    {
        if (value is YamlScalar scalar && !YamlCore.IsNull(scalar))
            return scalar;
        if (value is not YamlRefused)
            _errors.Add(value, path, $"is {Describe(value)}", remedy);
        return null;
    }

    /// <summary>Text; a plain number or truth value is not text.</summary>
    public string? AsText(YamlValue value, string path, string remedy)
    {
        if (AsScalar(value, path, remedy) is not { } scalar)
            return null;
        if (!scalar.Plain || !YamlCore.IsNumberOrTruth(scalar.Text))
            return scalar.Text;
        _errors.Add(value, path, $"'{scalar.Text}' is {Describe(value)}, not text", $"put it in quotes, or: {remedy}");
        return null;
    }

    /// <summary>The list at a key, with 1 to 1,000 items; reports anything else.</summary>
    public IReadOnlyList<YamlValue>? List(string key, string remedy)
    {
        if (Find(key) is not { } value || value is YamlRefused)
            return null;
        if (value is not YamlSequence list)
            _errors.Add(value, PathOf(key), $"is {Describe(value)}, not a list", remedy);
        else if (list.Items.Count == 0)
            _errors.Add(value, PathOf(key), "is an empty list", remedy);
        else if (list.Items.Count > MostItems)
            _errors.Add(value, PathOf(key), $"has {list.Items.Count} items", $"write at most {MostItems}");
        else
            return list.Items;
        return null;
    }

    /// <summary>A name that can stand in paths and scopes: letters, digits and <c>-_.</c>, first a letter or digit, at most 100.</summary>
    public string? Name(string key)
    {
        if (Require(key, NameRule) is not { } value || AsText(value, PathOf(key), NameRule) is not { } name)
            return null;
        if (IsName(name))
            return name;
        Refuse(key, $"'{Shorten(name)}' is not a name", NameRule);
        return null;
    }

    /// <summary>Whether a text can be such a name.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= 100
        && char.IsAsciiLetterOrDigit(text[0]) && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.');

    /// <summary>A whole number in [least, most], in decimal digits.</summary>
    public ulong? WholeNumber(string key, ulong least, ulong most)
    {
        var remedy = $"write a whole number from {Digits(least)} to {Digits(most)}";
        if (Scalar(key, remedy) is not { } scalar)
            return null;
        if (YamlCore.WholeNumber(scalar) is { } number && number >= least && number <= most)
            return number;
        Refuse(key, scalar.Plain ? $"'{Shorten(scalar.Text)}' is not allowed" : $"'{Shorten(scalar.Text)}' is text", remedy + (scalar.Plain ? "" : " without quotes"));
        return null;
    }

    /// <summary>A size in bytes: text with a binary unit, or a plain whole number of bytes.</summary>
    public long? Size(string key, long least) =>
        Scalar(key, "write a size such as 64 GiB") is { } scalar ? Size(key, scalar, least) : null;

    /// <summary>The scalar at a key read as a size.</summary>
    public long? Size(string key, YamlScalar scalar, long least)
    {
        Misreading? misreading = null;
        var bytes = 0L;
        if (YamlCore.WholeNumber(scalar) is { } plain && plain <= long.MaxValue)
            bytes = (long)plain;
        else
            _ = ByteSize.TryParse(scalar.Text, out bytes, out misreading);
        if (misreading is null && bytes < least)
            misreading = new Misreading("is too small", $"the least is {ByteSize.ToText(least)}");
        if (misreading is null)
            return bytes;
        Refuse(key, $"'{Shorten(scalar.Text)}' {misreading.Problem}", misreading.Remedy);
        return null;
    }

    /// <summary>One of some words.</summary>
    public string? Word(string key, IReadOnlyCollection<string> allowed)
    {
        if (Scalar(key, $"allowed: {string.Join(", ", allowed)}") is not { } scalar)
            return null;
        if (allowed.Contains(scalar.Text))
            return scalar.Text;
        Refuse(key, $"'{Shorten(scalar.Text)}' is not known", Spelling.Remedy(scalar.Text, allowed));
        return null;
    }

    /// <summary>One of some words and what it stands for; <paramref name="standard"/> where the key is missing or wrong.</summary>
    public T Choice<T>(string key, IReadOnlyList<(string Word, T Value)> choices, T standard)
    {
        var words = choices.Select(choice => choice.Word).ToArray();
        if (Scalar(key, $"allowed: {string.Join(", ", words)}") is not { } scalar)
            return standard;
        if (Array.IndexOf(words, scalar.Text) is var index and >= 0)
            return choices[index].Value;
        Refuse(key, $"'{Shorten(scalar.Text)}' is not known", Spelling.Remedy(scalar.Text, words));
        return standard;
    }

    /// <summary>On or off.</summary>
    public bool? Switch(string key) => Find(key) is null ? null : Choice(key, StudyWords.Switch, false);

    /// <summary>A share from 0% to 100%, of what <paramref name="what"/> says.</summary>
    public double? Share(string key, string what)
    {
        var remedy = $"write {what}, from 0% to 100%";
        if (Scalar(key, remedy) is not { } scalar)
            return null;
        if (StudyReader.Share(scalar) is { } share and <= 1)
            return share;
        Refuse(key, $"'{Shorten(scalar.Text)}' is not such a share", remedy);
        return null;
    }

    /// <summary>A share above 0% and up to 100%.</summary>
    public double? ShareAbove0(string key)
    {
        const string remedy = "write a share above 0% and up to 100%";
        if (Scalar(key, remedy) is not { } scalar)
            return null;
        if (StudyReader.Share(scalar) is { } share and > 0 and <= 1)
            return share;
        Refuse(key, $"'{Shorten(scalar.Text)}' is not such a share", remedy);
        return null;
    }

    /// <summary>A length of time of at least <paramref name="least"/> microseconds.</summary>
    public long? Period(string key, long least)
    {
        if (Scalar(key, "write a length of time such as 6 s") is not { } scalar)
            return null;
        if (Estimation.Period.TryParse(scalar.Text, out var microseconds, out var misreading) && microseconds < least)
            misreading = new Misreading("is too short", $"the least is {Estimation.Period.ToText(least)}");
        if (misreading is null)
            return microseconds;
        Refuse(key, $"'{Shorten(scalar.Text)}' {misreading.Problem}", misreading.Remedy);
        return null;
    }

    public static string Describe(YamlValue value) => value switch
    {
        YamlMapping => "a mapping",
        YamlSequence => "a list",
        YamlScalar scalar when YamlCore.IsNull(scalar) => "empty",
        YamlScalar { Plain: true } scalar when YamlCore.IsNumberOrTruth(scalar.Text) => "a number or truth value",
        _ => "text",
    };

    /// <summary>Text short enough for a message.</summary>
    public static string Shorten(string text) => text.Length <= 60 ? text : text[..57] + "...";

    private static string Digits(ulong number) => number == ulong.MaxValue ? "2^64 - 1" : number.ToString("#,0", CultureInfo.InvariantCulture);
}
