using System.Text.Json.Serialization;

namespace FleetEstimator.Estimation;

/// <summary>What decides which pages leave memory while a recording is backtested.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BacktestMode>))]
public enum BacktestMode : byte
{
    /// <summary>Pages leave as they left on the recorded node: shows whether the model brings back what the kernel brought back, and tells zeros as it did.</summary>
    [JsonStringEnumMemberName("driven")]
    Driven,

    /// <summary>The model's reclaim decides, with as much memory as the recorded kernel had: shows whether it takes the same pages.</summary>
    [JsonStringEnumMemberName("free")]
    Free,
}

/// <summary>A recording replayed under its node's own settings, and held against what the node's kernel counted meanwhile. The same for the same files.</summary>
public sealed record RecordingBacktest
{
    /// <summary><see cref="Reason"/> where there is nothing to compare with.</summary>
    public const string NoCounters = "no kernel counters were recorded with it";

    /// <summary>Opaque label of the recorded node.</summary>
    public required string Node { get; init; }

    /// <summary>When the recording began: what tells several files of a node apart.</summary>
    public DateTimeOffset RecordedAt { get; init; }

    /// <summary>SHA-256 of the trace file.</summary>
    public required string Digest { get; init; }

    /// <summary>Why it was not backtested; null if it was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>SHA-256 of the counters file.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CountersDigest { get; init; }

    /// <summary>uname -r of the node.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? KernelRelease { get; init; }

    /// <summary>The mechanism that models this kernel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Mechanism { get; init; }

    /// <summary>The node's settings as far as the model took them, in words.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Settings { get; init; }

    /// <summary>Where the kernel's figures come from: <c>vmstat</c> (the whole node) or <c>cgroup NAME</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Source { get; init; }

    /// <summary>First time compared, in microseconds since the start of the recording.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long FromMicroseconds { get; init; }

    /// <summary>Last time compared.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ToMicroseconds { get; init; }

    /// <summary>The replays; empty if it was not backtested.</summary>
    public IReadOnlyList<BacktestRun> Runs { get; init; } = [];

    /// <summary>What the comparison cannot tell, in plain sentences.</summary>
    public IReadOnlyList<string> Caveats { get; init; } = [];
}

/// <summary>One replay of a backtest.</summary>
public sealed record BacktestRun
{
    /// <summary>What decided which pages leave.</summary>
    public required BacktestMode Mode { get; init; }

    /// <summary>What that was made of: where page-outs, or the memory to be had, come from.</summary>
    public required string DrivenBy { get; init; }

    /// <summary>Whole period: sums of pages out and in first, then the kernel's counters. Counters that stayed 0 on both sides are left out.</summary>
    public required IReadOnlyList<CounterError> Totals { get; init; }

    /// <summary>The same for each part of the period.</summary>
    public required IReadOnlyList<BacktestWindow> Windows { get; init; }

    /// <summary>What the totals say, in a sentence or two.</summary>
    public string Verdict => BacktestVerdict.Of(this);

    /// <summary>The error of a counter over the whole period, or null if nobody counted anything.</summary>
    public CounterError? Total(string counter) => Totals.FirstOrDefault(total => total.Counter == counter);
}

/// <summary>A part of the time.</summary>
/// <param name="FromMicroseconds">Its begin, in microseconds since the start of the recording.</param>
/// <param name="ToMicroseconds">Its end.</param>
/// <param name="Errors">By counter, as in <see cref="BacktestRun.Totals"/>.</param>
public sealed record BacktestWindow(long FromMicroseconds, long ToMicroseconds, IReadOnlyList<CounterError> Errors);
