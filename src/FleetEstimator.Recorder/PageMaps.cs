namespace FleetEstimator.Recorder;

/// <summary>Opens the best page map this kernel has.</summary>
internal static class PageMaps
{
    /// <summary>Opens the page map of a process as it is now: it stays that of the program now running when the process executes another. Null if it is gone.</summary>
    /// <exception cref="RecordingException">This user may not look, or the kernel cannot tell the zero page.</exception>
    internal static PageMap? Open(int pid)
    {
        var descriptor = Linux.Open($"/proc/{pid}/pagemap", Linux.ReadOnly | Linux.CloseOnExec);
        if (descriptor < 0)
        {
            return Linux.Errno is Linux.NoEntry or Linux.NoSuchProcess ? null : throw NotPermitted(pid, "pagemap", Linux.Errno);
        }

        return (PageMap?)PageMapScan.TryCreate(descriptor) ?? OpenEntries(descriptor);
    }

    /// <summary>As <see cref="Open"/>, entry by entry even where a scan is possible.</summary>
    internal static PageMapEntries OpenEntries(int pageMap)
    {
        var flags = Linux.Open("/proc/kpageflags", Linux.ReadOnly | Linux.CloseOnExec);
        if (flags >= 0)
            return new PageMapEntries(pageMap, flags);
        var errno = Linux.Errno;
        _ = Linux.Close(pageMap);
        throw new RecordingException(
            RecordingFailure.NotSupported,
            $"This kernel has no PAGEMAP_SCAN (Linux 6.7), and /proc/kpageflags cannot be opened: {Linux.Describe(errno)}. Run as root, or on Linux 6.7 or later.");
    }

    /// <summary>Opening a file under /proc/PID was refused.</summary>
    internal static RecordingException NotPermitted(int pid, string file, int errno) => new(
        RecordingFailure.NotPermitted,
        $"/proc/{pid}/{file} cannot be read: {Linux.Describe(errno)}. "
            + (Capabilities.Read(KernelTree.Live).SysPtrace ? "This user has CAP_SYS_PTRACE: something else keeps the process, such as a security module." : "Run as root or with CAP_SYS_PTRACE."));
}
