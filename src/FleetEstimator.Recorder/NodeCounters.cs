using System.Globalization;
using System.Text;
using FleetEstimator.Traces;

namespace FleetEstimator.Recorder;

/// <summary>Reads the kernel's own counters of swap and reclaim: those of the machine, and of a cgroup. Another <paramref name="root"/> than / is for tests.</summary>
internal sealed class NodeCounters(string? cgroupFolder, string root = "")
{
    // What a paging estimate can be held against; the rest of vmstat is about files, compaction, NUMA.
    private static readonly HashSet<string> _names = new(StringComparer.Ordinal)
    {
        "pswpin", "pswpout", "swpin_zero", "swpout_zero", "swap_ra", "swap_ra_hit", "zswpin", "zswpout", "zswpwb", "ksm_swpin_copy", "cow_ksm",
        "pgfault", "pgmajfault", "pgactivate", "pgdeactivate", "pglazyfree", "pglazyfreed", "pgrefill", "pgrotated", "pageoutrun", "oom_kill",
        "thp_fault_alloc", "thp_fault_fallback", "thp_collapse_alloc", "thp_split_page", "thp_split_pmd", "thp_deferred_split_page",
        "thp_underused_split_page", "thp_swpout", "thp_swpout_fallback", "thp_swpin", "thp_swpin_fallback", "thp_zero_page_alloc", "thp_zero_page_alloc_failed",
    };

    private static readonly string[] _prefixes = ["pgscan_", "pgsteal_", "workingset_", "allocstall_"];

    private readonly ProcFile _file = new();
    private readonly string? _cgroupName = cgroupFolder is null ? null : NameOf(cgroupFolder);

    /// <summary>The counters as they stand now.</summary>
    internal CounterSample Sample(ulong timeMicroseconds) => new()
    {
        TimeMicroseconds = timeMicroseconds,
        Vmstat = Fields($"{root}/proc/vmstat", IsWanted) ?? [],
        Cgroups = cgroupFolder is not null && OfCgroup(cgroupFolder) is { } cgroup
            ? new Dictionary<string, IReadOnlyDictionary<string, long>> { [_cgroupName!] = cgroup }
            : null,
    };

    /// <summary>The path of a cgroup below its mount: <c>system.slice/web.service</c>.</summary>
    internal static string NameOf(string folder)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        foreach (var mount in (ReadOnlySpan<string>)["/sys/fs/cgroup/memory/", "/sys/fs/cgroup/unified/", "/sys/fs/cgroup/"])
        {
            if (path.StartsWith(mount, StringComparison.Ordinal))
                return path[mount.Length..];
        }

        return path;
    }

    private static bool IsWanted(string name) =>
        _names.Contains(name) || (Array.Exists(_prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)) && name != "workingset_nodes");

    /// <summary>memory.stat and the sizes beside it; null for a group of another controller, or one that is gone.</summary>
    private Dictionary<string, long>? OfCgroup(string folder)
    {
        var values = Fields($"{folder}/memory.stat", _ => true);
        if (values is null)
            return null;
        // Version 1 has other names, and a limit of almost 2^63 where there is none.
        Add("current", Number($"{folder}/memory.current") ?? Number($"{folder}/memory.usage_in_bytes"));
        Add("max", (Number($"{folder}/memory.max") ?? Number($"{folder}/memory.limit_in_bytes")) is { } max and < long.MaxValue / 2 ? max : null);
        // Version 2 only: where reclaim begins before the limit is reached, and how much of the group may be in swap; "max", which is no number, where nothing is set.
        Add("high", Number($"{folder}/memory.high"));
        Add("swap_max", Number($"{folder}/memory.swap.max"));
        Add("swap_current", Number($"{folder}/memory.swap.current") ?? (values.TryGetValue("total_swap", out var swap) ? swap : null));
        return values;

        void Add(string name, long? value)
        {
            if (value is { } number)
                values[name] = number;
        }
    }

    private Dictionary<string, long>? Fields(string path, Func<string, bool> isWanted)
    {
        var text = _file.Read(path, out var errno);
        if (errno != 0)
            return null;
        var fields = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(text).AsSpan().EnumerateLines())
        {
            var space = line.IndexOf(' ');
            if (space <= 0)
                continue;
            var name = line[..space].ToString();
            if (isWanted(name) && long.TryParse(line[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                fields[name] = value;
        }

        return fields;
    }

    private long? Number(string path)
    {
        var text = _file.Read(path, out var errno);
        return errno == 0 && long.TryParse(text.TrimEnd((byte)'\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}
