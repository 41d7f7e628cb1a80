using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>What reports call a metric.</summary>
/// <param name="Metric">Its name.</param>
/// <param name="Title">As a heading or row.</param>
/// <param name="Share">What a saved share of it is a share of; the mechanism's name follows.</param>
public sealed record MetricWording(string Metric, string Title, string Share)
{
    /// <summary>What a mechanism is meant to save, in the order reports show it.</summary>
    public static IReadOnlyList<MetricWording> Savings { get; } =
    [
        new("memory_mean", "Memory", "memory"),
        new("rss_mean", "RSS", "RSS"),
        new("swap_out", "Swap-out traffic", "swap-out traffic"),
        new("swap_in", "Swap-in traffic", "swap-in traffic"),
        new("major_faults", "Major faults", "major faults"),
    ];

    /// <summary>What right-sizing looks for.</summary>
    public static MetricWording SmallestLimit { get; } = new("smallest_limit", "Smallest memory limit", "smallest memory limits");

    /// <summary>What it may cost.</summary>
    public static IReadOnlyList<MetricWording> Costs { get; } =
    [
        new("minor_faults", "Minor faults", "minor faults"),
        new("cpu", "CPU time on paging", "CPU time on paging"),
        new("fault_time", "Time in page faults", "time in page faults"),
        new("swap_hidden_mean", "Pages hidden from swap accounting", "pages hidden from swap accounting"),
    ];

    /// <summary>The rest, shown as levels only.</summary>
    public static IReadOnlyList<MetricWording> Others { get; } =
    [
        new("memory_peak", "Memory, sum of peaks", "sum of memory peaks"),
        new("rss_peak", "RSS, sum of peaks", "sum of RSS peaks"),
        new("zero_swap_out", "Zero-filled pages handled at swap-out", "zero-filled pages handled at swap-out"),
        new("zero_swap_in", "Zero-filled pages handled at swap-in", "zero-filled pages handled at swap-in"),
        new("swap_slots_mean", "Swap slots in use", "swap slots in use"),
    ];

    /// <summary>Shares of zero-filled pages, each of its own denominator.</summary>
    public static IReadOnlyList<MetricWording> ZeroFilledShares { get; } =
    [
        new("zero_filled_share/resident_pages", "of resident pages", "resident pages, over time"),
        new("zero_filled_share/swapped_out_pages", "of pages swapped out", "pages swapped out, written or handled as zeros"),
        new("zero_filled_share/swapped_in_pages", "of pages swapped in", "pages swapped in, read or handled as zeros"),
    ];

    /// <summary>The wording of a metric; of an unknown one, its name.</summary>
    public static MetricWording Of(string metric) =>
        Savings.Append(SmallestLimit).Concat(Costs).Concat(Others).Concat(ZeroFilledShares).FirstOrDefault(wording => wording.Metric == metric) ?? new(metric, metric, metric);

    /// <summary>As the head of a narrow column.</summary>
    public string ShortTitle => Title.EndsWith(" traffic", StringComparison.Ordinal) ? Title[..^" traffic".Length] : Title;

    /// <summary>A figure with its noun: <c>1.2 TiB of memory</c>, but <c>300 major faults/s</c>.</summary>
    public string Amount(string figure)
    {
        const string faults = "faults/s";
        return figure.EndsWith(faults, StringComparison.Ordinal) ? $"{figure[..^faults.Length]}{Share}/s" : $"{figure} of {Share}";
    }

    /// <summary>What is done to it when less of it is a saving: memory is saved, events and traffic are avoided.</summary>
    public string Verb => Metric is "memory_mean" or "rss_mean" ? "saved" : Metric is "smallest_limit" ? "freed" : "avoided";

    /// <summary>The claim as people say it, such as <c>Memory saved &gt; 2%</c>.</summary>
    public static string Claim(ClaimResult claim)
    {
        var wording = Of(claim.Metric);
        return ZeroFilledShares.Contains(wording) ? $"Zero-filled share {wording.Title} {claim.Is}" : $"{wording.Title} {claim.Is}";
    }

    /// <summary>What a claimed figure is a figure of: the denominator of a share, or what is summed.</summary>
    public static string Denominator(ClaimResult claim)
    {
        var wording = Of(claim.Metric);
        if (Estimation.Metric.Find(claim.Metric) is { IsShare: true })
            return "of " + wording.Share;
        return (claim.Unit, claim.Against) switch
        {
            (MetricUnit.One, { } against) => $"of the {wording.Share} under {against}",
            (_, { } against) => $"of {wording.Share} saved against {against}",
            _ => "of " + wording.Share,
        };
    }
}
