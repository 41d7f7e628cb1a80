using System.Buffers.Text;
using System.Text;

namespace FleetEstimator.Recorder;

/// <summary>What /proc/PID/stat says of a process, as far as recording needs it (man 5 proc_pid_stat).</summary>
/// <param name="Pid">Process id; reused by the kernel after the process ends.</param>
/// <param name="Parent">Process id of the parent, or of the reaper once the parent ended.</param>
/// <param name="StartTicks">Clock ticks from boot to the start of the process; with the pid it names a process for good.</param>
/// <param name="HasEnded">A zombie: the process ended, its memory is gone, its parent has not looked yet.</param>
/// <param name="IsKernelThread">It has no memory of its own.</param>
/// <param name="ForkedWithoutExec">It runs in memory inherited from the process that forked it.</param>
/// <param name="Layout">Where exec put the program; another value means another program.</param>
/// <param name="Threads">Its threads.</param>
internal readonly record struct ProcessStat(
    int Pid, int Parent, ulong StartTicks, bool HasEnded, bool IsKernelThread, bool ForkedWithoutExec, MemoryLayout Layout, int Threads = 1)
{
    private const ulong FlagForkedWithoutExec = 0x40;
    private const ulong FlagKernelThread = 0x200000;

    /// <summary>Whether both describe one and the same process.</summary>
    internal bool IsSameProcess(in ProcessStat other) => Pid == other.Pid && StartTicks == other.StartTicks;

    /// <summary>Whether both describe one and the same process, which has not executed another program in between.</summary>
    internal bool IsSameProgram(in ProcessStat other) =>
        IsSameProcess(in other) && Layout == other.Layout && ForkedWithoutExec == other.ForkedWithoutExec;

    /// <summary>Reads the stat file of a process; null when there is no such process.</summary>
    internal static ProcessStat? Read(ProcFile file, int pid)
    {
        var text = file.Read($"/proc/{pid}/stat", out var errno);
        return errno switch
        {
            0 => Parse(text),
            Linux.NoEntry or Linux.NoSuchProcess => null,
            _ => throw new RecordingException(RecordingFailure.NotPermitted, $"/proc/{pid}/stat cannot be read: {Linux.Describe(errno)}. Run as root."),
        };
    }

    /// <summary>Parses the one line of a stat file. The command in parentheses may itself hold spaces and parentheses.</summary>
    /// <exception cref="FormatException">The line has fewer fields than Linux writes.</exception>
    internal static ProcessStat Parse(ReadOnlySpan<byte> line)
    {
        var (open, close) = (line.IndexOf((byte)'('), line.LastIndexOf((byte)')'));
        if (open < 2 || close < open || !Utf8Parser.TryParse(line[..(open - 1)], out int pid, out _))
            throw new FormatException($"Not a line of /proc/PID/stat: {Encoding.UTF8.GetString(line)}");
        var fields = line[(close + 1)..].TrimEnd((byte)'\n');
        var state = (byte)0;
        Span<ulong> numbers = stackalloc ulong[48];
        var field = 2;
        foreach (var range in fields.Split((byte)' '))
        {
            var text = fields[range];
            if (field == 3)
                state = text[0];
            else if (field is > 3 and < 48 && Utf8Parser.TryParse(text, out ulong number, out _))
                numbers[field] = number;
            field++;
        }

        if (field < 48)
            throw new FormatException($"/proc/{pid}/stat has {field - 1} fields, at least 47 are expected.");
        return new ProcessStat(
            pid,
            (int)numbers[4],
            numbers[22],
            state is (byte)'Z' or (byte)'X',
            (numbers[9] & FlagKernelThread) != 0,
            (numbers[9] & FlagForkedWithoutExec) != 0,
            new MemoryLayout(numbers[26], numbers[28], numbers[47]),
            (int)numbers[20]);
    }
}

/// <summary>Addresses that exec chooses at random and fork inherits.</summary>
internal readonly record struct MemoryLayout(ulong Code, ulong Stack, ulong Break);
