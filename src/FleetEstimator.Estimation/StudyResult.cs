using System.Text.Json.Serialization;
using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>
/// What a study came to: the one type that every report is made from. Holds nothing that differs between two runs of the same study and seed.
/// Serialised with snake_case names it is report.json.
/// </summary>
public sealed record StudyResult
{
    /// <summary>Name and version of the schema.</summary>
    public const string SchemaName = "fleet-estimator.report/1";

    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = SchemaName;

    /// <summary>Name of the study.</summary>
    public required string Study { get; init; }

    /// <summary><see cref="StudyIdentity.Digest"/> of the study: equal for studies that differ only in comments, spelling of sizes or omitted defaults.</summary>
    public required string StudyDigest { get; init; }

    /// <summary>Seed of everything random in the study.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Confidence level of every interval.</summary>
    public required double Level { get; init; }

    /// <summary>Nodes in the fleet.</summary>
    public required long Nodes { get; init; }

    /// <summary>Nodes that were simulated to the end.</summary>
    public required long SimulatedNodes { get; init; }

    /// <summary>The recordings, in the order in which <see cref="NodeResult.Recording"/> counts them.</summary>
    public required IReadOnlyList<RecordingSummary> Recordings { get; init; }

    /// <summary>The classes, in the order of the study.</summary>
    public required IReadOnlyList<ClassSummary> Classes { get; init; }

    /// <summary>The mechanisms, in the order of the study.</summary>
    public required IReadOnlyList<string> Mechanisms { get; init; }

    /// <summary>The mechanism the others are compared with.</summary>
    public required string Baseline { get; init; }

    /// <summary>By scope (fleet, then classes), metric, mechanism: the level, then the difference from the baseline.</summary>
    public required IReadOnlyList<Estimate> Estimates { get; init; }

    /// <summary>How figures are distributed over nodes: by scope, metric, mechanism (the level, then the difference from the baseline) and quantile.</summary>
    public IReadOnlyList<Estimate> Quantiles { get; init; } = [];

    /// <summary>The claims in the order of the study.</summary>
    public required IReadOnlyList<ClaimResult> Claims { get; init; }

    /// <summary>What simulation reached of the precision that the study asks for; null if it asks for none, and simulates every node.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SimulationOutcome? Simulation { get; init; }

    /// <summary>The study with one parameter changed at a time; empty if it gives no parameter as a list.</summary>
    public IReadOnlyList<SweepResult> Sweep { get; init; } = [];

    /// <summary>How the model did on each recording: one entry for each of its files, in the order of <see cref="Recordings"/>.</summary>
    public IReadOnlyList<RecordingBacktest> Backtest { get; init; } = [];

    /// <summary>The cost table behind <c>cpu</c> and <c>fault_time</c>, in the table's order.</summary>
    public IReadOnlyList<CostUsed> Costs { get; init; } = [];

    /// <summary>What the estimates rest on, in plain sentences.</summary>
    public required IReadOnlyList<string> Assumptions { get; init; }

    /// <summary>What makes these estimates less than they look, in plain sentences; empty if nothing does.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Nodes that could not be simulated, by class and number; not empty means a partial result (exit code 4).</summary>
    public required IReadOnlyList<FailedNode> FailedNodes { get; init; }
}

/// <summary>An entry of the cost table used.</summary>
/// <param name="Cost">Its key in cost files.</param>
/// <param name="Meaning">What is done once at this cost.</param>
/// <param name="Nanoseconds">The cost.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="IsDefault">Whether it is the program's default rather than the study's own.</param>
public sealed record CostUsed(string Cost, string Meaning, long Nanoseconds, string Source, bool IsDefault);

/// <summary>A recording, the sampling unit of every estimate, and what stands in its files.</summary>
public sealed record RecordingSummary
{
    /// <summary>The access source of traces that were generated rather than recorded.</summary>
    public const string SyntheticAccessSource = "synthetic";

    /// <summary>Opaque label of the recorded node.</summary>
    public required string Node { get; init; }

    /// <summary>Digest of its files.</summary>
    public required string Digest { get; init; }

    /// <summary>uname -r of the recorded node.</summary>
    public required string KernelRelease { get; init; }

    /// <summary>Where accesses come from: exact, idle-page, soft-dirty, damon, …</summary>
    public required string AccessSource { get; init; }

    /// <summary>What its source could see: content-known, mapping-only or access-only.</summary>
    public string Capability { get; init; } = "content-known";

    /// <summary>Whether it holds accesses of which neither load nor store is known (operation <c>access</c>).</summary>
    public bool HasUnknownAccesses { get; init; }

    /// <summary>Codec behind recorded compressed sizes, or <c>none</c>.</summary>
    public string Codec { get; init; } = "none";

    /// <summary>Share of pages recorded, in (0, 1].</summary>
    public double SamplingFraction { get; init; } = 1;

    /// <summary>Blocks of 2 MiB in which a sampled recording has pages: how large its sample is. Null where all pages were recorded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? SampledBlocks { get; init; }

    /// <summary>The last time in it.</summary>
    public required long DurationMicroseconds { get; init; }

    /// <summary>Most memory resident at one time in it, without a limit.</summary>
    public required long PeakResidentBytes { get; init; }

    /// <summary>Rows of its files.</summary>
    public required long Rows { get; init; }

    /// <summary>Names of the classes it stands for, in the order of the study.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>What it counts for within each of these classes, on the scale of the class; empty = as much as any other.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [];
}

/// <summary>A class and what was simulated of it.</summary>
public sealed record ClassSummary
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Nodes in the fleet.</summary>
    public required long Nodes { get; init; }

    /// <summary>Nodes that were simulated to the end.</summary>
    public required long SimulatedNodes { get; init; }

    /// <summary>Recordings that simulated nodes replayed.</summary>
    public required int Recordings { get; init; }

    /// <summary>Memory of a node in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Memory of a node that no trace holds, in bytes.</summary>
    public required long UnmodelledBytes { get; init; }

    /// <summary>The memory limit the study asks for; without a property: none.</summary>
    public required MemoryLimit Limit { get; init; }

    /// <summary>The limit in bytes, mean over simulated nodes; null without a limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LimitMeanBytes { get; init; }

    /// <summary>Swap of a node.</summary>
    public required SwapDefinition Swap { get; init; }

    /// <summary>Where in its recording a node starts.</summary>
    public required StartOffset Start { get; init; }

    /// <summary>The reclaim policy of a node.</summary>
    public required LruKind Lru { get; init; }

    /// <summary>The memory limit of each copy; null without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MemoryLimit? GroupLimit { get; init; }

    /// <summary>Whether a node reclaims below the kernel's watermarks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Watermarks { get; init; }

    /// <summary>Proactive reclaim; null without it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProactiveReclaim? Proactive { get; init; }

    /// <summary>Transparent huge pages; null where all are off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HugePageDefinition? HugePages { get; init; }

    /// <summary>Kernel same-page merging; null without it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public KsmSettings? Ksm { get; init; }

    /// <summary>Share of a node's copies whose processes must not map the zero page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double ZeroPageForbidden { get; init; }

    /// <summary>Copies of its recording on a node, mean over simulated nodes.</summary>
    public required double InstancesMean { get; init; }
}

/// <summary>A node that could not be simulated.</summary>
/// <param name="Class">Name of its class.</param>
/// <param name="Node">Its number within the class, from 0.</param>
/// <param name="Recording">Label of the recording it was to replay.</param>
/// <param name="Reason">What went wrong, the same in every run: no times, paths or hosts.</param>
public sealed record FailedNode(string Class, long Node, string Recording, string Reason);
