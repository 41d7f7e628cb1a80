using System.Globalization;
using System.Text;
using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>
/// Reads and writes cost files: YAML with an entry for each <see cref="Cost"/> that is not to have its default, <c>fault: 330</c> (nanoseconds) or
/// <c>fault: {ns: 330, source: "where it comes from"}</c>. Under the key <c>costs</c> of a study stands the same, or the file's name.
/// </summary>
public static class CostReader
{
    private const int LongestSource = 500;

    private static readonly string[] Keys = [.. Cost.All.Select(cost => cost.Key)];
    private static readonly string[] EntryKeys = ["ns", "source"];

    /// <summary>Reads a cost file.</summary>
    /// <param name="yaml">Its text.</param>
    /// <param name="fileName">The file as the user named it; only for messages.</param>
    /// <exception cref="StudyException">The file is not acceptable; holds all errors found.</exception>
    public static CostTable Read(string yaml, string fileName)
    {
        var errors = new StudyErrors(fileName);
        var table = YamlTree.Read(yaml, errors) is { } root ? Table(root, "", errors) : null;
        errors.ThrowIfAny();
        return table!;
    }

    /// <summary>A file that <see cref="Read"/> reads back into the same table.</summary>
    /// <param name="table">The table; only entries that are not defaults are written.</param>
    /// <param name="heading">Lines to begin the file with, as comments.</param>
    public static string Write(CostTable table, IEnumerable<string> heading)
    {
        var yaml = new StringBuilder();
        foreach (var line in heading)
            yaml.Append("# ").Append(line).Append('\n');
        foreach (var cost in Cost.All.Where(cost => !cost.IsDefaultIn(table)))
        {
            yaml.Append(CultureInfo.InvariantCulture, $"{cost.Key}: {{ns: {cost.Of(table)}");
            if (table.Sources.TryGetValue(cost.Key, out var source))
                yaml.Append(", source: '").Append(source.Replace("'", "''", StringComparison.Ordinal)).Append('\'');
            yaml.Append("} # ").Append(cost.Meaning).Append('\n');
        }

        return yaml.ToString();
    }

    /// <summary>The table that a mapping describes; what it does not name has its default.</summary>
    internal static CostTable Table(YamlValue mapping, string path, StudyErrors errors)
    {
        var fields = new StudyFields(mapping, path, Keys, errors);
        var table = CostTable.Default;
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var cost in Cost.All)
        {
            if (fields.Find(cost.Key) is not { } value)
                continue;
            var (entry, key) = value is YamlMapping ? (new StudyFields(value, fields.PathOf(cost.Key), EntryKeys, errors), "ns") : (fields, cost.Key);
            if (entry != fields)
                entry.Require("ns", "write the cost in whole nanoseconds");
            if (entry.WholeNumber(key, 0, (ulong)Cost.MaxNanoseconds) is { } nanoseconds)
                table = cost.With(table, (long)nanoseconds);
            if (entry != fields && Source(entry) is { } source)
                sources.Add(cost.Key, source);
        }

        return table with { Sources = sources };
    }

    private static string? Source(StudyFields entry)
    {
        const string remedy = "say in words where the cost comes from, or leave the key out";
        if (entry.Find("source") is not { } value || entry.AsText(value, entry.PathOf("source"), remedy) is not { } source)
            return null;
        if (source.Length is > 0 and <= LongestSource && !source.Any(char.IsControl))
            return source;
        entry.Refuse("source", $"'{StudyFields.Shorten(source)}' is not a line of at most {LongestSource} characters", remedy);
        return null;
    }
}
