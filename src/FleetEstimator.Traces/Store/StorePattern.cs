namespace FleetEstimator.Traces;

/// <summary>
/// Traces of a store as a pattern among recordings: <c>store:FOLDER?class=NAME&amp;node=LABEL&amp;kernel=RELEASE&amp;label.NAME=VALUE</c>. What follows the
/// question mark may be left out, as may any part of it; names and values are percent-encoded.
/// </summary>
/// <param name="Folder">Folder of the store.</param>
/// <param name="Filter">Which of its traces.</param>
public sealed record StorePattern(string Folder, CatalogueFilter Filter)
{
    private const string Scheme = "store:";
    private const string LabelPrefix = "label.";

    /// <summary>The pattern that means all traces of a store.</summary>
    public static string Of(string folder) => Scheme + folder.Replace("%", "%25", StringComparison.Ordinal).Replace("?", "%3F", StringComparison.Ordinal);

    /// <summary>Reads a pattern; null if it is one of files.</summary>
    /// <exception cref="TraceException">It is about a store, but not well formed.</exception>
    public static StorePattern? Parse(string pattern)
    {
        if (!pattern.StartsWith(Scheme, StringComparison.Ordinal))
            return null;
        var parts = pattern[Scheme.Length..].Split('?', 2);
        var filter = new CatalogueFilter();
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var condition in parts is [_, var query] ? query.Split('&') : [])
        {
            if (condition.Split('=', 2) is not [var key, var value])
                throw NotUnderstood(pattern, condition);
            (key, value) = (Uri.UnescapeDataString(key), Uri.UnescapeDataString(value));
            filter = key switch
            {
                "class" => filter with { Class = value },
                "node" => filter with { Node = value },
                "kernel" => filter with { Kernel = value },
                _ when key.StartsWith(LabelPrefix, StringComparison.Ordinal) => filter,
                _ => throw NotUnderstood(pattern, condition),
            };
            if (key.StartsWith(LabelPrefix, StringComparison.Ordinal))
                labels[key[LabelPrefix.Length..]] = value;
        }

        return new(Uri.UnescapeDataString(parts[0]), filter with { Labels = labels });
    }

    /// <summary>The traces it means, unread; at least one.</summary>
    /// <param name="baseFolder">What the store's folder is relative to.</param>
    /// <param name="pattern">The pattern, for messages.</param>
    /// <exception cref="TraceException">There is no such store, or no such trace in it.</exception>
    public IReadOnlyList<TraceFile> Find(string baseFolder, string pattern) => Find(TraceStore.Open(Path.Combine(baseFolder, Folder)), pattern);

    /// <summary>The traces it means in a given store, whatever its folder; unread, at least one.</summary>
    /// <param name="store">The store.</param>
    /// <param name="pattern">The pattern, for messages.</param>
    /// <exception cref="TraceException">There is no such trace in it.</exception>
    public IReadOnlyList<TraceFile> Find(TraceStore store, string pattern)
    {
        var files = store.Catalogue(Filter).Select(store.FileOf).ToList();
        return files.Count > 0 ? files : throw new TraceException(
            pattern, null, null, $"no trace of the store is meant; it has {store.Catalogue().Count}", $"fleet-estimator store list --store {store.Name} shows them");
    }

    /// <summary>Whether there is a folder of that name below <paramref name="baseFolder"/>.</summary>
    public bool IsIn(string baseFolder) => Directory.Exists(Path.Combine(baseFolder, Folder));

    private static TraceException NotUnderstood(string pattern, string condition) => new(
        pattern, null, null, $"\"{condition}\" is not a condition on the traces of a store", "Write class=, node=, kernel= or label.NAME=, with & between them");
}
