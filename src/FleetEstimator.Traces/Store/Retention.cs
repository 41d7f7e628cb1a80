namespace FleetEstimator.Traces;

/// <summary>Which traces a store keeps.</summary>
public sealed record Retention
{
    /// <summary>Age of a recording, from its beginning, beyond which it goes; null = age is no reason.</summary>
    public TimeSpan? OlderThan { get; init; }

    /// <summary>The newest traces of every node that stay, whatever their age; null = none because of that.</summary>
    public int? KeepPerNode { get; init; }

    /// <summary>
    /// The entries that go: with an age those beyond it, without one all, but in any case not the newest <see cref="KeepPerNode"/> of each node. None where
    /// neither is set.
    /// </summary>
    public IReadOnlyList<CatalogueEntry> Expired(IEnumerable<CatalogueEntry> entries, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return OlderThan is null && KeepPerNode is null ? [] :
        [
            .. entries.GroupBy(entry => entry.Node, StringComparer.Ordinal)
                .SelectMany(node => node.OrderByDescending(entry => entry.RecordedAt).ThenBy(entry => entry.Digest, StringComparer.Ordinal).Skip(KeepPerNode ?? 0))
                .Where(entry => OlderThan is not { } age || now - entry.RecordedAt > age),
        ];
    }
}
