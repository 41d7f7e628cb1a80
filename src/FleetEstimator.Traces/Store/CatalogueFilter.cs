using System.IO.Enumeration;

namespace FleetEstimator.Traces;

/// <summary>Which traces of a store are meant. Texts may hold <c>*</c> (any characters) and <c>?</c> (one character); null = any.</summary>
public sealed record CatalogueFilter
{
    /// <summary>Class of nodes, the label <see cref="CatalogueEntry.ClassLabel"/>.</summary>
    public string? Class { get; init; }

    /// <summary>Label of the node.</summary>
    public string? Node { get; init; }

    /// <summary>Kernel release, such as <c>6.12*</c>.</summary>
    public string? Kernel { get; init; }

    /// <summary>Labels that must be there with such a value.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether every entry is meant.</summary>
    public bool TakesAll => this is { Class: null, Node: null, Kernel: null, Labels.Count: 0 };

    /// <summary>Whether an entry is meant.</summary>
    public bool Takes(CatalogueEntry entry) =>
        Matches(Class, entry.Class) && Matches(Node, entry.Node) && Matches(Kernel, entry.KernelRelease)
        && Labels.All(label => Matches(label.Value, entry.Labels.GetValueOrDefault(label.Key)));

    private static bool Matches(string? pattern, string? text) =>
        pattern is null || (text is not null && FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false));
}
