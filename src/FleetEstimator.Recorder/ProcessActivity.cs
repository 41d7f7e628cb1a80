using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace FleetEstimator.Recorder;

/// <summary>
/// Tells whether a process has run since the last look, from the scheduler's account of its threads (/proc/PID/schedstat, Documentation/scheduler/sched-stats.rst),
/// or has gained or lost pages. One that has not has changed nothing in its memory, and needs no look.
/// </summary>
/// <remarks>
/// Others may have written into it nevertheless (ptrace, process_vm_writev, a device), and small losses to swap do not show in the kernel's approximate page
/// count: it is looked at now and then all the same.
/// </remarks>
internal sealed class ProcessActivity(KernelTree kernel)
{
    private readonly ProcFile _file = new();
    private readonly XxHash3 _digest = new();
    private bool _isZero;

    /// <summary>A number that is another one after the process has run; null where the kernel does not tell.</summary>
    internal ulong? Digest(in ProcessStat process)
    {
        _digest.Reset();
        if (!Add($"{kernel.Proc}/{process.Pid}/statm"))
            return null;
        if (process.Threads == 1)
            return AddSchedule($"{kernel.Proc}/{process.Pid}/schedstat") ? _digest.GetCurrentHashAsUInt64() : null;
        try
        {
            foreach (var thread in Directory.EnumerateDirectories($"{kernel.Proc}/{process.Pid}/task"))
            {
                var number = int.Parse(Path.GetFileName(thread.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture);
                _digest.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in number)));
                if (!AddSchedule($"{thread}/schedstat"))
                    return null;
            }
        }
        catch (IOException)
        {
            return null;
        }

        return _digest.GetCurrentHashAsUInt64();
    }

    /// <summary>Nanoseconds on a processor, waiting for one, and times it got one: all 0 where the kernel does not count, since who reads this has run.</summary>
    private bool AddSchedule(string path) => Add(path) && !_isZero;

    private bool Add(string path)
    {
        var text = _file.Read(path, out var errno);
        _isZero = !text.ContainsAnyExcept("0 \n"u8);
        _digest.Append(text);
        return errno == 0;
    }
}
