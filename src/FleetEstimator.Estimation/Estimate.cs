using System.Text.Json.Serialization;

namespace FleetEstimator.Estimation;

/// <summary>One estimated figure with its interval.</summary>
public sealed record Estimate
{
    /// <summary>Name of the <see cref="Estimation.Metric"/>.</summary>
    public required string Metric { get; init; }

    /// <summary>The mechanism it is about.</summary>
    public required string Mechanism { get; init; }

    /// <summary>Null: the level under the mechanism. The baseline: the difference, mechanism minus baseline; a saving is negative.</summary>
    public required string? Against { get; init; }

    /// <summary><c>fleet</c> or <c>class:NAME</c>, see <see cref="EstimateScope"/>.</summary>
    public required string Scope { get; init; }

    /// <summary>The figure; null for a share of nothing and where no node was simulated. Between two access assumptions: the middle.</summary>
    [JsonPropertyName("estimate")]
    public required double? Value { get; init; }

    /// <summary>Lower end of the interval, null where none can be given.</summary>
    public required double? Low { get; init; }

    /// <summary>Upper end of the interval, null where none can be given.</summary>
    public required double? High { get; init; }

    /// <summary>Confidence level of the interval, in (0, 1).</summary>
    public required double Level { get; init; }

    /// <summary>Unit of the figure and the interval, one of <see cref="MetricUnit"/>.</summary>
    public required string Unit { get; init; }

    /// <summary>Different recordings behind the figure: its sample size.</summary>
    public required int Recordings { get; init; }

    /// <summary>Why there is no figure or no interval; null where both are given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>What a reader must know to read the interval rightly, such as that all recordings agree exactly; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Note { get; init; }

    /// <summary>Degrees of freedom of the interval; of two access assumptions, the fewer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? DegreesOfFreedom { get; init; }

    /// <summary>
    /// Half the width an interval would have if the recordings were the whole fleet: the part of the uncertainty that simulating more nodes reduces.
    /// The interval already contains it. Null where no recording is replayed by several nodes that can be compared.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? SimulationHalfWidth { get; init; }

    /// <summary>What the uncertainty is made of; null where there is no figure.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ErrorComponents? Components { get; init; }

    /// <summary>The figure if every access of unknown kind was a load; null where both assumptions agree.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Interval? AllReads { get; init; }

    /// <summary>The figure if every access of unknown kind was a store; null where both assumptions agree.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Interval? AllWrites { get; init; }

    /// <summary>The same as a mean per node of the scope; null for shares.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Interval? PerNode { get; init; }

    /// <summary>A difference of totals as a share of the baseline's level (-0.02 = 2% saved); null for levels and shares.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Interval? Relative { get; init; }

    /// <summary>Of a quantile over the nodes of the scope: the share of them, in (0, 1), whose own figure is at most so much; read from bins 1.6% wide. Null of everything else.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Quantile { get; init; }

    /// <summary>At a point of a sweep: by how much it differs from the study itself, nodes compared one by one. Null elsewhere.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Interval? Change { get; init; }

    /// <summary>A difference told as a saving: baseline minus mechanism. Null for a level.</summary>
    [JsonIgnore]
    public Interval? Saved => Against is null ? null : new Interval(Value, Low, High).Negated();

    /// <summary>A saving as a share of the baseline's level (0.02 = 2% saved); null where <see cref="Relative"/> is.</summary>
    [JsonIgnore]
    public Interval? SavedShare => Relative?.Negated();
}

/// <summary>A figure and its interval, each null where it cannot be given.</summary>
/// <param name="Value">The figure.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public sealed record Interval([property: JsonPropertyName("estimate")] double? Value, double? Low, double? High)
{
    /// <summary>The interval of the figure with the opposite sign.</summary>
    public Interval Negated() => new(Negate(Value), Negate(High), Negate(Low));

    /// <summary>The interval over both, about the middle of the two figures; ends and figure are null unless both have them.</summary>
    public Interval Over(Interval other) => new(
        (Value + other.Value) / 2,
        Low is { } low && other.Low is { } otherLow ? Math.Min(low, otherLow) : null,
        High is { } high && other.High is { } otherHigh ? Math.Max(high, otherHigh) : null);

    /// <summary>The figure and both ends times a factor, at least 0.</summary>
    public Interval Times(double factor) => new(Value * factor, Low * factor, High * factor);

    // 0 - x, not -x: an estimate of exactly nothing is 0, never -0.
    private static double? Negate(double? value) => 0 - value;
}

/// <summary>What the interval says of a claim.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict : byte
{
    /// <summary>The interval lies on both sides of the threshold, or there is none.</summary>
    [JsonStringEnumMemberName("undecided")]
    Undecided,

    /// <summary>The whole interval lies on the claimed side.</summary>
    [JsonStringEnumMemberName("supported")]
    Supported,

    /// <summary>The whole interval lies on the other side.</summary>
    [JsonStringEnumMemberName("refuted")]
    Refuted,
}

/// <summary>A claim with its verdict and the interval that led to it.</summary>
public sealed record ClaimResult
{
    /// <summary>The claim in words.</summary>
    [JsonPropertyName("claim")]
    public required string Text { get; init; }

    /// <summary><c>fleet</c> or <c>class:NAME</c>.</summary>
    public required string Scope { get; init; }

    /// <summary>The verdict.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The figure the claim is about: a level, or for <c>saved</c> baseline minus mechanism.</summary>
    [JsonPropertyName("estimate")]
    public required double? Value { get; init; }

    /// <summary>Lower end of its interval.</summary>
    public required double? Low { get; init; }

    /// <summary>Upper end of its interval.</summary>
    public required double? High { get; init; }

    /// <summary>Confidence level of the interval: the study's, adjusted for the number of its claims (Holm 1979).</summary>
    public required double Level { get; init; }

    /// <summary>Different recordings behind the figure.</summary>
    public required int Recordings { get; init; }

    /// <summary>
    /// Of an undecided claim: how many recordings in all would decide it if the estimate stayed what it is and further recordings differed as these do. Null where no
    /// number that could be planned would, for the reason given.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RecordingsToDecide { get; init; }

    /// <summary>Unit of figure, interval and threshold; a share of the baseline's level has unit 1.</summary>
    public required string Unit { get; init; }

    /// <summary>Name of the metric.</summary>
    public required string Metric { get; init; }

    /// <summary>The mechanism the claim is about.</summary>
    public required string Mechanism { get; init; }

    /// <summary>The mechanism a saving is measured against; null for a level.</summary>
    public required string? Against { get; init; }

    /// <summary>The condition as the study words it.</summary>
    public required string Is { get; init; }

    /// <summary>What the figure is compared with.</summary>
    public required double Threshold { get; init; }

    /// <summary>Why the claim is undecided; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }
}
