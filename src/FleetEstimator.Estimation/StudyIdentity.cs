using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>
/// What makes two studies the same study: a canonical form without comments, spelling variants or omitted defaults. Seed and order of mechanisms, classes
/// and claims are part of it; the recordings are part of it as patterns only, as what they match is not known here.
/// </summary>
public static class StudyIdentity
{
    // The text is never put into HTML as it stands, and "> 2%" shall stay readable.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>SHA-256 of <see cref="Canonical"/> in UTF-8, and of that of each point of its sweeps, as 64 lower-case hexadecimal digits.</summary>
    public static string Digest(StudyDefinition study) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', [Canonical(study), .. study.Sweep.Select(point => $"{point.Parameter}\t{point.Value}\t{Canonical(point.Study)}")]))));

    /// <summary>The study without its sweeps on one line of JSON, every default written out. JSON is YAML: <see cref="StudyReader"/> reads it back into the same study.</summary>
    public static string Canonical(StudyDefinition study)
    {
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text, Compact);
        json.WriteStartObject();
        json.WriteString("study", study.Name);
        json.WriteNumber("seed", study.Seed);
        WriteList(json, "mechanisms", study.Mechanisms);
        json.WriteString("baseline", study.Baseline);
        json.WriteString("level", Percentage.ToText(study.Level));
        if (study.DurationMicroseconds is { } duration)
            json.WriteString("duration", $"{duration.ToString(CultureInfo.InvariantCulture)} us");
        json.WriteString("warm_up", study.WarmUp.Microseconds is { } warmUp
            ? $"{warmUp.ToString(CultureInfo.InvariantCulture)} us"
            : Percentage.ToText(study.WarmUp.Share.GetValueOrDefault()));
        Write(json, study.Costs);
        if (study.Simulation is { } simulation)
            Write(json, simulation);
        if (study.RightSize is { } rightSize)
            Write(json, rightSize);
        json.WriteStartArray("classes");
        foreach (var @class in study.Classes)
            Write(json, @class);
        json.WriteEndArray();
        if (study.Claims.Count > 0)
        {
            json.WriteStartArray("claims");
            foreach (var claim in study.Claims)
                Write(json, claim);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, CostTable costs)
    {
        json.WriteStartObject("costs");
        foreach (var cost in Cost.All)
        {
            if (costs.Sources.TryGetValue(cost.Key, out var source))
            {
                json.WriteStartObject(cost.Key);
                json.WriteNumber("ns", cost.Of(costs));
                json.WriteString("source", source);
                json.WriteEndObject();
            }
            else
            {
                json.WriteNumber(cost.Key, cost.Of(costs));
            }
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SimulationTarget simulation)
    {
        json.WriteStartObject("simulation");
        json.WriteString("half_width", Percentage.ToText(simulation.HalfWidth));
        WriteList(json, "metrics", simulation.Metrics);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RightSizeBound bound)
    {
        json.WriteStartObject("right_size");
        if (bound.OfBaseline is { } share)
        {
            json.WriteStartObject("major_faults");
            json.WriteString("of_baseline", Percentage.ToText(share));
            json.WriteEndObject();
        }
        else
        {
            json.WriteNumber("major_faults", Decimals.FromDouble(bound.MajorFaultsPerSecond.GetValueOrDefault()));
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, NodeClass @class)
    {
        json.WriteStartObject();
        json.WriteString("name", @class.Name);
        json.WriteNumber("nodes", @class.Nodes);
        json.WriteNumber("memory", @class.MemoryBytes);
        json.WriteNumber("unmodelled", @class.UnmodelledBytes);
        Write(json, @class.Recordings);
        if (@class.Instances is { } instances)
            json.WriteNumber("instances", instances);
        else
            json.WriteString("instances", "fill");
        Write(json, "limit", @class.Limit);
        Write(json, @class.Swap);
        json.WriteString("start", StudyWords.Of(StudyWords.Starts, @class.Start));
        json.WriteString("lru", StudyWords.Of(StudyWords.Lrus, @class.Lru));
        WriteUnlessDefault(json, @class);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<RecordingPattern> recordings)
    {
        json.WriteStartArray("recordings");
        foreach (var recording in recordings)
        {
            if (recording.Weight == 1)
            {
                json.WriteStringValue(recording.Pattern);
            }
            else
            {
                json.WriteStartObject();
                json.WriteString("files", recording.Pattern);
                json.WriteNumber("weight", Decimals.FromDouble(recording.Weight));
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    /// <summary>Keys that came later are written only where they say something, so that the digests of older studies stay.</summary>
    private static void WriteUnlessDefault(Utf8JsonWriter json, NodeClass @class)
    {
        if (@class.Frame is { } frame)
            json.WriteNumber("frame", frame);
        if (@class.Collapse is { } collapse)
            json.WriteString("collapse", collapse);
        if (!@class.GroupLimit.IsNone)
            Write(json, "group_limit", @class.GroupLimit);
        if (@class.Watermarks || @class.Proactive is not null)
        {
            json.WriteStartObject("reclaim");
            json.WriteString("watermarks", StudyWords.Of(StudyWords.Switch, @class.Watermarks));
            if (@class.Proactive is { } proactive)
            {
                json.WriteStartObject("proactive");
                json.WriteString("interval", $"{proactive.IntervalMicroseconds.ToString(CultureInfo.InvariantCulture)} us");
                json.WriteString("ratio", Percentage.ToText(proactive.Ratio));
                json.WriteString("pressure", Percentage.ToText(proactive.Pressure));
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        if (@class.HugePages != new HugePageDefinition())
        {
            json.WriteStartObject("huge_pages");
            json.WriteString("2M", StudyWords.Of(StudyWords.HugePages, @class.HugePages.Size2M));
            json.WriteString("64K", StudyWords.Of(StudyWords.HugePages, @class.HugePages.Size64K));
            json.WriteNumber("max_ptes_none", @class.HugePages.MaxPtesNone);
            json.WriteEndObject();
        }

        if (@class.Ksm is { } ksm)
        {
            json.WriteStartObject("ksm");
            json.WriteNumber("pages_to_scan", ksm.PagesToScan);
            json.WriteString("sleep", $"{ksm.SleepMilliseconds.ToString(CultureInfo.InvariantCulture)} ms");
            json.WriteEndObject();
        }

        if (@class.ZeroPageForbidden > 0)
            json.WriteString("zero_page_forbidden", Percentage.ToText(@class.ZeroPageForbidden));
        if (@class.ZeroPages is { } zeroPages)
            json.WriteString("zero_pages", Percentage.ToText(zeroPages));
        if (@class.Loads is { } loads)
            json.WriteString("loads", Percentage.ToText(loads));
    }

    private static void Write(Utf8JsonWriter json, string key, MemoryLimit limit)
    {
        if (limit.Bytes is { } bytes)
        {
            json.WriteNumber(key, bytes);
        }
        else if (limit.OfPeak is { } share)
        {
            json.WriteStartObject(key);
            json.WriteString("of_peak", Percentage.ToText(share));
            json.WriteEndObject();
        }
        else
        {
            json.WriteString(key, "none");
        }
    }

    private static void Write(Utf8JsonWriter json, SwapDefinition swap)
    {
        json.WriteStartObject("swap");
        json.WriteString("device", StudyWords.Of(StudyWords.Devices, swap.Device));
        if (swap.Device != SwapDevice.None)
        {
            json.WriteNumber("size", swap.SizeBytes);
            json.WriteNumber("page_cluster", swap.PageCluster);
            if (swap.Zswap)
                json.WriteString("zswap", "on");
            json.WriteNumber("compression_ratio", Decimals.FromDouble(swap.CompressionRatio));
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Claim claim)
    {
        var sign = ClaimReader.Comparisons.Single(candidate => candidate.Comparison == claim.Comparison).Sign;
        var threshold = claim.Subject == ClaimSubject.SavedShare || Metric.Find(claim.Metric) is { IsShare: true }
            ? Percentage.ToText(claim.Threshold)
            : Decimals.FromDouble(claim.Threshold).ToString(CultureInfo.InvariantCulture);
        json.WriteStartObject();
        json.WriteString("metric", claim.Metric);
        json.WriteString("is", $"{(claim.Subject == ClaimSubject.Level ? "" : "saved ")}{sign} {threshold}");
        json.WriteString("scope", claim.Scope);
        json.WriteString("mechanism", claim.Mechanism);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string key, IReadOnlyList<string> items)
    {
        json.WriteStartArray(key);
        foreach (var item in items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
