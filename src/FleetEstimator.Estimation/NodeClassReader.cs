using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>Reads one class of a study.</summary>
internal sealed class NodeClassReader(YamlValue value, string path, StudyErrors errors)
{
    internal static readonly string[] Keys =
    [
        "name", "nodes", "frame", "collapse", "memory", "unmodelled", "recordings", "instances", "limit", "group_limit", "swap", "reclaim", "lru", "huge_pages", "ksm", "zero_page_forbidden", "zero_pages", "loads", "start",
    ];

    internal static readonly string[] LimitKeys = ["of_peak"];
    internal static readonly string[] SwapKeys = ["device", "size", "page_cluster", "zswap", "compression_ratio"];
    internal static readonly string[] ReclaimKeys = ["watermarks", "proactive"];
    internal static readonly string[] ProactiveKeys = ["interval", "ratio", "pressure"];
    internal static readonly string[] HugePageKeys = ["2M", "64K", "max_ptes_none"];
    internal static readonly string[] KsmKeys = ["pages_to_scan", "sleep"];

    // The kernel's default; distributions set 0 where swap is zram.
    private const int PageClusterOfDisks = 3;

    /// <summary>Most nodes of a class: a hundred times the largest known fleets.</summary>
    private const int MaxNodes = 100_000_000;

    // Far above any node's pages; a scan without sleep would have no end.
    private const int MaxKsmPages = 1_000_000_000;
    private const long MaxKsmSleepMicroseconds = 86_400_000_000;
    private const int MaxInstances = 10_000;
    private const int MaxPatternLength = 1_000;

    private readonly StudyFields _fields = new(value, path, Keys, errors);

    /// <summary>The class; where something was wrong, and reported, a stand-in.</summary>
    public NodeClass Read()
    {
        var name = _fields.Name("name");
        _fields.Require("nodes", "write how many nodes of this class the fleet has");
        _fields.Require("memory", "write the memory of a node, such as 64 GiB");
        var memory = _fields.Size("memory", 1);
        var unmodelled = _fields.Size("unmodelled", 0);
        if (unmodelled >= memory)
            _fields.Refuse("unmodelled", $"{ByteSize.ToText(unmodelled.Value)} is not less than the memory of {ByteSize.ToText(memory.Value)}", "leave memory for the traces");
        var nodes = (int?)_fields.WholeNumber("nodes", 1, MaxNodes);
        var frame = (int?)_fields.WholeNumber("frame", 1, MaxNodes);
        if (frame < nodes)
            _fields.Refuse("frame", $"{frame} nodes are fewer than the {nodes} of the class: those outside had no chance to be recorded", "count all nodes that the recorded ones were drawn from, or leave frame out");
        var limit = Limit("limit", memory);
        var groupLimit = Limit("group_limit", memory);
        var reclaim = Find("reclaim", ReclaimKeys);
        var proactive = reclaim is null ? null : Proactive(reclaim);
        var watermarks = reclaim?.Switch("watermarks") ?? false;
        return new NodeClass
        {
            Name = name ?? "",
            Nodes = nodes ?? 1,
            MemoryBytes = memory ?? 1,
            UnmodelledBytes = unmodelled ?? 0,
            Frame = frame,
            Collapse = _fields.Find("collapse") is null ? null : _fields.Name("collapse"),
            Recordings = Recordings(),
            Instances = Instances(),
            Limit = limit ?? MemoryLimit.None,
            GroupLimit = groupLimit ?? MemoryLimit.None,
            Swap = Swap(reclaims: limit is { IsNone: false } || groupLimit is { IsNone: false } || watermarks || proactive is not null),
            Watermarks = watermarks,
            Proactive = proactive,
            Lru = _fields.Choice("lru", StudyWords.Lrus, LruKind.MultiGenerational),
            HugePages = HugePages(),
            Ksm = Ksm(),
            ZeroPageForbidden = _fields.Share("zero_page_forbidden", "the share of a node's copies that must not map the zero page") ?? 0,
            ZeroPages = _fields.Share("zero_pages", "the share of pages to take as filled with zeros"),
            Loads = _fields.Share("loads", "the share of accesses not known to be stores to take as loads"),
            Start = _fields.Choice("start", StudyWords.Starts, StartOffset.Random),
        };
    }

    public void RefuseName(string problem, string remedy) => _fields.Refuse("name", problem, remedy);

    private List<RecordingPattern> Recordings()
    {
        const string remedy = "list at least one glob pattern of trace files, such as traces/web-*.arrow, or traces of a store, such as {store: traces, class: web}";
        var patterns = new List<RecordingPattern>();
        if (_fields.Require("recordings", remedy) is null || _fields.List("recordings", remedy) is not { } items)
            return patterns;
        for (var index = 0; index < items.Count; index++)
        {
            var itemPath = $"{_fields.PathOf("recordings")}[{index}]";
            if (RecordingPatternReader.Read(items[index], itemPath, remedy, _fields) is not { } recording)
                continue;
            if (recording.Pattern.Length is 0 or > MaxPatternLength || recording.Pattern.Any(char.IsControl))
                errors.Add(items[index], itemPath, $"'{StudyFields.Shorten(recording.Pattern)}' is empty, too long or holds control characters", remedy);
            else if (patterns.Exists(earlier => earlier.Pattern == recording.Pattern))
                errors.Add(items[index], itemPath, $"'{StudyFields.Shorten(recording.Pattern)}' stands twice", "keep one");
            else
                patterns.Add(recording);
        }

        return patterns;
    }

    private int? Instances() =>
        _fields.Find("instances") is YamlScalar { Text: "fill" } ? null
        : _fields.Find("instances") is YamlScalar { Plain: true } scalar && YamlCore.WholeNumber(scalar) is not null ? (int?)_fields.WholeNumber("instances", 1, MaxInstances)
        : NotInstances();

    private int? NotInstances()
    {
        const string remedy = "write fill, or a whole number from 1 to 10,000";
        if (_fields.Scalar("instances", remedy) is { } scalar)
            _fields.Refuse("instances", $"'{StudyFields.Shorten(scalar.Text)}' is not a number of instances", remedy);
        return null;
    }

    /// <summary>The mapping at a key, or null where there is none.</summary>
    private StudyFields? Find(string key, string[] keys) =>
        _fields.Find(key) is { } mapping ? new StudyFields(mapping, _fields.PathOf(key), keys, errors) : null;

    /// <summary>A limit, none where it is not given; null if it is wrong.</summary>
    private MemoryLimit? Limit(string key, long? memory)
    {
        const string remedy = "write none, a size such as 20 GiB, or {of_peak: 70%}";
        switch (_fields.Find(key))
        {
            case null or YamlScalar { Text: "none" }:
                return MemoryLimit.None;
            case YamlMapping mapping:
                return LimitOfPeak(new StudyFields(mapping, _fields.PathOf(key), LimitKeys, errors));
            case YamlScalar scalar when !YamlCore.IsNull(scalar):
                if (_fields.Size(key, scalar, 1) is not { } bytes)
                    return null;
                if (bytes <= memory.GetValueOrDefault(long.MaxValue))
                    return new MemoryLimit { Bytes = bytes };
                _fields.Refuse(key, $"{ByteSize.ToText(bytes)} is more than the memory of {ByteSize.ToText(memory!.Value)}", remedy);
                return null;
            default:
                _fields.Scalar(key, remedy);
                return null;
        }
    }

    private static MemoryLimit? LimitOfPeak(StudyFields fields)
    {
        const string remedy = "write a share of the unlimited peak above 0% and up to 100%, such as 70%";
        if (fields.Require("of_peak", remedy) is null || fields.Scalar("of_peak", remedy) is not { } scalar)
            return null;
        if (StudyReader.Share(scalar) is { } share and > 0 and <= 1)
            return new MemoryLimit { OfPeak = share };
        fields.Refuse("of_peak", $"'{StudyFields.Shorten(scalar.Text)}' is not such a share", remedy);
        return null;
    }

    /// <summary>Swap; a missing key means none. Where memory is reclaimed it must be written, as forgetting it would silently mean running out of memory.</summary>
    private SwapDefinition Swap(bool reclaims)
    {
        const string remedy = "write {device: zram, size: 16 GiB}, or {device: none}: then memory over the limit cannot be reclaimed";
        if (Find("swap", SwapKeys) is not { } fields)
        {
            if (reclaims)
                _fields.Require("swap", remedy);
            return SwapDefinition.None;
        }

        if (fields.Require("device", $"devices: {string.Join(", ", StudyWords.Devices.Select(device => device.Word))}") is null)
            return SwapDefinition.None;
        var device = fields.Choice("device", StudyWords.Devices, SwapDevice.None);
        if (device == SwapDevice.None)
        {
            foreach (var key in SwapKeys.Skip(1).Where(key => fields.Find(key) is not null && fields.Find("device") is YamlScalar { Text: "none" }))
                fields.Refuse(key, "has no meaning without a device", "remove it, or name a device");
            return SwapDefinition.None;
        }

        fields.Require("size", "write the size of the device, such as 16 GiB");
        return new SwapDefinition
        {
            Device = device,
            SizeBytes = fields.Size("size", 1) ?? 1,
            PageCluster = (int)(fields.WholeNumber("page_cluster", 0, 5) ?? (device == SwapDevice.Zram ? 0UL : PageClusterOfDisks)),
            Zswap = fields.Switch("zswap") ?? false,
            CompressionRatio = CompressionRatio(fields),
        };
    }

    /// <summary>Proactive reclaim: off, on with the defaults, or a mapping.</summary>
    private ProactiveReclaim? Proactive(StudyFields reclaim)
    {
        switch (reclaim.Find("proactive"))
        {
            case YamlMapping mapping:
                break;
            case YamlScalar:
                return reclaim.Switch("proactive") == true ? new ProactiveReclaim() : null;
            case null:
                return null;
            case { } other:
                reclaim.AsScalar(other, reclaim.PathOf("proactive"), "write on, off, or {interval: 6 s, ratio: 0.05%, pressure: 0.1%}");
                return null;
        }

        var fields = new StudyFields(reclaim.Find("proactive")!, reclaim.PathOf("proactive"), ProactiveKeys, errors);
        var standard = new ProactiveReclaim();
        return new ProactiveReclaim
        {
            IntervalMicroseconds = fields.Period("interval", ProactiveReclaim.LeastIntervalMicroseconds) ?? standard.IntervalMicroseconds,
            Ratio = fields.ShareAbove0("ratio") ?? standard.Ratio,
            Pressure = fields.ShareAbove0("pressure") ?? standard.Pressure,
        };
    }

    private HugePageDefinition HugePages() => Find("huge_pages", HugePageKeys) is not { } fields ? new() : new()
    {
        Size2M = fields.Choice("2M", StudyWords.HugePages, Paging.HugePages.Never),
        Size64K = fields.Choice("64K", StudyWords.HugePages, Paging.HugePages.Never),
        MaxPtesNone = (int)(fields.WholeNumber("max_ptes_none", 0, 511) ?? 511),
    };

    /// <summary>KSM: off, on with the kernel's defaults, or a mapping.</summary>
    private KsmSettings? Ksm()
    {
        switch (_fields.Find("ksm"))
        {
            case null:
                return null;
            case YamlScalar:
                return _fields.Switch("ksm") == true ? new KsmSettings() : null;
            default:
                var fields = Find("ksm", KsmKeys)!;
                var standard = new KsmSettings();
                var sleep = fields.Period("sleep", 1_000) ?? standard.SleepMilliseconds * 1_000L;
                if (sleep % 1_000 != 0 || sleep > MaxKsmSleepMicroseconds)
                    fields.Refuse("sleep", "is not a whole number of milliseconds up to a day", "write the kernel's sleep_millisecs, such as 20 ms");
                return new KsmSettings((int)(fields.WholeNumber("pages_to_scan", 1, MaxKsmPages) ?? (ulong)standard.PagesToScan), (int)Math.Min(sleep / 1_000, MaxKsmSleepMicroseconds / 1_000));
        }
    }

    private static double CompressionRatio(StudyFields fields)
    {
        const string remedy = "write a number from 1 to 100, such as 3.0";
        var standard = SwapDefinition.None.CompressionRatio;
        if (fields.Scalar("compression_ratio", remedy) is not { } scalar)
            return standard;
        if (YamlCore.DecimalNumber(scalar) is { } ratio and >= 1 and <= 100)
            return Decimals.ToDouble(ratio);
        fields.Refuse("compression_ratio", $"'{StudyFields.Shorten(scalar.Text)}' is not a compression ratio", remedy);
        return standard;
    }
}
