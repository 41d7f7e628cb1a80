namespace FleetEstimator.Recorder;

/// <summary>Whose memory to record.</summary>
public abstract record RecordingTarget
{
    private RecordingTarget()
    {
    }

    /// <summary>A running process.</summary>
    /// <param name="Pid">Its process id.</param>
    /// <param name="WithDescendants">Whether its children, and theirs, are recorded too, now and as they appear.</param>
    public sealed record Process(int Pid, bool WithDescendants = false) : RecordingTarget;

    /// <summary>Every process of a control group and of the groups below it.</summary>
    /// <param name="Folder">Its folder, cgroup v1 or v2, such as <c>/sys/fs/cgroup/memory/NAME</c>.</param>
    public sealed record Cgroup(string Folder) : RecordingTarget;

    /// <summary>A command that the recorder starts, and its descendants. Its standard output goes to standard error.</summary>
    /// <param name="Arguments">The command, found along PATH, and its arguments.</param>
    public sealed record Command(IReadOnlyList<string> Arguments) : RecordingTarget;
}

/// <summary>What tells which pages are accessed. What changes is seen with each of them, by comparing contents.</summary>
public enum AccessSourceKind
{
    /// <summary>The best that this kernel and user have, in the order below, page-out excepted.</summary>
    Auto,

    /// <summary>Idle page tracking and soft-dirty bits together: every access, writes and reads told apart.</summary>
    IdlePageAndSoftDirty,

    /// <summary>Idle page tracking: every access, writes that change nothing not told from reads.</summary>
    IdlePage,

    /// <summary>Soft-dirty bits: every write, no read.</summary>
    SoftDirty,

    /// <summary>DAMON: regions that were accessed, by sampling.</summary>
    Damon,

    /// <summary>Nothing but the contents: writes that change something.</summary>
    Content,

    /// <summary>
    /// Pages the recorded processes out after every scan: what comes back was accessed. Slows them down and changes what the machine does; needs swap. Never chosen
    /// unasked.
    /// </summary>
    PageOut,
}

/// <summary>What to record, for how long, into which file.</summary>
public sealed record RecordingOptions
{
    /// <summary>Whose memory to record.</summary>
    public required RecordingTarget Target { get; init; }

    /// <summary>Path of the trace. It appears when the recording is complete; a file already there is replaced then.</summary>
    public required string Output { get; init; }

    /// <summary>
    /// Time from the start of one scan to the next, at least 1 ms; default 2 s. Changes in between are seen once: a shorter interval sees more writes and costs
    /// more CPU. When scans take longer, the next one due is skipped.
    /// </summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>When to end, positive; the last scan is made then. Null: when the processes have ended or the caller cancels.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The access sources by the names that a user gives them.</summary>
    public static IReadOnlyDictionary<string, AccessSourceKind> SourceNames { get; } =
        AccessSources.All.Select(source => (source.Name, source.Kind)).Prepend(("auto", AccessSourceKind.Auto)).ToDictionary(StringComparer.Ordinal);

    /// <summary>Opaque label of the node; null: a random one. Recordings with one label are one recording to every estimate.</summary>
    public string? Node { get; init; }

    /// <summary>Free labels. <c>command</c>, <c>target</c> and <c>thp</c> are set unless given here.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>What tells which pages are accessed; default: the best that this kernel and user have.</summary>
    public AccessSourceKind Source { get; init; }

    /// <exception cref="RecordingException">An option is out of its range.</exception>
    internal void Validate()
    {
        Require(Interval >= TimeSpan.FromMilliseconds(1), $"The interval is {Interval.TotalMilliseconds} ms; give at least 1 ms.");
        Require(Duration is not { } duration || duration > TimeSpan.Zero, $"The duration is {Duration?.TotalSeconds} s; give a positive one.");
        Require(Node is not "", "The node's label is empty; give one, or none for a random one.");
        Require(Target is not RecordingTarget.Command { Arguments.Count: 0 }, "The command is empty; give one after --.");
        Require(Target is not RecordingTarget.Process { Pid: <= 0 }, "A process id is a positive number.");
        Require(Labels.Keys.All(name => name.Length > 0), "A label has an empty name; give NAME=VALUE.");
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new RecordingException(RecordingFailure.Options, otherwise);
    }
}
