namespace FleetEstimator.Estimation;

/// <summary>What a study says once for all classes, under <c>defaults</c>: a class that has a key of its own keeps it whole.</summary>
internal static class ClassDefaults
{
    /// <summary>The keys of a class that make no sense as a default.</summary>
    internal static readonly string[] OwnKeys = ["name", "nodes", "recordings"];

    /// <summary>The study with the defaults written into each class, and without them.</summary>
    public static YamlValue Apply(YamlValue root, StudyErrors errors)
    {
        if (root is not YamlMapping study || Entry(study, "defaults") is not { } given)
            return root;
        var allowed = NodeClassReader.Keys.Except(OwnKeys).ToArray();
        _ = new StudyFields(given, "defaults", allowed, errors);
        if (given is not YamlMapping defaults)
            return study with { Entries = [.. study.Entries.Where(entry => entry.Key.Text != "defaults")] };
        return study with
        {
            Entries =
            [
                .. study.Entries.Where(entry => entry.Key.Text != "defaults").Select(entry => entry is { Key.Text: "classes", Value: YamlSequence classes }
                    ? (entry.Key, classes with { Items = [.. classes.Items.Select(item => With(item, defaults, allowed))] })
                    : entry),
            ],
        };
    }

    private static YamlValue With(YamlValue item, YamlMapping defaults, string[] allowed) => item is not YamlMapping @class ? item : @class with
    {
        Entries = [.. @class.Entries, .. defaults.Entries.Where(entry => allowed.Contains(entry.Key.Text) && Entry(@class, entry.Key.Text) is null)],
    };

    private static YamlValue? Entry(YamlMapping mapping, string key) => mapping.Entries.FirstOrDefault(entry => entry.Key.Text == key).Value;
}
