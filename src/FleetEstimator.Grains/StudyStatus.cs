namespace FleetEstimator.Grains;

/// <summary>What a study is doing.</summary>
public enum StudyPhase : byte
{
    /// <summary>Nodes are simulated, or wait for a silo that can.</summary>
    Running,

    /// <summary>Cancelled; it can be resumed.</summary>
    Cancelled,

    /// <summary>All nodes have ended; the report can be had.</summary>
    Ended,

    /// <summary>It cannot be ended; see <see cref="StudyStatus.Problem"/>.</summary>
    Broken,
}

/// <summary>A study in the index.</summary>
/// <param name="Id"><see cref="StudyPlan.Id"/>.</param>
/// <param name="Name">What its file calls it.</param>
/// <param name="Submitted">When it was submitted first.</param>
/// <param name="Phase">What it is doing.</param>
/// <param name="Changes">Rises with every change, so that old news is told from new.</param>
public sealed record StudyEntry(string Id, string Name, DateTimeOffset Submitted, StudyPhase Phase, int Changes);

/// <summary>The studies that need work.</summary>
/// <param name="Version">Changes with them.</param>
/// <param name="Ids">Their ids, in the order in which they were submitted.</param>
public sealed record ActiveStudies(long Version, IReadOnlyList<string> Ids);

/// <summary>A study and how far it is.</summary>
/// <param name="Entry">The study.</param>
/// <param name="Progress">How far it is.</param>
/// <param name="Problem">Why it cannot be ended; null unless it is <see cref="StudyPhase.Broken"/>.</param>
/// <param name="Allocation">Which nodes its report is about; null until it has ended.</param>
/// <param name="Coordinator">Name of the silo on which its coordinator is.</param>
public sealed record StudyStatus(StudyEntry Entry, StudyProgress Progress, string? Problem, Estimation.NodeAllocation? Allocation, string Coordinator);

/// <summary>How far a study is.</summary>
/// <param name="Nodes">Nodes to simulate in this stage.</param>
/// <param name="Done">Nodes whose results are in their shards.</param>
/// <param name="Failed">Nodes that cannot be simulated.</param>
/// <param name="Running">Nodes handed out and not ended.</param>
public sealed record StudyProgress(long Nodes, long Done, long Failed, long Running)
{
    /// <summary>What is being done, where it is not the study itself: the point of its sweep.</summary>
    public string? Stage { get; init; }

    /// <summary>Nodes simulated in this stage and those before it, since the study was begun or gone on with; the others had been done earlier.</summary>
    public long Simulated { get; init; }

    /// <summary>Whether all nodes of the stage have ended.</summary>
    public bool Ended => Done + Failed == Nodes;
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
