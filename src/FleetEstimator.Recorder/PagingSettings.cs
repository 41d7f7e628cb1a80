using System.Globalization;

namespace FleetEstimator.Recorder;

/// <summary>The machine's settings that decide how it pages, for the header of a counters file: as the kernel words them, under names of our own.</summary>
internal static class PagingSettings
{
    private static readonly (string Name, string Path)[] _files =
    [
        ("swappiness", "/proc/sys/vm/swappiness"),
        ("page_cluster", "/proc/sys/vm/page-cluster"),
        ("watermark_scale_factor", "/proc/sys/vm/watermark_scale_factor"),
        ("watermark_boost_factor", "/proc/sys/vm/watermark_boost_factor"),
        ("min_free_kbytes", "/proc/sys/vm/min_free_kbytes"),
        ("overcommit_memory", "/proc/sys/vm/overcommit_memory"),
        ("vma_ra", "/sys/kernel/mm/swap/vma_ra_enabled"),
        ("zswap", "/sys/module/zswap/parameters/enabled"),
        ("zswap.compressor", "/sys/module/zswap/parameters/compressor"),
        ("zswap.zpool", "/sys/module/zswap/parameters/zpool"),
        ("zswap.max_pool_percent", "/sys/module/zswap/parameters/max_pool_percent"),
        ("zswap.accept_threshold_percent", "/sys/module/zswap/parameters/accept_threshold_percent"),
        ("zswap.shrinker", "/sys/module/zswap/parameters/shrinker_enabled"),
        ("thp", "/sys/kernel/mm/transparent_hugepage/enabled"),
        ("thp.defrag", "/sys/kernel/mm/transparent_hugepage/defrag"),
        ("thp.use_zero_page", "/sys/kernel/mm/transparent_hugepage/use_zero_page"),
        ("thp.shrink_underused", "/sys/kernel/mm/transparent_hugepage/shrink_underused"),
        ("khugepaged.defrag", "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag"),
        ("khugepaged.max_ptes_none", "/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none"),
        ("khugepaged.max_ptes_swap", "/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_swap"),
        ("lru_gen", "/sys/kernel/mm/lru_gen/enabled"),
        ("lru_gen.min_ttl_ms", "/sys/kernel/mm/lru_gen/min_ttl_ms"),
        ("ksm", "/sys/kernel/mm/ksm/run"),
        ("ksm.use_zero_pages", "/sys/kernel/mm/ksm/use_zero_pages"),
        ("cpus", "/sys/devices/system/cpu/online"),
        ("numa_nodes", "/sys/devices/system/node/online"),
    ];

    /// <summary>What this machine tells; a setting that its kernel lacks is missing. Another <paramref name="root"/> than / is for tests.</summary>
    internal static IReadOnlyDictionary<string, string> Read(string root = "")
    {
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, path) in _files)
            Add(settings, name, Text(root + path));
        const string hugePages = "/sys/kernel/mm/transparent_hugepage";
        const string folderPrefix = "hugepages-";
        if (Directory.Exists(root + hugePages))
        {
            foreach (var folder in Directory.EnumerateDirectories(root + hugePages, folderPrefix + "*"))
                Add(settings, $"mthp.{Path.GetFileName(folder)[folderPrefix.Length..]}", Text($"{folder}/enabled"));
        }

        AddSwapDevices(settings, root);
        return settings;
    }

    private static void Add(SortedDictionary<string, string> settings, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            settings[name] = value;
    }

    /// <summary>The first line of a file, of a list of choices ("always [madvise] never") the one in brackets; null if it cannot be read.</summary>
    private static string? Text(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var line = reader.ReadLine()?.Trim();
            if (line is null)
                return null;
            var (open, close) = (line.IndexOf('[', StringComparison.Ordinal), line.IndexOf(']', StringComparison.Ordinal));
            return open >= 0 && open < close ? line[(open + 1)..close] : line;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void AddSwapDevices(SortedDictionary<string, string> settings, string root)
    {
        if (!File.Exists($"{root}/proc/swaps"))
            return;
        var number = 0;
        // Filename  Type  Size (KiB)  Used  Priority; a space in a name is written \040.
        foreach (var line in File.ReadLines($"{root}/proc/swaps").Skip(1))
        {
            if (line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is not [var path, var type, var size, _, var priority])
                continue;
            var block = type == "partition" ? BlockDevice(root, Path.GetFileName(path)) : FileSystemDevice(root, path.Replace("\\040", " ", StringComparison.Ordinal));
            Add(settings, $"swap.{number}.device", KindOf(block));
            Add(settings, $"swap.{number}.bytes", (1024 * long.Parse(size, NumberStyles.None, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture));
            Add(settings, $"swap.{number}.priority", priority);
            if (block is not null)
                Add(settings, $"swap.{number}.algorithm", Text($"{block}/comp_algorithm"));
            number++;
        }
    }

    private static string? BlockDevice(string root, string name) => Directory.Exists($"{root}/sys/class/block/{name}") ? $"{root}/sys/class/block/{name}" : null;

    /// <summary>The folder of the block device below the file system that a file lies on, found by the longest mount point; null if there is none.</summary>
    private static string? FileSystemDevice(string root, string path)
    {
        var mountInfo = $"{root}/proc/self/mountinfo";
        if (!File.Exists(mountInfo))
            return null;
        var (device, longest) = ((string?)null, -1);
        foreach (var line in File.ReadLines(mountInfo))
        {
            // 36 35 98:0 /root /mount/point …
            if (line.Split(' ') is not [_, _, var number, _, var point, ..] || point.Length <= longest)
                continue;
            if (path.StartsWith(point, StringComparison.Ordinal) && (point == "/" || path.Length == point.Length || path[point.Length] == '/'))
                (device, longest) = (number, point.Length);
        }

        return device is not null && Directory.Exists($"{root}/sys/dev/block/{device}") ? $"{root}/sys/dev/block/{device}" : null;
    }

    private static string KindOf(string? block)
    {
        if (block is null)
            return "unknown";
        var target = Directory.ResolveLinkTarget(block, returnFinalTarget: true)?.FullName ?? block;
        var name = Path.GetFileName(target);
        if (name.StartsWith("zram", StringComparison.Ordinal))
            return "zram";
        if (name.StartsWith("loop", StringComparison.Ordinal))
            return "loop";
        // A partition has no queue of its own: its disk, the folder above, has.
        return (Text($"{target}/queue/rotational") ?? Text($"{target}/../queue/rotational")) switch
        {
            "0" => "ssd",
            "1" => "disk",
            _ => "unknown",
        };
    }
}
