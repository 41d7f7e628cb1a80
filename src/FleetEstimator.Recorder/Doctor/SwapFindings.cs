namespace FleetEstimator.Recorder;

/// <summary>Swap, and what the kernel counts of it: what a backtest is held against, and replays under.</summary>
internal static class SwapFindings
{
    private const FindingArea Area = FindingArea.Backtesting;

    internal static IEnumerable<Finding> Of(KernelTree kernel, KernelConfig config)
    {
        yield return Counters(kernel);
        yield return SwapDevices(kernel, config);
        yield return Zswap(kernel, config);
        yield return HugePages(kernel, config);
        yield return Setting(kernel, "lru_gen", $"{kernel.Sys}/kernel/mm/lru_gen/enabled", value => value is "0x0000" or "0" or "n" ? "off: two lists of pages" : $"on ({value}): multi-generational")
            ?? new(Area, "lru_gen", FindingState.Info, $"not in this kernel: two lists of pages{config.Says("CONFIG_LRU_GEN")}");
        foreach (var name in (string[])["swappiness", "page-cluster", "watermark_scale_factor", "min_free_kbytes"])
        {
            if (Setting(kernel, name, $"{kernel.Proc}/sys/vm/{name}", value => value) is { } finding)
                yield return finding;
        }
    }

    private static Finding Counters(KernelTree kernel)
    {
        const string name = "counters";
        var names = (KernelTree.Text($"{kernel.Proc}/vmstat") ?? "").Split('\n').Select(line => line.Split(' ')[0]).ToHashSet(StringComparer.Ordinal);
        if (!names.Contains("pswpin"))
            return new(Area, name, FindingState.No, "/proc/vmstat does not count swap", "CONFIG_VM_EVENT_COUNTERS and CONFIG_SWAP");
        return names.Contains("swpin_zero")
            ? new(Area, name, FindingState.Yes, "/proc/vmstat counts swap-ins and swap-outs, zero-filled pages (swpin_zero, swpout_zero) apart")
            : new(Area, name, FindingState.Partly, "/proc/vmstat counts swap-ins and swap-outs, zero-filled pages not apart", "Linux 6.13 (swpin_zero, swpout_zero)");
    }

    private static Finding SwapDevices(KernelTree kernel, KernelConfig config)
    {
        const string name = "swap";
        if (KernelTree.Text($"{kernel.Proc}/swaps") is not { } text)
            return new(Area, name, FindingState.No, $"this kernel cannot swap{config.Says("CONFIG_SWAP")}", "CONFIG_SWAP");
        // Filename  Type  Size (KiB)  Used  Priority
        var devices = text.Split('\n').Skip(1).Select(line => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(fields => fields.Length >= 5).ToList();
        return devices.Count == 0
            ? new(Area, name, FindingState.No, "no swap is active", "swapon, for instance of a zram device")
            : new(Area, name, FindingState.Yes, string.Join("; ", devices.Select(fields => $"{fields[0]} ({fields[1]}, {GiB(fields[2])}, priority {fields[4]})")));
    }

    private static Finding Zswap(KernelTree kernel, KernelConfig config)
    {
        var folder = $"{kernel.Sys}/module/zswap/parameters";
        if (KernelTree.Text($"{folder}/enabled") is not { } enabled)
            return new(Area, "zswap", FindingState.Info, $"not in this kernel{config.Says("CONFIG_ZSWAP")}");
        return new(Area, "zswap", FindingState.Info, enabled == "Y" ? $"on, {KernelTree.Text($"{folder}/compressor")}" : "off");
    }

    private static Finding HugePages(KernelTree kernel, KernelConfig config) =>
        Setting(kernel, "thp", $"{kernel.Sys}/kernel/mm/transparent_hugepage/enabled", Chosen)
        ?? new(Area, "thp", FindingState.Info, $"not in this kernel{config.Says("CONFIG_TRANSPARENT_HUGEPAGE")}");

    private static Finding? Setting(KernelTree kernel, string name, string path, Func<string, string> describe) =>
        KernelTree.Text(path) is { } value ? new(Area, name, FindingState.Info, describe(value)) : null;

    /// <summary>Of "always [madvise] never" what is in brackets.</summary>
    private static string Chosen(string text)
    {
        var (open, close) = (text.IndexOf('[', StringComparison.Ordinal), text.IndexOf(']', StringComparison.Ordinal));
        return open >= 0 && close > open ? text[(open + 1)..close] : text;
    }

    private static string GiB(string kib) => ulong.TryParse(kib, out var number) ? $"{number / 1048576.0:0.0} GiB" : "size unknown";
}
