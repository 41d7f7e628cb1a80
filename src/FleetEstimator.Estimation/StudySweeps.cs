namespace FleetEstimator.Estimation;

/// <summary>
/// Finds the parameters that a study gives as lists. The study itself has the first value of each; every further value is a point of its sweep, with all other parameters
/// as in the study: what one parameter does is then not mixed with what another does.
/// </summary>
internal static class StudySweeps
{
    /// <summary>Points beyond this are a mistake, or a study of their own.</summary>
    internal const int MostPoints = 200;

    // Lists of their own: what they hold is not alternatives. A sweep over these would be another study each time.
    private static readonly string[] s_lists = ["mechanisms", "classes", "claims", "recordings", "metrics"];
    private static readonly string[] s_fixed = ["study", "baseline", "level", "simulation", "right_size", "name", "nodes", "frame", "collapse"];

    /// <summary>The study with the first value of each list, and with each further value of one of them.</summary>
    public static (YamlValue Base, IReadOnlyList<(string Parameter, string Value, string BaseValue, YamlValue Root)> Points) Find(YamlValue root, StudyErrors errors)
    {
        var sweeps = new List<(string Parameter, YamlSequence Values)>();
        Collect(root, "", sweeps, errors);
        if (sweeps.Sum(sweep => sweep.Values.Items.Count - 1) is var count and > MostPoints)
            errors.Add(sweeps[^1].Values, sweeps[^1].Parameter, $"the lists of this study give {count} points", $"write at most {MostPoints} further values in all");
        var points = new List<(string, string, string, YamlValue)>();
        foreach (var (parameter, values) in sweeps)
        {
            for (var index = 1; index < values.Items.Count && points.Count < MostPoints; index++)
                points.Add((parameter, Text(values.Items[index]), Text(values.Items[0]), WithFirst(root, values, index)));
        }

        return (WithFirst(root, null, 0), points);
    }

    private static void Collect(YamlValue value, string path, List<(string, YamlSequence)> sweeps, StudyErrors errors)
    {
        switch (value)
        {
            case YamlMapping mapping:
                foreach (var (key, entry) in mapping.Entries)
                {
                    var inner = path.Length == 0 ? key.Text : $"{path}.{key.Text}";
                    if (key.Text == "simulation" || (s_fixed.Contains(key.Text) && entry is YamlSequence))
                        continue;
                    if (entry is YamlSequence classes && key.Text == "classes" && path.Length == 0)
                    {
                        foreach (var item in classes.Items)
                            Collect(item, NameOf(item), sweeps, errors);
                    }
                    else if (entry is YamlSequence values && !s_lists.Contains(key.Text))
                    {
                        AddSweep(inner, values, sweeps, errors);
                    }
                    else if (entry is YamlMapping && !s_lists.Contains(key.Text))
                    {
                        Collect(entry, inner, sweeps, errors);
                    }
                }

                break;
        }
    }

    private static void AddSweep(string parameter, YamlSequence values, List<(string, YamlSequence)> sweeps, StudyErrors errors)
    {
        if (values.Items.Count == 0)
        {
            errors.Add(values, parameter, "is an empty list", "write one value, or a list of values to sweep over");
            return;
        }

        for (var index = 1; index < values.Items.Count; index++)
        {
            if (values.Items.Take(index).Any(earlier => Text(earlier) == Text(values.Items[index])))
                errors.Add(values.Items[index], parameter, $"'{Text(values.Items[index])}' stands twice", "keep one");
        }

        sweeps.Add((parameter, values));
    }

    /// <summary>The tree with the first value of each sweep, but of <paramref name="swept"/> the one at <paramref name="index"/>.</summary>
    private static YamlValue WithFirst(YamlValue value, YamlSequence? swept, int index, string key = "") => value switch
    {
        YamlMapping when key == "simulation" => value,
        YamlMapping mapping => mapping with { Entries = [.. mapping.Entries.Select(entry => (entry.Key, WithFirst(entry.Value, swept, index, entry.Key.Text)))] },
        YamlSequence list when key == "classes" => list with { Items = [.. list.Items.Select(item => WithFirst(item, swept, index))] },
        YamlSequence list when s_lists.Contains(key) || s_fixed.Contains(key) => list,
        YamlSequence list when ReferenceEquals(list, swept) => list.Items[index],
        YamlSequence { Items.Count: > 0 } list => list.Items[0],
        _ => value,
    };

    private static string NameOf(YamlValue @class) =>
        @class is YamlMapping mapping && mapping.Entries.FirstOrDefault(entry => entry.Key.Text == "name").Value is YamlScalar name ? name.Text : "class";

    /// <summary>A value on one line, as a study would write it.</summary>
    private static string Text(YamlValue value) => value switch
    {
        YamlScalar scalar => scalar.Text,
        YamlMapping mapping => $"{{{string.Join(", ", mapping.Entries.Select(entry => $"{entry.Key.Text}: {Text(entry.Value)}"))}}}",
        YamlSequence list => $"[{string.Join(", ", list.Items.Select(Text))}]",
        _ => "",
    };
}
