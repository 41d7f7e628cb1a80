using System.Globalization;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>
/// This machine with settings and a swap device changed for a while. Every change is journaled before it is made, and taken back by
/// <see cref="Dispose"/>, newest first; what a killed run left is taken back first of all. Root only.
/// </summary>
internal sealed class BorrowedMachine : IDisposable
{
    private const int PageBytes = 4096;
    private const string ZramControl = "/sys/class/zram-control";
    private const int LoopSetDescriptor = 0x4C00;
    private const int LoopClearDescriptor = 0x4C01;
    private const int LoopControlGetFree = 0x4C82;

    private readonly UndoJournal _journal;

    private BorrowedMachine(UndoJournal journal) => _journal = journal;

    /// <summary>Takes the machine and cleans up after a run that was killed.</summary>
    /// <param name="folder">Where the journal is.</param>
    /// <param name="restored">How many changes of an earlier run were taken back.</param>
    /// <exception cref="CalibrationException">Not root, another run has it, or an earlier change cannot be taken back.</exception>
    internal static BorrowedMachine Take(string folder, out int restored)
    {
        if (!OperatingSystem.IsLinux())
            throw new CalibrationException("Calibration measures a Linux kernel. Run it on Linux.");
        if (!Environment.IsPrivilegedProcess)
            throw new CalibrationException("Calibration sets up swap and changes kernel settings for a while. Run it as root.");
        var machine = new BorrowedMachine(UndoJournal.Open(folder));
        try
        {
            restored = machine._journal.Steps.Count;
            machine.Restore();
            return machine;
        }
        catch
        {
            machine._journal.Dispose();
            throw;
        }
    }

    /// <summary>Swap areas in use, in the order of /proc/swaps.</summary>
    internal static IReadOnlyList<string> SwapAreas => [.. File.ReadLines("/proc/swaps").Skip(1).Select(line => line.Split(' ', '\t')[0])];

    /// <summary>Writes a kernel setting if it is another. A setting with choices shows the current one in brackets.</summary>
    /// <exception cref="CalibrationException">There is no such setting, or the kernel refuses the value.</exception>
    internal void Set(string path, string value)
    {
        if (!File.Exists(path))
            throw new CalibrationException($"This kernel has no {path}.");
        var current = ReadSetting(path);
        if (current == value)
            return;
        _journal.Add(new Undo(UndoKind.Write, path, current));
        try
        {
            File.WriteAllText(path, value);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CalibrationException($"{path} cannot be set to {value}: {exception.Message}", exception);
        }
    }

    /// <summary>The current value of a setting.</summary>
    internal static string ReadSetting(string path)
    {
        var text = File.ReadAllText(path).Trim();
        var (open, close) = (text.IndexOf('[', StringComparison.Ordinal), text.IndexOf(']', StringComparison.Ordinal));
        return open >= 0 && close > open ? text[(open + 1)..close] : text;
    }

    /// <summary>Adds a zram device; returns its node.</summary>
    /// <exception cref="CalibrationException">This kernel has no zram.</exception>
    internal string AddZram(long bytes)
    {
        if (!Directory.Exists(ZramControl))
            throw new CalibrationException($"This kernel has no zram ({ZramControl} is missing). Load it with `modprobe zram`, or use --device current.");
        var adding = new Undo(UndoKind.RemoveNewZram, string.Join(',', ZramDevices()), DateTime.UtcNow.Ticks.ToString(CultureInfo.InvariantCulture));
        _journal.Add(adding);
        var node = "/dev/zram" + File.ReadAllText($"{ZramControl}/hot_add").Trim();
        _journal.Add(new Undo(UndoKind.RemoveZram, node));
        _journal.Remove(adding);
        File.WriteAllText($"/sys/block/{Path.GetFileName(node)}/disksize", bytes.ToString(CultureInfo.InvariantCulture));
        return node;
    }

    /// <summary>Puts a loop device on a new sparse file in shared memory: asynchronous, not rotational. Returns its node.</summary>
    /// <exception cref="CalibrationException">This kernel has no loop devices.</exception>
    internal unsafe string AddLoop(long bytes)
    {
        var file = $"/dev/shm/fleet-estimator-{Environment.ProcessId}.swap";
        AddFile(file, bytes);
        using var backing = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        var control = OpenOrFail("/dev/loop-control", "Load the loop module with `modprobe loop`.");
        var number = Linux.IoControl(control, LoopControlGetFree, null);
        _ = Linux.Close(control);
        if (number < 0)
            throw new CalibrationException($"There is no free loop device: {Linux.Describe(Linux.Errno)}.");
        var node = $"/dev/loop{number}";
        _journal.Add(new Undo(UndoKind.DetachLoop, node, file));
        var loop = OpenOrFail(node, "Make the node with mknod.");
        var attached = Linux.IoControl(loop, LoopSetDescriptor, (void*)backing.SafeFileHandle.DangerousGetHandle());
        var errno = Linux.Errno;
        _ = Linux.Close(loop);
        if (attached != 0)
            throw new CalibrationException($"{node} cannot be attached: {Linux.Describe(errno)}.");
        return node;
    }

    /// <summary>Makes a file of a size; it is deleted when the machine is given back. Returns its path.</summary>
    internal string AddFile(string path, long bytes)
    {
        if (Path.Exists(path))
            throw new CalibrationException($"{path} exists already. Delete it if it is of no use to you.");
        _journal.Add(new Undo(UndoKind.Delete, path));
        try
        {
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            file.SetLength(bytes);
            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CalibrationException($"{path} cannot be made: {exception.Message} Give another --folder.", exception);
        }
    }

    /// <summary>Makes a swap area of a block device and swaps to it before any other: then only pages that are pushed out meanwhile go there, ours.</summary>
    internal void SwapOn(string node)
    {
        WriteSwapHeader(node);
        _journal.Add(new Undo(UndoKind.SwapOff, node));
        if (Linux.SwapOn(node, Linux.SwapPrefer | Linux.SwapPriorityMax) != 0)
            throw new CalibrationException($"swapon {node} failed: {Linux.Describe(Linux.Errno)}.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Restore();
        }
        finally
        {
            _journal.Dispose();
        }
    }

    /// <summary>mm/swapfile.c, read_swap_header: version 1, the last page, no bad pages, and the signature at the end of the first page.</summary>
    private static void WriteSwapHeader(string node)
    {
        using var device = new FileStream(node, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        // In sectors of 512 bytes, whatever the device's own are.
        var pages = long.Parse(ReadSetting($"/sys/block/{Path.GetFileName(node)}/size"), CultureInfo.InvariantCulture) * 512 / PageBytes;
        var header = new byte[PageBytes];
        BitConverter.TryWriteBytes(header.AsSpan(1024), 1u);
        BitConverter.TryWriteBytes(header.AsSpan(1028), (uint)(pages - 1));
        "SWAPSPACE2"u8.CopyTo(header.AsSpan(PageBytes - 10));
        device.Write(header);
        device.Flush(flushToDisk: true);
    }

    private void Restore()
    {
        foreach (var step in _journal.Steps.Reverse().ToList())
        {
            try
            {
                TakeBack(step);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new CalibrationException($"{step.Kind} {step.Path} {step.Value} is still to be done and failed: {exception.Message} Try `fleet-estimator calibrate --restore` again.", exception);
            }

            _journal.Remove(step);
        }
    }

    private static void TakeBack(Undo step)
    {
        switch (step.Kind)
        {
            case UndoKind.Write:
                File.WriteAllText(step.Path, step.Value);
                break;
            case UndoKind.SwapOff:
                if (SwapAreas.Contains(step.Path) && Linux.SwapOff(step.Path) != 0)
                    throw new IOException($"swapoff: {Linux.Describe(Linux.Errno)}.");
                break;
            case UndoKind.RemoveNewZram:
                var before = step.Path.Split(',');
                var since = new DateTime(long.Parse(step.Value, CultureInfo.InvariantCulture), DateTimeKind.Utc);
                // Only one that appeared within the moment in which we were killed; another program's new device is not ours to remove.
                foreach (var device in ZramDevices().Except(before).Where(device => IsUnused(device) && (MadeAt(device) - since).Duration() < TimeSpan.FromSeconds(1)))
                    RemoveZram(device);
                break;
            case UndoKind.RemoveZram:
                RemoveZram(Path.GetFileName(step.Path));
                break;
            case UndoKind.DetachLoop:
                DetachLoop(step.Path, step.Value);
                break;
            case UndoKind.Delete:
                File.Delete(step.Path);
                break;
        }
    }

    private static string[] ZramDevices() => [.. Directory.GetDirectories("/sys/block", "zram*").Select(path => Path.GetFileName(path))];

    private static bool IsUnused(string device) => ReadSetting($"/sys/block/{device}/disksize") == "0";

    private static DateTime MadeAt(string device) => File.GetCreationTimeUtc($"/dev/{device}");

    private static void RemoveZram(string device)
    {
        if (!Directory.Exists($"/sys/block/{device}"))
            return;
        File.WriteAllText($"/sys/block/{device}/reset", "1");
        File.WriteAllText($"{ZramControl}/hot_remove", device["zram".Length..]);
    }

    private static unsafe void DetachLoop(string node, string file)
    {
        var behind = $"/sys/block/{Path.GetFileName(node)}/loop/backing_file";
        if (!File.Exists(behind) || File.ReadAllText(behind).Trim() != file)
            return;
        var loop = Linux.Open(node, Linux.ReadOnly | Linux.CloseOnExec);
        if (loop < 0 || Linux.IoControl(loop, LoopClearDescriptor, null) != 0)
            throw new IOException($"detaching {node}: {Linux.Describe(Linux.Errno)}.");
        _ = Linux.Close(loop);
    }

    private static int OpenOrFail(string path, string remedy)
    {
        var descriptor = Linux.Open(path, Linux.ReadWrite | Linux.CloseOnExec);
        return descriptor >= 0 ? descriptor : throw new CalibrationException($"{path} cannot be opened: {Linux.Describe(Linux.Errno)}. {remedy}");
    }
}
