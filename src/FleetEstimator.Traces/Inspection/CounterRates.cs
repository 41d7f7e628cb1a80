using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>What a counters file shows: how often things happened between its samples; the properties are the JSON of <c>inspect X.counters.jsonl --json</c>.</summary>
public sealed record CounterRates
{
    // Counters of events; all other values are levels: nr_*, anon, current, …
    private static readonly string[] EventPrefixes =
    [
        "pg", "swp", "pswp", "zswp", "workingset_refault", "workingset_activate", "workingset_restore", "workingset_nodereclaim", "thp_", "allocstall",
        "compact_", "kswapd_", "oom_kill", "numa_", "drop_", "slabs_scanned", "ksm_swpin_copy", "cow_ksm", "unevictable_pgs_",
    ];

    /// <summary>Label of the node.</summary>
    [JsonPropertyName("node")]
    [JsonPropertyOrder(0)]
    public required string Node { get; init; }

    /// <summary>Number of samples.</summary>
    [JsonPropertyName("samples")]
    [JsonPropertyOrder(1)]
    public required int Samples { get; init; }

    /// <summary>From the first sample to the last, in microseconds.</summary>
    [JsonPropertyName("duration_us")]
    [JsonPropertyOrder(2)]
    public required ulong DurationMicroseconds { get; init; }

    /// <summary>Whether the file was cut short.</summary>
    [JsonPropertyName("cut_short")]
    [JsonPropertyOrder(3)]
    public required bool IsCutShort { get; init; }

    /// <summary>Times of the samples but the first, in microseconds: where each rate ends.</summary>
    [JsonPropertyName("times_us")]
    [JsonPropertyOrder(4)]
    public required IReadOnlyList<ulong> Times { get; init; }

    /// <summary>Events of the whole node, by the kernel's name, in ordinal order.</summary>
    [JsonPropertyName("vmstat")]
    [JsonPropertyOrder(5)]
    public required IReadOnlyDictionary<string, EventRate> Vmstat { get; init; }

    /// <summary>Events of each cgroup, by the kernel's name.</summary>
    [JsonPropertyName("cgroups")]
    [JsonPropertyOrder(6)]
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, EventRate>> Cgroups { get; init; }

    /// <summary>Zero-filled pages as a share of all pages swapped out between the first sample and the last; null if none was, or the kernel does not count them.</summary>
    [JsonPropertyName("zero_filled_share_swapped_out_pages")]
    [JsonPropertyOrder(7)]
    public double? SwappedOutZeroShare => ZeroShare("swpout_zero", "pswpout");

    /// <summary>The same of pages swapped in.</summary>
    [JsonPropertyName("zero_filled_share_swapped_in_pages")]
    [JsonPropertyOrder(8)]
    public double? SwappedInZeroShare => ZeroShare("swpin_zero", "pswpin");

    /// <summary>Computes rates between neighbouring samples.</summary>
    public static CounterRates Of(CounterFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var samples = file.Samples;
        ulong[] times = [.. samples.Select(sample => sample.TimeMicroseconds)];
        return new()
        {
            Node = file.Header.Node,
            Samples = samples.Count,
            DurationMicroseconds = samples.Count == 0 ? 0 : times[^1] - times[0],
            IsCutShort = file.IsCutShort,
            Times = times.Length == 0 ? [] : times[1..],
            Vmstat = Rates(times, [.. samples.Select(sample => sample.Vmstat)]),
            Cgroups = samples.SelectMany(sample => sample.Cgroups?.Keys ?? []).Distinct().Order(StringComparer.Ordinal).ToDictionary(
                name => name, IReadOnlyDictionary<string, EventRate> (name) => Rates(times, [.. samples.Select(sample => sample.Cgroups?.GetValueOrDefault(name))])),
        };
    }

    /// <summary>Whether a value counts events; all others are levels.</summary>
    public static bool CountsEvents(string name) => EventPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static Dictionary<string, EventRate> Rates(ulong[] times, IReadOnlyList<IReadOnlyDictionary<string, long>?> samples) => samples
        .SelectMany(sample => sample?.Keys ?? []).Distinct().Where(CountsEvents).Order(StringComparer.Ordinal)
        .ToDictionary(name => name, name => Rate(times, [.. samples.Select(sample => sample != null && sample.TryGetValue(name, out var value) ? value : (long?)null)]));

    private static EventRate Rate(ulong[] times, long?[] values)
    {
        var rates = new double?[Math.Max(0, times.Length - 1)];
        var (events, elapsed) = (0L, 0UL);
        for (var at = 1; at < times.Length; at++)
        {
            // Missing before or now, begun anew (a reboot, a cgroup made again), or two samples at one time: no rate.
            if (values[at] is not { } now || values[at - 1] is not { } before || now < before || times[at] == times[at - 1])
                continue;
            rates[at - 1] = (now - before) * 1e6 / (times[at] - times[at - 1]);
            events += now - before;
            elapsed += times[at] - times[at - 1];
        }

        return new(events, elapsed == 0 ? null : events * 1e6 / elapsed, rates);
    }

    private double? ZeroShare(string zero, string other) => Vmstat.TryGetValue(zero, out var zeros) && Vmstat.TryGetValue(other, out var others) && zeros.Events + others.Events > 0
        ? (double)zeros.Events / (zeros.Events + others.Events)
        : null;
}

/// <summary>How often an event happened.</summary>
/// <param name="Events">Between the first sample and the last, leaving out stretches in which the counter began anew or was not recorded.</param>
/// <param name="PerSecond">Mean over the time that counts; null if there is none.</param>
/// <param name="Rates">Per second, between each sample and the one before it; null where it began anew or was not recorded.</param>
public sealed record EventRate(
    [property: JsonPropertyName("events")] long Events,
    [property: JsonPropertyName("per_second")] double? PerSecond,
    [property: JsonPropertyName("rates")] IReadOnlyList<double?> Rates);
