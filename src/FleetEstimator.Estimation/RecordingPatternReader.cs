namespace FleetEstimator.Estimation;

/// <summary>
/// Reads which recordings are meant: a pattern; <c>{files: web-1*.arrow, weight: 2.5}</c>; or traces of a store, <c>{store: traces, class: web}</c>, which get the one-line form that
/// the rest of the program knows.
/// </summary>
internal static class RecordingPatternReader
{
    internal static readonly string[] StoreKeys = ["store", "class", "node", "kernel", "labels", "weight"];
    internal static readonly string[] FilesKeys = ["files", "weight"];

    private const long MostWeight = 1_000_000_000;

    /// <summary>The recordings of one item of the list; null if something is wrong, and reported.</summary>
    public static RecordingPattern? Read(YamlValue item, string path, string remedy, StudyFields @class)
    {
        if (item is not YamlMapping mapping)
            return @class.AsText(item, path, remedy) is { } text ? new RecordingPattern(text) : null;
        var isFiles = mapping.Entries.Any(entry => entry.Key.Text == "files");
        var fields = new StudyFields(item, path, isFiles ? FilesKeys : StoreKeys, @class.Errors);
        var pattern = isFiles ? Text(fields, "files", "write a pattern of trace files, relative to the study") : Stored(fields);
        var weight = Weight(fields);
        return pattern is null ? null : new RecordingPattern(pattern, weight);
    }

    private static double Weight(StudyFields fields)
    {
        const string remedy = "write how many nodes each of these recordings stands for, or the inverse of its probability of selection: a number above 0 and up to 1,000,000,000";
        if (fields.Scalar("weight", remedy) is not { } scalar)
            return 1;
        if (YamlCore.DecimalNumber(scalar) is { } weight and > 0 and <= MostWeight)
            return Decimals.ToDouble(weight);
        fields.Refuse("weight", $"'{StudyFields.Shorten(scalar.Text)}' is not such a number", remedy);
        return 1;
    }

    /// <summary>Such as <c>store:traces?class=web</c>.</summary>
    private static string? Stored(StudyFields fields)
    {
        const string remedy = "name the folder of a trace store, relative to the study";
        if (fields.Require("store", remedy) is null || Text(fields, "store", remedy) is not { } folder)
            return null;
        var conditions = new List<string>();
        foreach (var key in (string[])["class", "node", "kernel"])
        {
            if (fields.Find(key) is null)
                continue;
            if (Text(fields, key, "write a text; * stands for any characters of it, ? for one") is not { } text)
                return null;
            conditions.Add($"{key}={Uri.EscapeDataString(text)}");
        }

        return Labels(fields, conditions) ? $"store:{Escape(folder)}{(conditions.Count > 0 ? "?" : "")}{string.Join('&', conditions)}" : null;
    }

    private static string? Text(StudyFields fields, string key, string remedy)
    {
        if (fields.AsText(fields.Find(key)!, fields.PathOf(key), remedy) is not { } text)
            return null;
        if (text.Length > 0)
            return text;
        fields.Refuse(key, "is empty", remedy);
        return null;
    }

    private static bool Labels(StudyFields fields, List<string> conditions)
    {
        const string remedy = "write names and values, such as {zone: a}";
        switch (fields.Find("labels"))
        {
            case null:
                return true;
            case YamlMapping mapping:
                foreach (var (key, value) in mapping.Entries)
                {
                    if (fields.AsText(value, $"{fields.PathOf("labels")}.{key.Text}", remedy) is not { } text)
                        return false;
                    conditions.Add($"label.{Uri.EscapeDataString(key.Text)}={Uri.EscapeDataString(text)}");
                }

                return true;
            default:
                fields.Refuse("labels", "is not a mapping", remedy);
                return false;
        }
    }

    // A path stays readable: only what would end it is encoded.
    private static string Escape(string folder) => folder.Replace("%", "%25", StringComparison.Ordinal).Replace("?", "%3F", StringComparison.Ordinal);
}
