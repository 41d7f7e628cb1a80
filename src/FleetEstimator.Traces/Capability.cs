namespace FleetEstimator.Traces;

/// <summary>
/// What the source of a trace could see, and so what an estimate may rest on. A trace carries it as metadata <c>label.capability</c>; without that
/// key it is <see cref="ContentKnown"/>. In ascending order of what can be said from it.
/// </summary>
public enum Capability : byte
{
    /// <summary>Cumulative counters of a kernel and no pages: evidence to hold results against, nothing to replay.</summary>
    CounterOnly,

    /// <summary>Which pages were accessed and when; neither what they contained nor all that was resident.</summary>
    AccessOnly,

    /// <summary>Which pages were resident, swapped or mapped to the zero page; of pages that were written, not what they contained.</summary>
    MappingOnly,

    /// <summary>Of every page whether it is zero-filled.</summary>
    ContentKnown,
}

/// <summary>The names of capabilities, in metadata and in messages.</summary>
public static class Capabilities
{
    /// <summary>The label whose value is a capability's name: the metadata key without <c>label.</c>.</summary>
    public const string Label = "capability";

    private static readonly string[] _names = ["counter-only", "access-only", "mapping-only", "content-known"];

    /// <summary>Every name, in the order of <see cref="Capability"/>.</summary>
    public static IReadOnlyList<string> Names => _names;

    /// <summary>The name of a capability, such as <c>access-only</c>.</summary>
    public static string NameOf(Capability capability) => _names[(int)capability];

    /// <summary>The names of a capability and of those that say more, such as <c>mapping-only or content-known</c>.</summary>
    public static string NamesFrom(Capability least) => string.Join(" or ", _names[(int)least..]);

    /// <summary>The capability of that name; null if there is none.</summary>
    public static Capability? Find(string name) => Array.IndexOf(_names, name) is >= 0 and var index ? (Capability)index : null;
}
