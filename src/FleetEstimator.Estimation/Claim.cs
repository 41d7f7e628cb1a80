using System.Text.Json.Serialization;

namespace FleetEstimator.Estimation;

/// <summary>A statement about one figure of the fleet that a study wants judged.</summary>
public sealed record Claim
{
    /// <summary>Name of the <see cref="Estimation.Metric"/>.</summary>
    public required string Metric { get; init; }

    /// <summary>The condition as the study words it, such as <c>saved &gt; 2%</c>.</summary>
    public required string Is { get; init; }

    /// <summary><c>fleet</c> or <c>class:NAME</c>, see <see cref="EstimateScope"/>.</summary>
    public required string Scope { get; init; }

    /// <summary>Name of the mechanism the claim is about.</summary>
    public required string Mechanism { get; init; }

    /// <summary>What is compared with <see cref="Threshold"/>.</summary>
    public ClaimSubject Subject { get; init; }

    /// <summary>How it is compared.</summary>
    public Comparison Comparison { get; init; }

    /// <summary>In the unit of the metric; for <see cref="ClaimSubject.SavedShare"/> a share of the baseline's level (0.02 = 2%).</summary>
    public double Threshold { get; init; }

    /// <summary>The claim in words: metric, mechanism and condition.</summary>
    [JsonIgnore]
    public string Text => $"{Metric} of {Mechanism}: {Is}";
}

/// <summary>What a claim is about.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ClaimSubject>))]
public enum ClaimSubject : byte
{
    /// <summary>The level of the metric under the mechanism.</summary>
    [JsonStringEnumMemberName("level")]
    Level,

    /// <summary>Baseline minus mechanism, in the unit of the metric.</summary>
    [JsonStringEnumMemberName("saved")]
    Saved,

    /// <summary>Baseline minus mechanism, as a share of the baseline's level.</summary>
    [JsonStringEnumMemberName("saved_share")]
    SavedShare,
}

/// <summary>How a claim compares a figure with its threshold.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Comparison>))]
public enum Comparison : byte
{
    /// <summary>&gt;</summary>
    [JsonStringEnumMemberName(">")]
    Above,

    /// <summary>&gt;=</summary>
    [JsonStringEnumMemberName(">=")]
    AtLeast,

    /// <summary>&lt;</summary>
    [JsonStringEnumMemberName("<")]
    Below,

    /// <summary>&lt;=</summary>
    [JsonStringEnumMemberName("<=")]
    AtMost,
}

/// <summary>Names of the parts of a fleet that an estimate or a claim is about.</summary>
public static class EstimateScope
{
    /// <summary>All nodes.</summary>
    public const string Fleet = "fleet";

    /// <summary>What the name of a class follows in its scope.</summary>
    public const string ClassPrefix = "class:";

    /// <summary>The scope of one class.</summary>
    public static string OfClass(string name) => ClassPrefix + name;
}
