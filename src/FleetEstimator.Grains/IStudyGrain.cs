namespace FleetEstimator.Grains;

/// <summary>The coordinator of one study, keyed by <see cref="StudyPlan.Id"/>: hands out its nodes and knows which are done.</summary>
[Alias("fleet-estimator.study")]
public interface IStudyGrain : IGrainWithStringKey
{
    /// <summary>Has the nodes of an allocation simulated, those that were not yet. Starts the study if it was not started before.</summary>
    [Alias("simulate")]
    Task Simulate(StudyPlan plan, Estimation.NodeAllocation allocation);

    /// <summary>The plan, for silos that come to simulate a node of it.</summary>
    [Alias("plan")]
    Task<StudyPlan> Plan();

    /// <summary>How far it is.</summary>
    [Alias("progress")]
    Task<StudyProgress> Progress();

    /// <summary>The nodes so far that cannot be simulated, with the reason, in order of ordinal.</summary>
    [Alias("failures")]
    Task<NodeFailure[]> Failures();

    /// <summary>A node's result is in its shard; or, with <paramref name="failure"/>, the node cannot be simulated.</summary>
    [Alias("node-ended")]
    Task NodeEnded(long ordinal, string? failure);

    /// <summary>Hands out no more nodes; those under way end.</summary>
    [Alias("cancel")]
    Task Cancel();
}

/// <summary>One simulated node, keyed by study and ordinal (<see cref="NodeKey"/>).</summary>
[Alias("fleet-estimator.node")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>Starts the simulation, or does nothing if it is under way. The result goes to the shard, then the coordinator is told.</summary>
    [Alias("start")]
    Task Start();

    /// <summary>Whether the simulation is under way here.</summary>
    [Alias("is-running")]
    Task<bool> IsRunning();
}

/// <summary>Results of <see cref="StudyPlan.NodesPerShard"/> consecutive nodes of one study, keyed by study and shard (<see cref="ShardKey"/>).</summary>
[Alias("fleet-estimator.shard")]
public interface IShardGrain : IGrainWithStringKey
{
    /// <summary>Takes a node's result in. A node simulated twice has the same result twice; it is kept once.</summary>
    [Alias("merge")]
    Task Merge(long ordinal, Estimation.NodeResult result);

    /// <summary>All results so far, in order of ordinal.</summary>
    [Alias("results")]
    Task<Estimation.NodeResult[]> Results();
}

/// <summary>Grain keys of nodes.</summary>
public static class NodeKey
{
    /// <summary>The key of a node.</summary>
    public static string Of(string study, long ordinal) => $"{study}/{ordinal}";

    /// <summary>Study and ordinal behind a key.</summary>
    public static (string Study, long Ordinal) Parse(string key)
    {
        var slash = key.LastIndexOf('/');
        return (key[..slash], long.Parse(key.AsSpan(slash + 1)));
    }
}

/// <summary>Grain keys of shards.</summary>
public static class ShardKey
{
    /// <summary>The key of a shard.</summary>
    public static string Of(string study, int shard) => $"{study}/shard/{shard}";

    /// <summary>The key of the shard that keeps a node's result.</summary>
    public static string OfNode(string study, long ordinal) => Of(study, (int)(ordinal / StudyPlan.NodesPerShard));
}

/// <summary>How far a study is.</summary>
/// <param name="Started">False if this coordinator knows of no such study: it was never started, or its silo was lost.</param>
/// <param name="Nodes">Nodes to simulate.</param>
/// <param name="Done">Nodes whose results are in their shards.</param>
/// <param name="Failed">Nodes that cannot be simulated.</param>
/// <param name="Running">Nodes handed out and not ended.</param>
/// <param name="Cancelled">Whether no more nodes are handed out.</param>
public sealed record StudyProgress(bool Started, long Nodes, long Done, long Failed, int Running, bool Cancelled)
{
    /// <summary>What is being done, where it is not the study itself.</summary>
    public string? Stage { get; init; }

    /// <summary>Whether nothing more will happen.</summary>
    public bool Ended => Started && (Done + Failed == Nodes || (Cancelled && Running == 0));
}

/// <summary>A node that cannot be simulated.</summary>
/// <param name="Ordinal">Which.</param>
/// <param name="Reason">Why; the same in every run.</param>
public sealed record NodeFailure(long Ordinal, string Reason)
{
    /// <summary>
    /// What is told of an exception: of a bad recording without its folder, which differs from machine to machine; of anything else that it is a mistake of
    /// the program.
    /// </summary>
    public static string ReasonOf(Exception exception) => exception is Traces.TraceException trace
        ? $"{Path.GetFileName(trace.FilePath)}: {trace.Problem}"
        : $"a mistake of the program, please report it: {exception.GetType().Name}: {exception.Message}";
}
