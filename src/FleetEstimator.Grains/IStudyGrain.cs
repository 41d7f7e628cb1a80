using Orleans.Concurrency;

namespace FleetEstimator.Grains;

/// <summary>The coordinator of one study, keyed by <see cref="StudyPlan.Id"/>: hands out its nodes in slices and knows how far it is. It outlives its silo: what is done is in the shards.</summary>
[Alias("fleet-estimator.study")]
public interface IStudyGrain : IGrainWithStringKey
{
    /// <summary>Begins the study, or goes on with it if it was cancelled; does nothing if it is under way or has ended.</summary>
    [Alias("submit")]
    Task Submit(StudyPlan plan);

    /// <summary>The plan, for silos that come to simulate nodes of it.</summary>
    /// <exception cref="StudyNotFoundException">There is no such study.</exception>
    [Alias("plan"), AlwaysInterleave]
    Task<StudyPlan> Plan();

    /// <summary>How far it is.</summary>
    /// <exception cref="StudyNotFoundException">There is no such study.</exception>
    [Alias("status"), AlwaysInterleave]
    Task<StudyStatus> Status();

    /// <summary>Takes in what a silo has done and gives it more to do.</summary>
    [Alias("work"), AlwaysInterleave]
    Task<WorkGrant> Work(WorkRequest request);

    /// <summary>Hands out no more nodes. What is done stays; <see cref="Reopen"/> goes on from there.</summary>
    /// <exception cref="StudyNotFoundException">There is no such study.</exception>
    [Alias("cancel")]
    Task Cancel();

    /// <summary>Goes on with a study that was cancelled; in one that has ended, tries the nodes that failed once more.</summary>
    /// <exception cref="StudyNotFoundException">There is no such study.</exception>
    [Alias("reopen")]
    Task Reopen();

    /// <summary>Forgets the study and all its results. Does nothing if there is none.</summary>
    [Alias("remove")]
    Task Remove();
}

/// <summary>Which studies there are. One for the whole cluster, with key 0.</summary>
[Alias("fleet-estimator.index")]
public interface IStudyIndexGrain : IGrainWithIntegerKey
{
    /// <summary>Adds a study, or says whether one needs work.</summary>
    [Alias("put")]
    Task Put(StudyEntry study);

    /// <summary>Takes a study out.</summary>
    [Alias("remove")]
    Task Remove(string id);

    /// <summary>All studies, in the order in which they were submitted.</summary>
    [Alias("all"), AlwaysInterleave]
    Task<StudyEntry[]> All();

    /// <summary>The studies that need work, once they are others than in <paramref name="version"/>, or after a while.</summary>
    [Alias("active"), AlwaysInterleave]
    Task<ActiveStudies> Active(long version);
}

/// <summary>One simulated node, keyed by <see cref="NodeKey"/>.</summary>
[Alias("fleet-estimator.node")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>Simulates the node, or waits for the simulation under way. Null if it takes longer than <paramref name="patience"/>: ask again.</summary>
    [Alias("simulate")]
    Task<NodeAnswer?> Simulate(TimeSpan patience);
}

/// <summary>What a node grain answers.</summary>
/// <param name="Row">The <see cref="NodeRow"/> as bytes.</param>
/// <param name="SimulationMicroseconds">Thread time it took.</param>
[GenerateSerializer, Immutable, Alias("fleet-estimator.answer")]
public sealed record NodeAnswer([property: Id(0)] byte[] Row, [property: Id(1)] long SimulationMicroseconds);

/// <summary>Rows of up to <see cref="NodeSlice.NodesPerShard"/> nodes of one recording, keyed by <see cref="ShardKey"/>.</summary>
[Alias("fleet-estimator.shard")]
public interface IShardGrain : IGrainWithStringKey
{
    /// <summary>Which of these nodes have no row yet.</summary>
    /// <param name="ordinals">The nodes.</param>
    /// <param name="attempt">Rows of nodes that failed in an earlier attempt do not count.</param>
    [Alias("missing")]
    Task<MissingNodes> Missing(long[] ordinals, int attempt);

    /// <summary>Takes rows in, and answers when they are stored. Of a node simulated twice the later row is kept: it is the same.</summary>
    /// <param name="rows">Each a <see cref="NodeRow"/> as bytes.</param>
    /// <param name="attempt">The attempt they were simulated in.</param>
    [Alias("merge")]
    Task Merge(byte[][] rows, int attempt);

    /// <summary>All rows, in order of ordinal.</summary>
    [Alias("rows")]
    Task<byte[][]> Rows();

    /// <summary>Forgets them.</summary>
    [Alias("remove")]
    Task Remove();
}

/// <summary>What is missing of a slice.</summary>
/// <param name="Ordinals">Nodes without a row.</param>
/// <param name="Failed">Of the others, those that cannot be simulated.</param>
[GenerateSerializer, Immutable, Alias("fleet-estimator.missing")]
public sealed record MissingNodes([property: Id(0)] long[] Ordinals, [property: Id(1)] int Failed);

/// <summary>Grain keys of nodes.</summary>
public static class NodeKey
{
    /// <summary>The key of a node.</summary>
    public static string Of(string study, int part, long ordinal) => $"{study}/{part}/{ordinal}";

    /// <summary>What a key is of.</summary>
    public static (string Study, int Part, long Ordinal) Parse(string key) => key.Split('/') is [var study, var part, var ordinal]
        ? (study, int.Parse(part), long.Parse(ordinal))
        : throw new ArgumentException($"\"{key}\" is not the key of a node.", nameof(key));
}

/// <summary>Grain keys of shards.</summary>
public static class ShardKey
{
    /// <summary>The key of the shard that keeps the rows of a slice.</summary>
    public static string Of(string study, in NodeSlice slice) => $"{study}/{slice.Part}/{slice.Class}/{slice.Turn}/{slice.Shard}";
}

/// <summary>There is no study of that id: it was never submitted, or was removed.</summary>
[GenerateSerializer, Alias("fleet-estimator.study-not-found")]
public sealed class StudyNotFoundException : Exception
{
    /// <summary>No study of that id.</summary>
    public StudyNotFoundException(string id)
        : base($"There is no study {id}; fleet-estimator studies list shows those there are.")
    {
    }
}
