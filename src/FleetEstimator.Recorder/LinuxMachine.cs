using System.Globalization;

namespace FleetEstimator.Recorder;

/// <summary>What a trace's header says of the recorded machine.</summary>
internal static class LinuxMachine
{
    /// <summary>uname -r.</summary>
    internal static string KernelRelease => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    /// <summary>Memory in bytes (MemTotal).</summary>
    internal static long MemoryBytes => MemoryField("MemTotal:");

    /// <summary>Swap in bytes, in use or not (SwapTotal).</summary>
    internal static long SwapBytes => MemoryField("SwapTotal:");

    /// <summary>Whether huge pages are given <c>always</c>, where <c>madvise</c> asks for them, or <c>never</c>; null without the setting.</summary>
    internal static string? HugePages
    {
        get
        {
            const string path = "/sys/kernel/mm/transparent_hugepage/enabled";
            if (!File.Exists(path))
                return null;
            var text = File.ReadAllText(path);
            return text[(text.IndexOf('[', StringComparison.Ordinal) + 1)..text.IndexOf(']', StringComparison.Ordinal)];
        }
    }

    /// <summary>Clock ticks since boot, 100 a second, as /proc/PID/stat counts the start of a process.</summary>
    internal static ulong BootTicks
    {
        get
        {
            // "350735.47 234388.90": hundredths, and USER_HZ is 100 on every architecture .NET runs on.
            var text = File.ReadAllText("/proc/uptime");
            return (ulong)decimal.Truncate(decimal.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture) * 100);
        }
    }

    private static long MemoryField(string name)
    {
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
                return 1024 * long.Parse(line.AsSpan(name.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
        }

        throw new FormatException($"/proc/meminfo has no {name}");
    }
}
