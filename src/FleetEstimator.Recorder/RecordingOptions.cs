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

    /// <summary>Every process of the machine, now and as they appear; not the recorder itself, and not kernel threads, which have no memory of their own.</summary>
    public sealed record Node : RecordingTarget;

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

    /// <summary>DAMON: regions that were accessed, by sampling; of processes' memory where the kernel can, else of the machine's.</summary>
    Damon,

    /// <summary>DAMON on the machine's physical memory even where it can monitor processes. Never chosen unasked.</summary>
    DamonOfPhysicalMemory,

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

    /// <summary>Free labels. <c>command</c>, <c>cpu_budget</c>, <c>target</c> and <c>thp</c> are set unless given here.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>What tells which pages are accessed; default: the best that this kernel and user have.</summary>
    public AccessSourceKind Source { get; init; }

    /// <summary>
    /// CPU time, user and system, that the recorder may use, as a share of one core; at least 0.0001. Null: as much as it takes. It is kept by recording a sample of
    /// the 2 MiB blocks, chosen at the start unless <see cref="SamplingFraction"/> says it, and by longer intervals.
    /// </summary>
    public double? CpuBudget { get; init; }

    /// <summary>
    /// CPU time that was used before the recording was asked for and counts as the recorder's, as starting it does in a program that only records; default: none.
    /// </summary>
    public TimeSpan StartCpuTime { get; init; }

    /// <summary>Share of the aligned 2 MiB blocks of address space that are recorded, above 0 and up to 1; null: as the budget allows, 1 without one.</summary>
    public double? SamplingFraction { get; init; }

    /// <summary>A file with the key of the fingerprints that are recorded of pages of other data, 16 to 4096 bytes; null: none are. The key is never written anywhere.</summary>
    public string? FingerprintKeyFile { get; init; }

    /// <summary>Bits kept of a fingerprint, 16 to 64: fewer say less about a page, and more different pages share one.</summary>
    public int FingerprintBits { get; init; } = 64;

    /// <summary>The codec whose size of each page of other data is recorded.</summary>
    public PageCodec CompressedSizes { get; init; }

    /// <exception cref="RecordingException">An option is out of its range.</exception>
    internal void Validate()
    {
        Require(Interval >= TimeSpan.FromMilliseconds(1), $"The interval is {Interval.TotalMilliseconds} ms; give at least 1 ms.");
        Require(Duration is not { } duration || duration > TimeSpan.Zero, $"The duration is {Duration?.TotalSeconds} s; give a positive one.");
        Require(Node is not "", "The node's label is empty; give one, or none for a random one.");
        Require(Target is not RecordingTarget.Command { Arguments.Count: 0 }, "The command is empty; give one after --.");
        Require(Target is not RecordingTarget.Process { Pid: <= 0 }, "A process id is a positive number.");
        Require(CpuBudget is null or >= 0.0001, $"The CPU budget is {CpuBudget:P3} of a core; give at least 0.01%, or none.");
        Require(SamplingFraction is null or (> 0 and <= 1), $"The sampling fraction is {SamplingFraction}; give a number above 0 and up to 1.");
        Require(FingerprintBits is >= 16 and <= 64, $"Fingerprints of {FingerprintBits} bits; give 16 to 64.");
        Require(Labels.Keys.All(name => name.Length > 0), "A label has an empty name; give NAME=VALUE.");
        Require(!Labels.ContainsKey(Traces.Capabilities.Label), "The label capability is the recorder's own to write; choose another name.");
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new RecordingException(RecordingFailure.Options, otherwise);
    }
}
