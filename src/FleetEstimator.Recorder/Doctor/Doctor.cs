namespace FleetEstimator.Recorder;

/// <summary>Finds out what this kernel and user offer for recording, importing and backtesting. Changes nothing.</summary>
public static class Doctor
{
    /// <summary>Examines this machine.</summary>
    public static DoctorReport Examine() => Examine(KernelTree.Live);

    internal static DoctorReport Examine(KernelTree kernel)
    {
        var config = KernelConfig.Read(kernel);
        var capabilities = Capabilities.Read(kernel);
        Finding[] recording = [.. Recording(kernel, config, capabilities)];
        var canRecord = Array.TrueForAll(recording, finding => finding.State != FindingState.No || finding.Name is not (PageTableName or ZeroPageName));
        var best = canRecord ? AccessSources.Best(kernel, isWholeNode: false) : (AccessSourceKind?)null;
        return new DoctorReport(
            KernelTree.Text($"{kernel.Proc}/sys/kernel/osrelease") ?? "unknown",
            canRecord,
            best is null ? null : AccessSources.All.First(source => source.Kind == best).Name,
            [.. recording, .. Sources(kernel, config), .. Targets(kernel, capabilities), .. SwapFindings.Of(kernel, config), .. Importing(kernel, capabilities)]);
    }

    private const string PageTableName = "page table";
    private const string ZeroPageName = "zero page";

    private static IEnumerable<Finding> Recording(KernelTree kernel, KernelConfig config, Capabilities capabilities)
    {
        const FindingArea area = FindingArea.Recording;
        var pageMap = Linux.Open($"{kernel.Proc}/self/pagemap", Linux.ReadOnly | Linux.CloseOnExec);
        yield return pageMap >= 0
            ? new(area, PageTableName, FindingState.Yes, "/proc/PID/pagemap tells which pages are present or swapped out")
            : new(area, PageTableName, FindingState.No, $"/proc/PID/pagemap cannot be opened{config.Says("CONFIG_PROC_PAGE_MONITOR")}", "CONFIG_PROC_PAGE_MONITOR");
        using var scan = pageMap >= 0 ? PageMapScan.TryCreate(pageMap) : null;
        if (scan is null && pageMap >= 0)
            _ = Linux.Close(pageMap);
        var flags = Linux.Open($"{kernel.Proc}/kpageflags", Linux.ReadOnly | Linux.CloseOnExec);
        if (flags >= 0)
            _ = Linux.Close(flags);
        var frames = PageTable.Check(kernel);
        yield return scan is not null
            ? new(area, "PAGEMAP_SCAN", FindingState.Yes, "the page table is scanned in the kernel")
            : new(area, "PAGEMAP_SCAN", FindingState.No, "the page table is read entry by entry, which costs more", "Linux 6.7");
        yield return flags >= 0
            ? new(area, "kpageflags", FindingState.Yes, "/proc/kpageflags can be read")
            : new(area, "kpageflags", FindingState.No, "/proc/kpageflags cannot be opened by this user", "root, or CAP_SYS_ADMIN and read permission");
        yield return frames.IsAvailable
            ? new(area, "page frames", FindingState.Yes, "/proc/PID/pagemap shows page frame numbers")
            : new(area, "page frames", FindingState.No, frames.WhyNot!, frames.Remedy);
        yield return scan is not null || (flags >= 0 && frames.IsAvailable)
            ? new(area, ZeroPageName, FindingState.Yes, scan is not null ? "told by PAGEMAP_SCAN" : "told by kpageflags")
            : new(area, ZeroPageName, FindingState.No, "nothing tells pages that map the kernel's zero page from others", "Linux 6.7, or root");
        yield return Readable(kernel, capabilities);
    }

    private static Finding Readable(KernelTree kernel, Capabilities capabilities)
    {
        const string name = "other processes";
        if (capabilities.SysPtrace)
            return new(FindingArea.Recording, name, FindingState.Yes, "every process may be read (CAP_SYS_PTRACE)");
        var scope = KernelTree.Text($"{kernel.Proc}/sys/kernel/yama/ptrace_scope");
        return scope is null or "0"
            ? new(FindingArea.Recording, name, FindingState.Partly, "processes of this user may be read, others not", "root or CAP_SYS_PTRACE")
            : new(FindingArea.Recording, name, FindingState.Partly, $"only a COMMAND and its descendants may be read (kernel.yama.ptrace_scope is {scope})", "root or CAP_SYS_PTRACE, or sysctl kernel.yama.ptrace_scope=0 for processes of this user");
    }

    private static IEnumerable<Finding> Sources(KernelTree kernel, KernelConfig config)
    {
        foreach (var (kind, name) in AccessSources.All)
        {
            var availability = AccessSources.Check(kind, kernel);
            var (tells, option) = kind switch
            {
                AccessSourceKind.IdlePageAndSoftDirty => ("every access, writes and reads told apart", null),
                AccessSourceKind.IdlePage => ("every access, writes that change nothing not told from reads", "CONFIG_IDLE_PAGE_TRACKING"),
                AccessSourceKind.SoftDirty => ("every write, no read", "CONFIG_MEM_SOFT_DIRTY"),
                AccessSourceKind.Damon => ("regions that were accessed, by sampling", "CONFIG_DAMON_SYSFS"),
                AccessSourceKind.DamonOfPhysicalMemory => ("regions of the machine's memory, by sampling; coarse, never chosen unasked", "CONFIG_DAMON_SYSFS"),
                AccessSourceKind.Content => ("writes that change something", null),
                _ => ("what was paged out and came back; slows processes down, never chosen unasked", (string?)null),
            };
            yield return kind == AccessSourceKind.Damon && availability.IsAvailable && config.Has("CONFIG_DAMON_VADDR") == false
                ? new(FindingArea.AccessSources, name, FindingState.Partly, "regions of the machine's memory only, which is coarse, so that it is not chosen unasked", "CONFIG_DAMON_VADDR")
                : availability.IsAvailable
                ? new(FindingArea.AccessSources, name, FindingState.Yes, tells)
                : new(FindingArea.AccessSources, name, FindingState.No, availability.WhyNot!.TrimEnd('.') + (option is null ? "" : config.Says(option)), availability.Remedy?.TrimEnd('.'));
        }
    }

    private static IEnumerable<Finding> Targets(KernelTree kernel, Capabilities capabilities)
    {
        const FindingArea area = FindingArea.Targets;
        yield return new(area, "process, command", FindingState.Yes, "--pid with or without --descendants, -- COMMAND");
        yield return Cgroups(kernel);
        yield return capabilities.SysPtrace
            ? new(area, "whole node", FindingState.Yes, "--node-wide")
            : new(area, "whole node", FindingState.No, "processes of other users may not be read", "root or CAP_SYS_PTRACE");
    }

    private static Finding Cgroups(KernelTree kernel)
    {
        const string name = "cgroup";
        var controllers = KernelTree.Text($"{kernel.Sys}/fs/cgroup/cgroup.controllers");
        if (controllers is not null)
        {
            return controllers.Split(' ').Contains("memory", StringComparer.Ordinal)
                ? new(FindingArea.Targets, name, FindingState.Yes, "version 2 with the memory controller, /sys/fs/cgroup")
                : new(FindingArea.Targets, name, FindingState.Partly, "version 2 without the memory controller: no memory.stat to compare with", "CONFIG_MEMCG, and no cgroup_disable=memory at boot");
        }

        if (Directory.Exists($"{kernel.Sys}/fs/cgroup/memory"))
            return new(FindingArea.Targets, name, FindingState.Yes, "version 1 with the memory controller, /sys/fs/cgroup/memory");
        var isThere = File.Exists($"{kernel.Proc}/self/cgroup");
        return isThere
            ? new(FindingArea.Targets, name, FindingState.Partly, "no memory controller is mounted at /sys/fs/cgroup", "mount -t cgroup2 none /sys/fs/cgroup; CONFIG_MEMCG")
            : new(FindingArea.Targets, name, FindingState.No, "this kernel has no control groups", "CONFIG_CGROUPS and CONFIG_MEMCG");
    }

    private static IEnumerable<Finding> Importing(KernelTree kernel, Capabilities capabilities)
    {
        const FindingArea area = FindingArea.Importing;
        var tracing = new[] { $"{kernel.Sys}/kernel/tracing", $"{kernel.Sys}/kernel/debug/tracing" }.FirstOrDefault(folder => Directory.Exists($"{folder}/events/exceptions"));
        var paranoid = KernelTree.Text($"{kernel.Proc}/sys/kernel/perf_event_paranoid");
        yield return paranoid is null
            ? new(area, "perf page faults", FindingState.No, "this kernel has no performance events", "CONFIG_PERF_EVENTS")
            : tracing is null
                ? new(area, "perf page faults", FindingState.No, "there is no tracepoint exceptions:page_fault_user for this user", "CONFIG_FTRACE; mount -t tracefs none /sys/kernel/tracing; root")
                : capabilities.Perfmon || paranoid == "-1"
                    ? new(area, "perf page faults", FindingState.Yes, "perf record -e exceptions:page_fault_user")
                    : new(area, "perf page faults", FindingState.No, $"this user may not trace (kernel.perf_event_paranoid is {paranoid})", "root, CAP_PERFMON, or sysctl kernel.perf_event_paranoid=-1");
        var dumps = PageTable.Check(kernel);
        yield return dumps.IsAvailable
            ? new(area, "pagemap dumps", FindingState.Yes, "pagemap and kpageflags can be dumped")
            : new(area, "pagemap dumps", FindingState.No, dumps.WhyNot!.TrimEnd('.'), dumps.Remedy?.TrimEnd('.'));
        var pattern = KernelTree.Text($"{kernel.Proc}/sys/kernel/core_pattern");
        yield return pattern is null
            ? new(area, "ELF cores", FindingState.No, "this kernel writes no core files", "CONFIG_COREDUMP and CONFIG_ELF_CORE")
            : new(area, "ELF cores", FindingState.Yes, $"cores go to {(pattern.StartsWith('|') ? "the program" : "the file")} {pattern.TrimStart('|')} (gcore needs no crash)");
    }
}
