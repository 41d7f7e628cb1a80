namespace FleetEstimator.Estimation;

/// <summary>Reads which traces of a store are meant, <c>{store: traces, class: web}</c>, into the one-line form that the rest of the program knows.</summary>
internal static class StoredRecordings
{
    /// <summary>Such as <c>store:traces?class=web</c>; null if something is wrong, and reported.</summary>
    public static string? Read(StudyFields fields)
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
