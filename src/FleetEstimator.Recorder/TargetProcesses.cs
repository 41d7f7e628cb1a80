using System.Globalization;

namespace FleetEstimator.Recorder;

/// <summary>Finds the processes of a <see cref="RecordingTarget"/>, again for every scan.</summary>
internal abstract class TargetProcesses
{
    private readonly ProcFile _file = new();
    private readonly HashSet<(int Pid, ulong StartTicks)> _descendants = [];

    /// <summary>Checks that the target exists. A command is not started yet.</summary>
    /// <exception cref="RecordingException">There is no such process or cgroup.</exception>
    internal static TargetProcesses Open(RecordingTarget target) => target switch
    {
        RecordingTarget.Process process => new ProcessTree(process.Pid, process.WithDescendants),
        RecordingTarget.Cgroup cgroup => new CgroupProcesses(cgroup.Folder),
        RecordingTarget.Node => new NodeProcesses(),
        RecordingTarget.Command command => new CommandProcesses(command.Arguments),
        _ => throw new ArgumentOutOfRangeException(nameof(target), target, "Not a target."),
    };

    /// <summary>What kind of target this is, for the trace's labels.</summary>
    internal abstract string Kind { get; }

    /// <summary>Name of the program, without arguments or folder; null if there is no single one.</summary>
    internal abstract string? Command { get; }

    /// <summary>Exit code of a command started here, 128 + signal if one ended it; null otherwise.</summary>
    internal virtual int? ExitCode => null;

    /// <summary>Whether the processes run already; a command does not before <see cref="Start"/>.</summary>
    internal virtual bool HasStarted => true;

    /// <summary>The folder of the control group that is recorded, or null.</summary>
    internal virtual string? CgroupFolder => null;

    /// <summary>Whether more processes may come although there are none.</summary>
    internal virtual bool OutlivesItsProcesses => false;

    /// <summary>Whether a process that may not be read is left out even in the first scan, rather than that the recording fails.</summary>
    internal virtual bool MayMissProcesses => false;

    /// <summary>Starts the command, if the target is one.</summary>
    internal virtual void Start()
    {
    }

    /// <summary>Ends what <see cref="Start"/> started and still runs.</summary>
    internal virtual void End()
    {
    }

    /// <summary>Lets a process that ended go, if it has become a child of this one.</summary>
    internal virtual void Reap(in ProcessStat process)
    {
    }

    /// <summary>Replaces the content of <paramref name="found"/> by the processes that are alive now.</summary>
    internal abstract void Find(List<ProcessStat> found);

    /// <summary>The stat of a process that has memory of its own; null if it ended, or never had any.</summary>
    protected ProcessStat? Alive(int pid) => ProcessStat.Read(_file, pid) is { HasEnded: false, IsKernelThread: false } stat ? stat : null;

    /// <summary>The command name of a process (/proc/PID/comm), or null.</summary>
    protected string? NameOf(int pid)
    {
        var text = _file.Read($"/proc/{pid}/comm", out var errno);
        return errno == 0 ? System.Text.Encoding.UTF8.GetString(text).TrimEnd('\n') : null;
    }

    /// <summary>All processes alive now.</summary>
    protected void FindAll(List<ProcessStat> found)
    {
        found.Clear();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Alive(pid) is { } stat)
                found.Add(stat);
        }
    }

    /// <summary>Keeps of <paramref name="processes"/> the roots and whoever descends from them, also from those that have ended since the last call.</summary>
    protected void KeepDescendants(List<ProcessStat> processes, Predicate<ProcessStat> isRoot)
    {
        var kept = new HashSet<int>();
        foreach (var process in processes)
        {
            if (isRoot(process) || _descendants.Contains((process.Pid, process.StartTicks)))
                _ = kept.Add(process.Pid);
        }

        // Children are listed before their parents only after pids have wrapped around: nearly always one round finds all, and a second one nothing.
        for (var before = -1; before != kept.Count;)
        {
            before = kept.Count;
            foreach (var process in processes)
            {
                if (kept.Contains(process.Parent))
                    _ = kept.Add(process.Pid);
            }
        }

        _ = processes.RemoveAll(process => !kept.Contains(process.Pid));
        _descendants.Clear();
        foreach (var process in processes)
            _ = _descendants.Add((process.Pid, process.StartTicks));
    }
}

/// <summary>A process that is already running, alone or with its descendants.</summary>
internal sealed class ProcessTree : TargetProcesses
{
    private readonly ProcessStat _root;
    private readonly bool _withDescendants;

    internal ProcessTree(int pid, bool withDescendants)
    {
        _withDescendants = withDescendants;
        _root = Alive(pid) ?? throw new RecordingException(
            RecordingFailure.NoSuchTarget,
            $"There is no process {pid} with memory of its own (kernel threads have none). Look it up with ps or pgrep.");
        Command = NameOf(pid);
    }

    internal override string Kind => _withDescendants ? "process-tree" : "process";

    internal override string? Command { get; }

    internal override void Find(List<ProcessStat> found)
    {
        if (_withDescendants)
        {
            FindAll(found);
            KeepDescendants(found, process => process.IsSameProcess(in _root));
            return;
        }

        found.Clear();
        if (Alive(_root.Pid) is { } now && now.IsSameProcess(in _root))
            found.Add(now);
    }
}

/// <summary>Every process of this machine, as far as this one sees it, but for this one itself.</summary>
internal sealed class NodeProcesses : TargetProcesses
{
    internal override string Kind => "node";

    internal override string? Command => null;

    internal override bool OutlivesItsProcesses => true;

    /// <summary>Security modules keep single processes from root; who is not root would miss most of them.</summary>
    internal override bool MayMissProcesses { get; } = Capabilities.Read(KernelTree.Live).SysPtrace;

    internal override void Find(List<ProcessStat> found)
    {
        FindAll(found);
        _ = found.RemoveAll(process => process.Pid == Environment.ProcessId);
    }
}
