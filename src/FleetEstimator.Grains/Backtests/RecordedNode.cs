using System.Globalization;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Backtests;

/// <summary>A recorded node as the model sees it: the settings its kernel paged with, from the header of its counters file, and what of them the model passes over.</summary>
internal sealed record RecordedNode(Mechanism Mechanism, NodeSettings Settings, IReadOnlyList<string> Differences)
{
    private const int SwappinessModelled = 60;

    public static RecordedNode Of(CounterHeader header)
    {
        var settings = header.Settings;
        var differences = new List<string>();
        var zswap = Value("zswap") == "Y";
        var (device, deviceName) = SwapDeviceOf(settings, differences);
        var small = HugePagesOf(Value("mthp.64kB"), Value("thp"));
        if (!settings.ContainsKey("page_cluster"))
            differences.Add("The counters file does not say what page_cluster was; the kernel's default of 3 is taken.");
        if (int.TryParse(Value("swappiness"), NumberStyles.None, CultureInfo.InvariantCulture, out var swappiness) && swappiness != SwappinessModelled)
            differences.Add($"vm.swappiness was {swappiness}; the model has no file pages to weigh and takes {SwappinessModelled}.");
        if (Value("ksm") == "1")
            differences.Add("KSM was running; which memory it may merge was not recorded, so it is left out.");
        if (settings.Keys.Any(name => name.StartsWith("mthp.", StringComparison.Ordinal) && name is not ("mthp.64kB" or "mthp.2048kB") && HugePagesOf(Value(name), Value("thp")) != HugePages.Never))
            differences.Add("Large folios of other sizes than 64 KiB and 2 MiB were allowed; the model has none.");
        var mechanism = Mechanism.OfKernel(header.KernelRelease);
        return new RecordedNode(
            mechanism,
            new NodeSettings
            {
                PageBytes = header.PageSize,
                SwapDevice = device,
                SwapPages = header.SwapBytes / header.PageSize,
                PageCluster = int.TryParse(Value("page_cluster"), NumberStyles.None, CultureInfo.InvariantCulture, out var cluster) ? Math.Min(cluster, 31) : 3,
                Zswap = zswap,
                Lru = IsMultiGenerational(Value("lru_gen")) ? LruKind.MultiGenerational : LruKind.Classic,
                HugePages2M = HugePagesOf(Value("mthp.2048kB") ?? "inherit", Value("thp")),
                HugePages64K = small,
                LargeSwapIn = device == SwapDevice.Zram && !zswap && small != HugePages.Never,
                MaxPtesNone = int.TryParse(Value("khugepaged.max_ptes_none"), NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most <= 511 ? most : 511,
                FlushWindowMicroseconds = 0,
                RecordedReclaim = true,
            },
            differences)
        {
            Words = $"{mechanism.Name}, {deviceName}{(zswap ? " behind zswap" : "")}, page_cluster {Value("page_cluster") ?? "3"}, "
                + $"{(IsMultiGenerational(Value("lru_gen")) ? "multi-generational" : "classic")} LRU",
        };

        string? Value(string name) => settings.GetValueOrDefault(name);
    }

    /// <summary>The settings in words.</summary>
    public required string Words { get; init; }

    /// <summary>The same node, of whose swap the recorded cgroup may use so many bytes only; null: all of it.</summary>
    public RecordedNode WithSwapLimit(long? bytes) =>
        bytes is { } limit ? this with { Settings = Settings with { SwapPages = Math.Min(Settings.SwapPages, limit / Settings.PageBytes) } } : this;

    /// <summary>The device that the kernel fills first; the model has one.</summary>
    private static (SwapDevice Device, string Words) SwapDeviceOf(IReadOnlyDictionary<string, string> settings, List<string> differences)
    {
        var devices = Enumerable.Range(0, settings.Count)
            .TakeWhile(number => settings.ContainsKey($"swap.{number}.device"))
            .Select(number => (Kind: settings[$"swap.{number}.device"], Priority: int.TryParse(settings.GetValueOrDefault($"swap.{number}.priority"), CultureInfo.InvariantCulture, out var priority) ? priority : int.MinValue))
            .OrderByDescending(device => device.Priority)
            .ToList();
        if (devices.Count == 0)
            return (SwapDevice.None, "no swap");
        var kind = devices[0].Kind;
        if (devices.Exists(device => device.Kind != kind))
            differences.Add($"The node swapped to several kinds of devices; all of it is modelled as the {kind} of the highest priority.");
        if (kind is "loop" or "unknown")
            differences.Add($"A swap device of kind {kind} is modelled as a solid-state disk: asynchronous, not rotating.");
        return (kind switch { "zram" => SwapDevice.Zram, "disk" => SwapDevice.Disk, "none" => SwapDevice.None, _ => SwapDevice.Ssd }, kind == "none" ? "no swap" : kind);
    }

    private static HugePages HugePagesOf(string? setting, string? inherited) => setting switch
    {
        "always" => HugePages.Always,
        "madvise" => HugePages.Madvise,
        "inherit" => HugePagesOf(inherited, null),
        _ => HugePages.Never,
    };

    // lru_gen/enabled is a mask such as 0x0007, of which bit 0 is the main switch.
    private static bool IsMultiGenerational(string? setting) => setting is not null
        && (setting is "Y" or "y"
            || (int.TryParse(setting.StartsWith("0x", StringComparison.Ordinal) ? setting.AsSpan(2) : setting, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask) && (mask & 1) != 0));
}
