using System.Security.Cryptography;
using System.Text;
using FleetEstimator.Estimation;
using FleetEstimator.Traces;

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
    IReadOnlyList<Recording> Recordings,
    IReadOnlyList<IReadOnlyList<int>> ClassRecordings)
{
    /// <summary>Nodes whose results one shard grain keeps.</summary>
    public const int NodesPerShard = 256;

    /// <summary>Finds the recordings of a study. Patterns are relative to <paramref name="folder"/>; every file found is read and validated.</summary>
    /// <exception cref="TraceException">A pattern matches no file, a file is not usable, or a claim asks more than a recording can say.</exception>
    public static StudyPlan Make(StudyDefinition study, string folder)
    {
        var recordings = RecordingSet.Find(folder, study.Classes.SelectMany(@class => @class.Recordings)).Recordings;
        var classes = study.Classes.Select(@class => RecordingsOf(@class, recordings, folder)).ToList();
        var contents = string.Join('\n', recordings.SelectMany(recording => recording.Files).Select(file => file.Digest).Prepend(StudyIdentity.Canonical(study)));
        var plan = new StudyPlan(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(contents))), study, recordings, classes);
        TraceEvidence.Check(plan);
        return plan;
    }

    private static IReadOnlyList<int> RecordingsOf(NodeClass @class, IReadOnlyList<Recording> recordings, string folder)
    {
        var paths = @class.Recordings.SelectMany(pattern => RecordingSet.Match(folder, pattern)).ToHashSet(StringComparer.Ordinal);

        // A recording is all its files: a class that names one of them has it whole.
        return [.. Enumerable.Range(0, recordings.Count).Where(index => recordings[index].Files.Any(file => paths.Contains(file.Path)))];
    }

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

    /// <summary>Whether a node is the first of its class to replay its recording.</summary>
    public bool IsFirstOfRecording(long ordinal)
    {
        var (@class, node, _) = Locate(ordinal);
        return node < ClassRecordings[@class].Count;
    }
}
