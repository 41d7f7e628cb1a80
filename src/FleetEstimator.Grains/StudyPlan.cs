using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>
/// A study made concrete: its recordings found and digested, its simulated nodes numbered. Nodes count through the classes in order
/// (the ordinal), so that a number alone says which node of which class replays which recording.
/// </summary>
/// <param name="Id">Names the study in a cluster; equal for equal study, seed and recordings.</param>
/// <param name="Study">What was asked.</param>
/// <param name="Recordings">The sampling units, in ascending order of label.</param>
/// <param name="ClassRecordings">For each class the recordings that stand for it, as indices, ascending.</param>
public sealed record StudyPlan(
    string Id,
    StudyDefinition Study,
    IReadOnlyList<PlannedRecording> Recordings,
    IReadOnlyList<IReadOnlyList<int>> ClassRecordings)
{
    /// <summary>Nodes whose results one shard grain keeps.</summary>
    public const int NodesPerShard = 256;

    /// <summary>Nodes to simulate.</summary>
    public long NodeCount => Study.Nodes;

    /// <summary>Shard grains, each with the results of consecutive nodes.</summary>
    public int ShardCount => (int)((NodeCount + NodesPerShard - 1) / NodesPerShard);

    /// <summary>Class, number within the class and recording of a node. Recordings take turns, so that each gets as many nodes as the next.</summary>
    public (int Class, long Node, int Recording) Locate(long ordinal)
    {
        var node = ordinal;
        for (var index = 0; index < Study.Classes.Count; index++)
        {
            var nodes = Study.Classes[index].Nodes;
            if (node < nodes)
                return (index, node, ClassRecordings[index][(int)(node % ClassRecordings[index].Count)]);
            node -= nodes;
        }

        throw new ArgumentOutOfRangeException(nameof(ordinal), ordinal, $"The study has {NodeCount} nodes.");
    }
}

/// <summary>A recording of a plan.</summary>
/// <param name="Node">Label of the recorded node.</param>
/// <param name="Files">Its trace files, in the order in which they are replayed.</param>
public sealed record PlannedRecording(string Node, IReadOnlyList<PlannedFile> Files);

/// <summary>A trace file of a plan.</summary>
/// <param name="Path">Where every silo finds it.</param>
/// <param name="Digest">What it must contain.</param>
public sealed record PlannedFile(string Path, string Digest);
