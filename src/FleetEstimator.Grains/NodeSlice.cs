namespace FleetEstimator.Grains;

/// <summary>
/// Nodes of one class that replay the same recording, one after another: what is handed out, simulated and kept together. Recordings take turns over the nodes of a class,
/// so of <c>R</c> recordings the one whose turn is <c>t</c> has the nodes <c>t, t + R, t + 2R, …</c>; a slice counts through these.
/// </summary>
/// <param name="Part">Of which part of the study, see <see cref="StudyPlan.Part"/>.</param>
/// <param name="Class">Index of the class in the study.</param>
/// <param name="Turn">Place of the recording among those of the class.</param>
/// <param name="First">The first of the recording's nodes, counted from 0.</param>
/// <param name="Count">How many; all of one shard.</param>
[GenerateSerializer, Immutable, Alias("fleet-estimator.slice")]
public readonly record struct NodeSlice(
    [property: Id(0)] int Part,
    [property: Id(1)] int Class,
    [property: Id(2)] int Turn,
    [property: Id(3)] long First,
    [property: Id(4)] int Count)
{
    /// <summary>Nodes of one recording whose results one shard keeps.</summary>
    public const int NodesPerShard = 256;

    /// <summary>Which of the recording's shards keeps its results.</summary>
    public long Shard => First / NodesPerShard;

    /// <summary>Number within its class of a node of the slice.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <param name="turns">Recordings of the class.</param>
    public long NodeAt(int index, int turns) => Turn + ((First + index) * turns);

    /// <summary>Of the first <paramref name="nodes"/> nodes of a class with <paramref name="turns"/> recordings, how many replay the one with that turn.</summary>
    public static long NodesOfTurn(long nodes, int turn, int turns) => nodes <= turn ? 0 : (nodes - turn + turns - 1) / turns;
}
