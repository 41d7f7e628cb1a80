using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>How the estimates are made, for readers who have to judge them.</summary>
internal static class Methods
{
    public static IReadOnlyList<string> Of(Findings findings) =>
    [
        "Sampling unit: the recording. Nodes that replay one recording are averaged first; only differences between recordings count as evidence about the fleet, "
            + "however many nodes are simulated.",
        "Strata: the classes. A class's total is its nodes times the mean over its recordings; the fleet is the sum of its classes. A recording that stands for "
            + "several classes makes them err together, and the interval counts that in full.",
        $"Intervals: Student's t at {Percentage.ToText(findings.Result.Level)}, degrees of freedom from the number of recordings (Satterthwaite's for sums of classes), let out on the side of a "
            + "long tail by Hall's correction for skewness; ratios are linearised. With fewer than three recordings in a class no interval is given. Quantiles over nodes: Woodruff's intervals, "
            + "where there are enough recordings for the quantile to lie among them.",
        "Savings: mechanism and baseline replay the same nodes with the same random numbers, so what they have in common cancels out before the interval is taken.",
        "Accesses of unknown kind: every such recording is replayed twice, with all of them as loads and with all as stores. The figure is the middle, the interval spans both intervals.",
        "Simulation apart: where a node starts in its recording is random. That part of the uncertainty is contained in the interval; report.json states it by itself "
            + "(simulation_half_width). Only it shrinks with more simulated nodes; the rest needs more recordings." + Simulation(findings),
        .. PageSampling(findings),
        .. findings.Result.Claims.Count == 0 ? Array.Empty<string>() : ["Claims: " + char.ToLowerInvariant(ClaimText.HowJudged(findings.Result)[0]) + ClaimText.HowJudged(findings.Result)[1..]],
        .. SimulationText.Of(findings.Result) ?? [],
    ];

    private static IEnumerable<string> PageSampling(Findings findings)
    {
        if (findings.Result.Recordings.All(recording => recording.SamplingFraction == 1))
            yield break;
        yield return "Page sampling apart: each sampled recording is replayed with random halves of its blocks; half the difference of two halves shows by how much another sample of pages "
            + "would have moved the figure (standard error, beside the figures as \"of which page sampling\"). It is contained in the intervals, and only a larger share of pages reduces it."
            + (Components(findings) is { } components ? " " + components : "");
    }

    /// <summary>What the uncertainty of the memory that the leading mechanism saves is made of; null if there is none to speak of.</summary>
    public static string? Components(Findings findings)
    {
        if (findings.Leading is not { } mechanism || findings.Difference(EstimateScope.Fleet, "memory_mean", mechanism) is not { Components: { PageSampling: > 0 } parts } estimate)
            return null;
        var named = new (string Name, double? Error)[] { ("between recordings", parts.BetweenRecordings), ("simulation", parts.Simulation), ("page sampling", parts.PageSampling) };
        return $"Standard errors of the memory that {mechanism} saves in the fleet: "
            + string.Join(", ", named.Select(part => $"{part.Name} {(part.Error is { } error ? FigureFormat.Text(new Interval(error, null, null), estimate.Unit, Typography.Page).Value : "not known")}")) + ".";
    }

    // The one comparison that tells a reader which of the two to get more of.
    private static string Simulation(Findings findings)
    {
        if (findings.Leading is not { } mechanism
            || findings.Difference(EstimateScope.Fleet, "memory_mean", mechanism) is not { Low: { } low, High: { } high, SimulationHalfWidth: { } simulation } estimate)
        {
            return "";
        }

        // Each in digits of its own: the part may be far smaller than the whole.
        string Width(double halfWidth) => FigureFormat.Text(new Interval(halfWidth, null, null), estimate.Unit, Typography.Page).Value;
        return $" Here, of the ±{Width((high - low) / 2)} around the memory that {mechanism} saves in the fleet, ±{Width(simulation)} would remain if the recordings were the whole fleet.";
    }
}
