namespace FleetEstimator.Grains;

/// <summary>The times that rule how silos share work. Defaults suit clusters; tests shorten them.</summary>
public sealed record WorkSettings
{
    /// <summary>
    /// Thread time that one slice should take. Longer: more work is done again when a silo dies. Shorter: more writes, since a shard writes once a slice.
    /// </summary>
    public TimeSpan SliceTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A silo tells a coordinator at least this often what it holds.</summary>
    public TimeSpan Renewal { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A silo that has not been heard of for this long has lost its slices to the others. Several <see cref="Renewal"/>s, so that a lost message costs nothing.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a coordinator or the index keeps a silo waiting that has nothing to do, until it is told that there is nothing. Far below Orleans' response timeout (30 s).</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one call waits for a node; a longer simulation is asked for again. Far below Orleans' response timeout (30 s).</summary>
    public TimeSpan NodePatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Before a failed call is tried again: this long at first, twice as long each time, with random jitter.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest between two tries.</summary>
    public TimeSpan LastRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long shards that cannot be read are tried again, before whoever wants their rows is told.</summary>
    public TimeSpan ReadPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a silo that stops waits for the rows it still has to reach their shards.</summary>
    public TimeSpan Farewell { get; init; } = TimeSpan.FromSeconds(5);
}
