using System.Security.Cryptography;
using System.Text;
using FleetEstimator.Estimation;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains;

/// <summary>
/// A study made concrete: its recordings found and digested, its simulated nodes numbered. Nodes count through the classes in order
/// (the ordinal), so that a number alone says which node of which class replays which recording.
/// </summary>
/// <param name="Id">Names the study in a cluster; equal for equal study, seed, recordings and counters beside them, planned by the same build of the program.</param>
/// <param name="Study">What was asked.</param>
/// <param name="Recordings">The sampling units, in ascending order of label.</param>
/// <param name="ClassRecordings">For each class the recordings that stand for it, as indices, ascending.</param>
/// <param name="ClassWeights">What each of them counts for, in the same order.</param>
public sealed record StudyPlan(
    string Id,
    StudyDefinition Study,
    IReadOnlyList<Recording> Recordings,
    IReadOnlyList<IReadOnlyList<int>> ClassRecordings,
    IReadOnlyList<IReadOnlyList<double>> ClassWeights)
{
    /// <summary>The patterns of a study's recordings, each once.</summary>
    public static IReadOnlyList<string> PatternsOf(StudyDefinition study) =>
        [.. study.Classes.SelectMany(@class => @class.Recordings).Select(recording => recording.Pattern).Distinct(StringComparer.Ordinal)];

    /// <summary>Finds the recordings of a study. Patterns are relative to <paramref name="folder"/>; every file found is read and validated.</summary>
    /// <exception cref="StudyException">A recording has two weights, or a class more recordings than its frame has nodes.</exception>
    /// <exception cref="TraceException">A pattern matches no file, a file is not usable, or a claim asks more than a recording can say.</exception>
    public static StudyPlan Make(StudyDefinition study, string folder) => Make(study, RecordingSet.Find(folder, PatternsOf(study)));

    /// <summary>The plan of a study whose recordings have been found, wherever that was.</summary>
    /// <param name="study">The study.</param>
    /// <param name="recordings">What <see cref="PatternsOf"/> match.</param>
    /// <exception cref="StudyException">A recording has two weights, or a class more recordings than its frame has nodes.</exception>
    /// <exception cref="TraceException">A claim asks more than a recording can say.</exception>
    public static StudyPlan Make(StudyDefinition study, RecordingSet recordings)
    {
        var classes = study.Classes.Select(@class => RecordingsOf(study, @class, recordings)).ToList();
        var plan = new StudyPlan(
            IdOf(study, recordings.Recordings),
            study,
            recordings.Recordings,
            [.. classes.Select(@class => (IReadOnlyList<int>)[.. @class.Select(entry => entry.Recording)])],
            [.. classes.Select(@class => (IReadOnlyList<double>)[.. @class.Select(entry => entry.Weight)])]);
        TraceEvidence.Check(plan);
        return plan;
    }

    /// <summary>The plan of a study that differs in a parameter only: the same recordings stand for the same nodes.</summary>
    public StudyPlan Of(SweepPoint point) => this with { Id = IdOf(point.Study, Recordings), Study = point.Study };

    // Counters are part of it: reports say how the model does against them.
    private static string IdOf(StudyDefinition study, IReadOnlyList<Recording> recordings) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', recordings.SelectMany(recording => recording.Files).Select(file => file.CountersDigest is { } counters ? $"{file.Digest} {counters}" : file.Digest).Prepend(StudyIdentity.Digest(study)).Prepend(ProgramBuild.Id)))));

    /// <summary>Whether this build of the program planned it, and so may simulate its nodes and read their rows.</summary>
    public bool IsOfThisBuild => Id == IdOf(Study, Recordings);

    private static List<(int Recording, double Weight)> RecordingsOf(StudyDefinition study, NodeClass @class, RecordingSet set)
    {
        var patterns = @class.Recordings.Select(recording => (recording, Paths: set.Matched(recording.Pattern).Select(file => file.Path).ToHashSet(StringComparer.Ordinal))).ToList();
        var (found, recordings) = (new List<(int, double)>(), set.Recordings);
        for (var index = 0; index < recordings.Count; index++)
        {
            // A recording is all its files: a class that names one of them has it whole.
            var naming = patterns.Where(pattern => recordings[index].Files.Any(file => pattern.Paths.Contains(file.Path))).Select(pattern => pattern.recording).ToList();
            if (naming.Count == 0)
                continue;
            if (naming.Find(other => other.Weight != naming[0].Weight) is { } other)
            {
                throw Wrong(study, $"{@class.Name}.recordings",
                    $"recording {recordings[index].Node} weighs {other.Weight} by {other.Pattern}, and {naming[0].Weight} by {naming[0].Pattern}", "name each recording with one weight");
            }

            found.Add((index, naming[0].Weight));
        }

        return @class.Frame is not { } frame || found.Count <= frame ? found : throw Wrong(
            study, $"{@class.Name}.frame", $"there are {found.Count} recordings, more than the {frame} nodes they were drawn from",
            "write how many nodes the recorded ones were drawn from, or leave frame out");
    }

    private static StudyException Wrong(StudyDefinition study, string field, string problem, string remedy) => new([new StudyError(study.Name, 1, 1, field, problem, remedy)]);

    /// <summary>What recordings count for within their class.</summary>
    public SelectionWeights Weights => new(ClassRecordings
        .SelectMany((recordings, @class) => recordings.Select((recording, index) => ((@class, recording), ClassWeights[@class][index])))
        .ToDictionary(entry => entry.Item1, entry => entry.Item2));

    /// <summary>Nodes of the fleet.</summary>
    public long NodeCount => Study.Nodes;

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

    /// <summary>Ordinal of the first node of a class.</summary>
    public long FirstOrdinal(int @class) => Study.Classes.Take(@class).Sum(earlier => (long)earlier.Nodes);

    /// <summary>Parts that are simulated one after another: the study itself, and every point of its sweep.</summary>
    public int PartCount => 1 + Study.Sweep.Count;

    /// <summary>A part as a study of its own: 0 the study itself, <c>k</c> the <c>k</c>-th point of its sweep.</summary>
    public StudyPlan Part(int part) => part == 0 ? this : Of(Study.Sweep[part - 1]);

    /// <summary>What a part is called; null for the study itself.</summary>
    public string? StageOf(int part) => part == 0 ? null : $"{Study.Sweep[part - 1].Parameter} = {Study.Sweep[part - 1].Value}";

    /// <summary>The nodes of a slice, by ordinal.</summary>
    public long[] Ordinals(NodeSlice slice)
    {
        var (first, turns) = (FirstOrdinal(slice.Class), ClassRecordings[slice.Class].Count);
        return [.. Enumerable.Range(0, slice.Count).Select(index => first + slice.NodeAt(index, turns))];
    }

    /// <summary>The nodes of an allocation, by ordinal.</summary>
    public IEnumerable<long> Ordinals(NodeAllocation allocation)
    {
        for (var @class = 0; @class < allocation.NodesOfClass.Count; @class++)
        {
            var first = FirstOrdinal(@class);
            for (var node = 0L; node < allocation.NodesOfClass[@class]; node++)
                yield return first + node;
        }
    }

    /// <summary>The shards of an allocation: for each class, shard after shard of every recording, so that shards whose nodes alternate come one after another.</summary>
    public IEnumerable<NodeSlice> Shards(int part, NodeAllocation allocation)
    {
        for (var @class = 0; @class < allocation.NodesOfClass.Count; @class++)
        {
            var turns = ClassRecordings[@class].Count;
            var longest = NodeSlice.NodesOfTurn(allocation.NodesOfClass[@class], 0, turns);
            for (var first = 0L; first < longest; first += NodeSlice.NodesPerShard)
            {
                for (var turn = 0; turn < turns; turn++)
                {
                    var nodes = NodeSlice.NodesOfTurn(allocation.NodesOfClass[@class], turn, turns) - first;
                    if (nodes > 0)
                        yield return new NodeSlice(part, @class, turn, first, (int)Math.Min(nodes, NodeSlice.NodesPerShard));
                }
            }
        }
    }

    /// <summary>Whether a node is the first of its class to replay its recording.</summary>
    public bool IsFirstOfRecording(long ordinal)
    {
        var (@class, node, _) = Locate(ordinal);
        return node < ClassRecordings[@class].Count;
    }
}
