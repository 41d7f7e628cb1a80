using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using FleetEstimator.Estimation;

namespace FleetEstimator.Cli.Sampling;

/// <summary>A sample plan: how many recordings of each class, and which nodes were drawn; the properties are the JSON.</summary>
internal sealed record SamplePlan
{
    // As in studies, and what --least is unless given.
    private const int LeastForInterval = 3;

    public string Schema { get; } = "fleet-estimator.sample-plan/1";

    public required string Metric { get; init; }

    public required double Precision { get; init; }

    public required double Level { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>The precision that the plan gives if its variation is right; null where a study gives no interval, see <see cref="TooFew"/>.</summary>
    public required double? PlannedPrecision { get; init; }

    public required double? DegreesOfFreedom { get; init; }

    public required bool IsReached { get; init; }

    public required bool FinitePopulation { get; init; }

    /// <summary>Classes with fewer recordings than a study needs of each: with one of them it gives no interval, neither of the class nor of the fleet.</summary>
    [JsonIgnore]
    public IReadOnlyList<PlanClass> TooFew => [.. Classes.Where(planned => planned.Recordings < LeastForInterval)];

    public required IReadOnlyList<PlanClass> Classes { get; init; }

    public required IReadOnlyList<PlanNode> Nodes { get; init; }

    /// <summary>Draws the nodes: simple random samples within the classes.</summary>
    public static SamplePlan Draw(
        Inventory inventory, IReadOnlyList<PlannedClass> classes, SampleAllocation allocation, SampleTarget target, string metric, ulong seed)
    {
        var hasInterval = allocation.Recordings.All(recordings => recordings >= LeastForInterval);
        var labels = inventory.Classes.ToDictionary(@class => @class.Class, @class => @class.Nodes.Select(node => node.Node), StringComparer.Ordinal);
        return new()
        {
            Metric = metric,
            Precision = target.Precision,
            Level = target.Level,
            Seed = seed,
            PlannedPrecision = hasInterval ? allocation.Precision : null,
            DegreesOfFreedom = hasInterval ? allocation.DegreesOfFreedom : null,
            IsReached = hasInterval && allocation.IsReached,
            FinitePopulation = target.FinitePopulation,
            Classes = [.. classes.Select((planned, index) => new PlanClass(
                planned.Name, planned.Nodes, allocation.Recordings[index], planned.SeenRecordings, planned.Mean == 0 ? null : planned.StandardDeviation / Math.Abs(planned.Mean),
                planned.SeenRecordings > 1 ? "seen" : "assumed", planned.Cost))],
            Nodes = [.. classes.SelectMany((planned, index) => NodeDraw.Draw(labels[planned.Name], allocation.Recordings[index], seed)
                .Select(node => new PlanNode(node, planned.Name, (double)allocation.Recordings[index] / planned.Nodes, (double)planned.Nodes / allocation.Recordings[index])))],
        };
    }

    public string ToCsv()
    {
        var text = new StringBuilder("node,class,probability,weight\n");
        foreach (var (node, @class, probability, weight) in Nodes)
            text.Append(CultureInfo.InvariantCulture, $"{Field(node)},{Field(@class)},{probability:R},{weight:R}\n");
        return text.ToString();

        static string Field(string value) => value.AsSpan().ContainsAny(",\"\r\n") ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
    }

    public string ToText()
    {
        var table = new ColumnText(("class", false), ("nodes", true), ("record", true), ("seen", true), ("variation", true), ("", false));
        foreach (var planned in Classes)
        {
            table.Row(
                planned.Class, Number(planned.Nodes), Number(planned.Recordings), Number(planned.SeenRecordings), StoreText.Share(planned.Variation),
                planned.VariationSource == "seen" ? "" : "assumed, not seen");
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{table}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Recording these {Number(Nodes.Count)} of {Number(Classes.Sum(planned => planned.Nodes))} nodes gives {Metric} of the fleet ");
        if (PlannedPrecision is { } precision)
        {
            text.Append(CultureInfo.InvariantCulture, $"to ±{StoreText.Share(precision)} of its estimate at {Percentage.ToText(Level)}{(DegreesOfFreedom is { } degrees ? $" ({degrees:0.0} degrees of freedom)" : "")}");
            text.Append(Classes.All(planned => planned.VariationSource == "seen") ? ", if recordings vary as those seen.\n" : ", if recordings vary as assumed: record a few of each class first, then plan again.\n");
            if (!IsReached)
                text.Append(CultureInfo.InvariantCulture, $"That falls short of ±{StoreText.Share(Precision)}: there are no more nodes to record.\n");
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $"without an interval: a study needs {LeastForInterval} recordings of every class.\n");
        }

        foreach (var small in TooFew)
        {
            text.Append(CultureInfo.InvariantCulture, $"Class {small.Class}: {Number(small.Recordings)} of {Number(small.Nodes)} nodes. ");
            text.Append(small.Nodes < LeastForInterval ? "Give its nodes the class of others like them in the inventory.\n" : $"Give --least {LeastForInterval} or more.\n");
        }

        text.Append("variation: standard deviation between recordings by their mean. Nodes were drawn by simple random sampling within each class: recordings of a class weigh alike.");
        return text.ToString();
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>A class in a plan.</summary>
internal sealed record PlanClass(
    string Class,
    long Nodes,
    int Recordings,
    int SeenRecordings,
    [property: JsonPropertyName("variation")] double? Variation,
    string VariationSource,
    double Cost);

/// <summary>A node to record.</summary>
internal sealed record PlanNode(string Node, string Class, double Probability, double Weight);
