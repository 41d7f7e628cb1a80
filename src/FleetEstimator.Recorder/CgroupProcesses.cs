using System.Globalization;

namespace FleetEstimator.Recorder;

/// <summary>The members of a control group and of the groups below it, cgroup v1 or v2 (Documentation/admin-guide/cgroup-v2.rst).</summary>
internal sealed class CgroupProcesses : TargetProcesses
{
    private readonly ProcFile _file = new();
    private readonly HashSet<int> _pids = [];
    private readonly string _folder;

    internal CgroupProcesses(string folder)
    {
        _folder = folder;
        if (!File.Exists(Path.Combine(folder, "cgroup.procs")))
            throw new RecordingException(
                RecordingFailure.NoSuchTarget,
                $"{folder} is not a control group: it has no cgroup.procs. Give a folder below the cgroup mount, such as /sys/fs/cgroup/memory/NAME.");
    }

    internal override string Kind => "cgroup";

    internal override string? Command => null;

    internal override string? CgroupFolder => _folder;

    internal override bool OutlivesItsProcesses => Directory.Exists(_folder);

    internal override void Find(List<ProcessStat> found)
    {
        // A process may be met twice: its threads are in several groups (version 1), or it moves meanwhile.
        _pids.Clear();
        AddMembers(_folder);
        _ = _pids.Remove(Environment.ProcessId);
        found.Clear();
        foreach (var pid in _pids.Order())
        {
            if (Alive(pid) is { } stat)
                found.Add(stat);
        }
    }

    private void AddMembers(string folder)
    {
        try
        {
            AddPids(folder);
            foreach (var below in Directory.EnumerateDirectories(folder))
                AddMembers(below);
        }
        catch (Exception exception) when (exception is IOException && !Directory.Exists(folder))
        {
            // The group was removed while it was read: it has no members.
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new RecordingException(RecordingFailure.NotPermitted, $"{folder}/cgroup.procs cannot be read: {exception.Message} Run as root.", exception);
        }
    }

    private void AddPids(string folder)
    {
        var isThreaded = KernelTree.Text(Path.Combine(folder, "cgroup.type")) == "threaded";
        if (!isThreaded)
        {
            AddNumbers(File.ReadAllText(Path.Combine(folder, "cgroup.procs")), static pid => pid);
        }
        else if (folder == _folder)
        {
            // A threaded group lists no processes; its threads' are those of the group above. Asked for by name, it stands for the processes of its threads.
            AddNumbers(File.ReadAllText(Path.Combine(folder, "cgroup.threads")), ProcessOf);
        }
    }

    private void AddNumbers(string text, Func<int, int> pidOf)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            // Processes outside this one's namespace are listed as 0.
            if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && pidOf(number) is > 0 and var pid)
                _ = _pids.Add(pid);
        }
    }

    /// <summary>The process of a thread (Tgid of /proc/TID/status); 0 if it is gone.</summary>
    private int ProcessOf(int thread)
    {
        var text = _file.Read($"/proc/{thread}/status", out _);
        var field = text.IndexOf("\nTgid:\t"u8);
        return field >= 0 && System.Buffers.Text.Utf8Parser.TryParse(text[(field + 7)..], out int pid, out _) ? pid : 0;
    }
}
