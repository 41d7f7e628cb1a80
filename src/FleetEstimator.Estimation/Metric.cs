namespace FleetEstimator.Estimation;

/// <summary>A figure of the fleet that is estimated, and how it comes from the figures of nodes. The catalogue is <see cref="All"/>.</summary>
public sealed record Metric
{
    private const string SumOfNodes = " A class or the fleet: the sum over its nodes.";
    private const string SumOfPeaks = " A class or the fleet: the sum of its nodes' peaks, which need not fall together.";
    private const string RatioOfSums = " A class or the fleet: the sum of the numerators by the sum of the denominators.";

    /// <summary>Every metric, in the order reports show them.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        new("rss_mean", MetricUnit.Bytes, NodeQuantity.RssMeanBytes)
        {
            Meaning = "Resident set size, time-weighted mean after warm-up." + SumOfNodes, LowerIsSaving = true, HasQuantiles = true,
        },
        new("rss_peak", MetricUnit.Bytes, NodeQuantity.RssPeakBytes)
        {
            Meaning = "Resident set size, peak after warm-up." + SumOfPeaks, LowerIsSaving = true,
        },
        new("memory_mean", MetricUnit.Bytes, NodeQuantity.MemoryMeanBytes)
        {
            Meaning = "RSS, swap cache and what zram or zswap hold, time-weighted mean after warm-up: what a node really spends." + SumOfNodes, LowerIsSaving = true, HasQuantiles = true,
        },
        new("memory_peak", MetricUnit.Bytes, NodeQuantity.MemoryPeakBytes)
        {
            Meaning = "RSS, swap cache and what zram or zswap hold, peak after warm-up." + SumOfPeaks, LowerIsSaving = true, HasQuantiles = true,
        },
        new("swap_out", MetricUnit.BytesPerSecond, NodeQuantity.SwapOutBytes)
        {
            Meaning = "Traffic to the swap device or zram, zeros not counted, uncompressed." + SumOfNodes, LowerIsSaving = true, HasQuantiles = true,
        },
        new("swap_in", MetricUnit.BytesPerSecond, NodeQuantity.SwapInBytes)
        {
            Meaning = "Traffic from the swap device or zram, zeros not counted, uncompressed." + SumOfNodes, LowerIsSaving = true,
        },
        new("zero_swap_out", MetricUnit.PagesPerSecond, NodeQuantity.ZeroHandledSwapOutPages)
        {
            Meaning = "Pages that the zeromap or a mechanism handled at swap-out instead of a write." + SumOfNodes,
        },
        new("zero_swap_in", MetricUnit.PagesPerSecond, NodeQuantity.ZeroHandledSwapInPages)
        {
            Meaning = "Pages that the zeromap or a mechanism handled at swap-in instead of a read." + SumOfNodes,
        },
        new("major_faults", MetricUnit.PerSecond, NodeQuantity.MajorFaults)
        {
            Meaning = "Faults that had to read or zero-fill the page itself." + SumOfNodes, LowerIsSaving = true, HasQuantiles = true,
        },
        new("minor_faults", MetricUnit.PerSecond, NodeQuantity.MinorFaults)
        {
            Meaning = "Faults served without reading or zero-filling the page itself." + SumOfNodes, LowerIsSaving = true,
        },
        new("cpu", MetricUnit.MicrosecondsPerSecond, NodeQuantity.CpuNanoseconds)
        {
            Meaning = "CPU time spent on paging, by the cost table." + SumOfNodes, LowerIsSaving = true, Scale = 1e-3,
        },
        new("fault_time", MetricUnit.MicrosecondsPerSecond, NodeQuantity.FaultNanoseconds)
        {
            Meaning = "Time processes wait in page faults, device latency included, by the cost table." + SumOfNodes, LowerIsSaving = true, HasQuantiles = true, Scale = 1e-3,
        },
        new("swap_slots_mean", MetricUnit.Pages, NodeQuantity.SwapSlotsMeanPages)
        {
            Meaning = "Swap slots in use, time-weighted mean after warm-up." + SumOfNodes, LowerIsSaving = true,
        },
        new("swap_hidden_mean", MetricUnit.Pages, NodeQuantity.SwapHiddenMeanPages)
        {
            Meaning = "Pages a mechanism takes out of users' swap accounting, time-weighted mean after warm-up." + SumOfNodes,
        },
        new("smallest_limit", MetricUnit.Bytes, NodeQuantity.SmallestLimitBytes)
        {
            Meaning = "Memory limit at which the node's major faults stay within the study's bound while at the next smaller step, 1/128 of its peak, they do not." + SumOfNodes, LowerIsSaving = true, HasQuantiles = true,
        },
        new("zero_filled_share/resident_pages", MetricUnit.One, NodeQuantity.ZeroFilledResidentMeanBytes, NodeQuantity.RssMeanBytes)
        {
            Meaning = "Share of resident pages that are zero-filled, over time." + RatioOfSums,
        },
        new("zero_filled_share/swapped_out_pages", MetricUnit.One, NodeQuantity.ZeroFilledSwapOutPages, NodeQuantity.AllSwapOutPages)
        {
            Meaning = "Share of swapped-out pages that are zero-filled, whatever the mechanism does with them." + RatioOfSums,
        },
        new("zero_filled_share/swapped_in_pages", MetricUnit.One, NodeQuantity.ZeroFilledSwapInPages, NodeQuantity.AllSwapInPages)
        {
            Meaning = "Share of swapped-in pages that are zero-filled, whatever the mechanism does with them." + RatioOfSums,
        },
    ];

    private Metric(string name, string unit, NodeQuantity numerator, NodeQuantity? denominator = null) =>
        (Name, Unit, Numerator, Denominator) = (name, unit, numerator, denominator);

    /// <summary>Name in studies and results.</summary>
    public string Name { get; }

    /// <summary>Unit of estimates, one of <see cref="MetricUnit"/>.</summary>
    public string Unit { get; }

    /// <summary>What it measures, on a node and for many nodes.</summary>
    public required string Meaning { get; init; }

    /// <summary>Whether less of it is a saving, so that a claim may say <c>saved</c>.</summary>
    public bool LowerIsSaving { get; private init; }

    /// <summary>Whether its distribution over nodes is told by quantiles too.</summary>
    public bool HasQuantiles { get; private init; }

    /// <summary>What is summed over nodes; counts are summed per second.</summary>
    public NodeQuantity Numerator { get; }

    /// <summary>What the sum is divided by, or null: then the metric is a total.</summary>
    public NodeQuantity? Denominator { get; }

    /// <summary>What the sum is multiplied by to give <see cref="Unit"/>.</summary>
    public double Scale { get; private init; } = 1;

    /// <summary>Whether the metric is a share in [0, 1] rather than a total.</summary>
    public bool IsShare => Denominator is not null;

    /// <summary>The metric of that name, or null.</summary>
    public static Metric? Find(string name) => All.FirstOrDefault(metric => metric.Name == name);

    /// <summary>The metric of one node under one mechanism; null for a share of nothing.</summary>
    public double? Of(NodeResult node, LaneResult lane)
    {
        var numerator = Numerator.Of(node, lane);
        if (Denominator is { } quantity)
            return quantity.Of(node, lane) is var denominator and not 0 ? (double)numerator / denominator : null;
        return Numerator.IsCount() ? numerator * 1e6 / node.MeasuredMicroseconds * Scale : numerator * Scale;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Units of metrics, as results write them.</summary>
public static class MetricUnit
{
    /// <summary>Bytes.</summary>
    public const string Bytes = "bytes";

    /// <summary>Bytes per second.</summary>
    public const string BytesPerSecond = "bytes/s";

    /// <summary>Pages.</summary>
    public const string Pages = "pages";

    /// <summary>Pages per second.</summary>
    public const string PagesPerSecond = "pages/s";

    /// <summary>Events per second.</summary>
    public const string PerSecond = "1/s";

    /// <summary>Microseconds of CPU time, or of waiting, per second.</summary>
    public const string MicrosecondsPerSecond = "µs/s";

    /// <summary>Shares.</summary>
    public const string One = "1";
}
