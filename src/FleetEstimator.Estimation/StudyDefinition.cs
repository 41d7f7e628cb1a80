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

    /// <summary>How narrow simulation is to make the estimates; null = every node of the fleet is simulated.</summary>
    public SimulationTarget? Simulation { get; init; }

    /// <summary>The bound under which each node's smallest memory limit is looked for; null = it is not looked for.</summary>
    public RightSizeBound? RightSize { get; init; }

    /// <summary>The same study with one parameter changed at a time, for every value but the first of a parameter given as a list; the study itself has the first values.</summary>
    public IReadOnlyList<SweepPoint> Sweep { get; init; } = [];

    /// <summary>The strata of the fleet, at least one; their names differ.</summary>
    public required IReadOnlyList<NodeClass> Classes { get; init; }

    /// <summary>What the study claims, each judged by its interval.</summary>
    public IReadOnlyList<Claim> Claims { get; init; } = [];

    /// <summary>The metrics that the study estimates: all, but for the smallest limit where it is not looked for.</summary>
    [JsonIgnore]
    public IEnumerable<Metric> Metrics => Metric.All.Where(metric => RightSize is not null || metric.Numerator != NodeQuantity.SmallestLimitBytes);

    /// <summary>Place of <see cref="Baseline"/> in <see cref="Mechanisms"/>.</summary>
    [JsonIgnore]
    public int BaselineIndex => MechanismIndex(Baseline);

    /// <summary>Nodes in the whole fleet.</summary>
    [JsonIgnore]
    public long Nodes => Classes.Sum(@class => (long)@class.Nodes);

    /// <summary>The study with another seed and other costs, null = as it is, in every point of its sweep too.</summary>
    public StudyDefinition With(ulong? seed, CostTable? costs) => this with
    {
        Seed = seed ?? Seed,
        Costs = costs ?? Costs,
        Sweep = [.. Sweep.Select(point => point with { Study = point.Study.With(seed, costs) })],
    };

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

/// <summary>A study that simulates as many nodes as it takes, rather than all.</summary>
public sealed record SimulationTarget
{
    /// <summary>The metrics whose levels are to be known so well, unless a study names others.</summary>
    public static readonly IReadOnlyList<string> DefaultMetrics = ["memory_mean"];

    /// <summary>
    /// Half the width of the fleet's simulation interval, the part of the uncertainty that simulating more nodes reduces: as a share of the level for totals, as it is for
    /// metrics that are shares. In (0, 1).
    /// </summary>
    public required double HalfWidth { get; init; }

    /// <summary>Names of the metrics, at least one; of each, the level under every mechanism.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = DefaultMetrics;
}

/// <summary>The most major faults a node may take under its smallest memory limit: a rate, or relative to what it takes today. Exactly one property is set.</summary>
public sealed record RightSizeBound
{
    /// <summary>Per second and node, above 0.</summary>
    public double? MajorFaultsPerSecond { get; init; }

    /// <summary>As a share of what the same node takes under the baseline and its class's own limit, above 0; more than 1 allows more.</summary>
    public double? OfBaseline { get; init; }

    /// <summary>The bound in words.</summary>
    public override string ToString() => OfBaseline is { } share
        ? $"at most {Percentage.ToText(share)} of the major faults under the baseline and the class's own limit"
        : $"at most {MajorFaultsPerSecond.GetValueOrDefault().ToString(System.Globalization.CultureInfo.InvariantCulture)} major faults per second and node";
}

/// <summary>A study with one parameter changed.</summary>
/// <param name="Parameter">The parameter as the study writes it, such as <c>defaults.swap.page_cluster</c> or <c>web.limit</c>.</param>
/// <param name="Value">Its value here, as the study writes it.</param>
/// <param name="BaseValue">Its value in the study itself.</param>
/// <param name="Study">The study; without claims and sweeps of its own.</param>
public sealed record SweepPoint(string Parameter, string Value, string BaseValue, StudyDefinition Study);

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
