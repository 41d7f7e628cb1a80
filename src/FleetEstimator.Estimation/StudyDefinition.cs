using System.Text.Json.Serialization;
using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>A what-if study: which nodes the fleet has, which recordings stand for them, and which mechanisms are compared. Made by <see cref="StudyReader"/>.</summary>
public sealed record StudyDefinition
{
    /// <summary>The least confidence level: below it an interval more likely misses than covers.</summary>
    public const double LeastLevel = 0.5;

    /// <summary>The greatest confidence level: beyond it no number of recordings tells how often so rare a sample occurs.</summary>
    public const double MostLevel = 0.999;

    /// <summary>Name; also that of the folder with the results: letters, digits and <c>-_.</c>, starting with a letter or digit, at most 100.</summary>
    public required string Name { get; init; }

    /// <summary>Seed of everything random in the study.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Names of the mechanisms to compare, in the order of the study; each is a <see cref="Paging.Mechanism"/>.</summary>
    public required IReadOnlyList<string> Mechanisms { get; init; }

    /// <summary>The mechanism the others are compared with, one of <see cref="Mechanisms"/>.</summary>
    public required string Baseline { get; init; }

    /// <summary>Confidence level of every interval, from <see cref="LeastLevel"/> to <see cref="MostLevel"/>.</summary>
    public double Level { get; init; } = 0.95;

    /// <summary>Simulated period of each node in microseconds, at least 1; null = the length of the recording it replays.</summary>
    public long? DurationMicroseconds { get; init; }

    /// <summary>The first part of the simulated period, which is not measured.</summary>
    public WarmUp WarmUp { get; init; } = WarmUp.Default;

    /// <summary>What steps of paging cost, whole: entries the study does not give have their defaults.</summary>
    public CostTable Costs { get; init; } = CostTable.Default;

    /// <summary>The strata of the fleet, at least one; their names differ.</summary>
    public required IReadOnlyList<NodeClass> Classes { get; init; }

    /// <summary>What the study claims, each judged by its interval.</summary>
    public IReadOnlyList<Claim> Claims { get; init; } = [];

    /// <summary>Place of <see cref="Baseline"/> in <see cref="Mechanisms"/>.</summary>
    [JsonIgnore]
    public int BaselineIndex => MechanismIndex(Baseline);

    /// <summary>Nodes in the whole fleet.</summary>
    [JsonIgnore]
    public long Nodes => Classes.Sum(@class => (long)@class.Nodes);

    /// <summary>Place of a mechanism in <see cref="Mechanisms"/>, -1 if it is not in the study.</summary>
    public int MechanismIndex(string mechanism)
    {
        for (var index = 0; index < Mechanisms.Count; index++)
        {
            if (Mechanisms[index] == mechanism)
                return index;
        }

        return -1;
    }
}

/// <summary>The part of a node's simulated period that is not measured: a share of it or a time, exactly one of the two.</summary>
public sealed record WarmUp
{
    /// <summary>A quarter of the simulated period.</summary>
    public static readonly WarmUp Default = new() { Share = 0.25 };

    /// <summary>Share of the simulated period, in [0, 1).</summary>
    public double? Share { get; init; }

    /// <summary>Time in microseconds, at least 0.</summary>
    public long? Microseconds { get; init; }

    /// <summary>The warm-up of a node simulated for <paramref name="durationMicroseconds"/>, rounded down to whole microseconds; not capped by the duration.</summary>
    public long Of(long durationMicroseconds) => Microseconds ?? (long)(Share.GetValueOrDefault() * durationMicroseconds);

    /// <inheritdoc/>
    public override string ToString() => Microseconds is { } time ? Period.ToText(time) : Percentage.ToText(Share.GetValueOrDefault());
}
