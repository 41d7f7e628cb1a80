namespace FleetEstimator.Estimation;

/// <summary>Finds what a misspelt name was meant to be.</summary>
internal static class Spelling
{
    private const int MostListed = 20;
    private const int LongestWord = 40;

    /// <summary>The remedy for an unknown name: the closest known name if one is close, and all of them.</summary>
    public static string Remedy(string word, IReadOnlyCollection<string> known) =>
        (Closest(word, known) is { } meant ? $"did you mean '{meant}'? " : "") + "allowed: " + List(known);

    /// <summary>The names, or the first of very many.</summary>
    private static string List(IReadOnlyCollection<string> known) =>
        known.Count <= MostListed ? string.Join(", ", known) : $"{string.Join(", ", known.Take(MostListed))}, … ({known.Count} in all)";

    /// <summary>The known name with the fewest edits from the word, or null if a third of its letters would have to change.</summary>
    public static string? Closest(string word, IEnumerable<string> known)
    {
        // Guessing what a sentence was meant to be is useless, and the work is quadratic.
        if (word.Length > LongestWord)
            return null;
        var closest = known.Where(name => Math.Abs(name.Length - word.Length) <= Math.Max(word.Length, name.Length) / 3).Select(name => (Name: name, Edits: Edits(word.ToUpperInvariant(), name.ToUpperInvariant())))
            .OrderBy(candidate => candidate.Edits).FirstOrDefault();
        return closest.Name is { } meant && closest.Edits <= Math.Max(1, Math.Max(word.Length, meant.Length) / 3) ? meant : null;
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one word into the other (optimal string alignment).</summary>
    private static int Edits(string from, string to)
    {
        var rows = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
            rows[i, 0] = i;
        for (var j = 0; j <= to.Length; j++)
            rows[0, j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var replace = rows[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replace, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }

        return rows[from.Length, to.Length];
    }
}
