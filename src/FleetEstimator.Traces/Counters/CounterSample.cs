using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>The kernel's counters as they stood at one time: one line of a counters file; the properties are the JSON.</summary>
public sealed record CounterSample
{
    /// <summary>Microseconds since the start of the recording, on the clock of the trace; never decreases from sample to sample.</summary>
    [JsonPropertyName("time_us")]
    [JsonPropertyOrder(0)]
    public required ulong TimeMicroseconds { get; init; }

    /// <summary>Counters of /proc/vmstat by the kernel's names, cumulative since boot, in the kernel's units (mostly pages). A kernel that lacks one leaves it out.</summary>
    [JsonPropertyName("vmstat")]
    [JsonPropertyOrder(1)]
    public required IReadOnlyDictionary<string, long> Vmstat { get; init; }

    /// <summary>
    /// By recorded cgroup: its memory.stat by the kernel's names (events cumulative, the rest as it stood), and in bytes <c>current</c>, <c>max</c> and
    /// <c>high</c> (absent = none), <c>swap_current</c> and <c>swap_max</c> (absent = none). Null where no cgroup was recorded.
    /// </summary>
    [JsonPropertyName("cgroups")]
    [JsonPropertyOrder(2)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>>? Cgroups { get; init; }
}
