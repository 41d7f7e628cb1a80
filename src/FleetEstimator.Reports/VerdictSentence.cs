using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>The result in one sentence: what the mechanism with the largest estimated saving of memory does for the fleet, and from how much data.</summary>
internal static class VerdictSentence
{
    private static readonly string[] Traffic = ["swap_out", "swap_in", "major_faults"];

    public static string Of(Findings findings, Typography typography)
    {
        var result = findings.Result;
        if (findings.Leading is not { } mechanism)
        {
            return findings.Compared.Count == 0
                ? $"This study has no mechanism to compare with {result.Baseline}: the levels below say what the fleet spends under it, {Basis(result)}."
                : $"What {string.Join(" or ", findings.Compared)} would save against {result.Baseline} cannot be said: {MissingReason(findings)}.";
        }

        var subject = findings.Compared.Count == 1
            ? $"Against {result.Baseline}, {mechanism}"
            : $"Of {findings.Compared.Count} mechanisms compared with {result.Baseline}, {mechanism} has the largest estimate: it";
        return $"{subject} {Memory(findings, mechanism, typography)}{Consequences(findings, mechanism, typography)}; {Basis(result)}.";
    }

    /// <summary>How much was recorded and simulated.</summary>
    public static string Basis(StudyResult result) =>
        $"estimated from {Counted(result.Recordings.Count, "recording")} replayed on {Counted(result.SimulatedNodes, "simulated node")} "
        + $"for a fleet of {Counted(result.Nodes, "node")}";

    /// <summary>A number with its noun, such as <c>1 node</c> or <c>40,000 nodes</c>.</summary>
    public static string Counted(long number, string noun) => $"{FigureFormat.Count(number)} {noun}{(number == 1 ? "" : "s")}";

    private static string Memory(Findings findings, string mechanism, Typography typography)
    {
        var estimate = findings.Difference(EstimateScope.Fleet, "memory_mean", mechanism)!;
        var saved = estimate.Saved!;
        var text = FigureFormat.Text(saved, estimate.Unit, typography);
        var interval = $"{Percentage.ToText(estimate.Level)} interval {text.Range}";
        var shares = string.Join(" and ", new[]
        {
            Share(estimate, "the fleet's memory", typography),
            Share(findings.Difference(EstimateScope.Fleet, "rss_mean", mechanism), "its RSS", typography),
        }.OfType<string>());
        var part = shares.Length == 0 ? "" : ", " + shares;
        return Savings.Kind(saved) switch
        {
            SavingKind.Saving => $"saves {text.Value} of memory ({interval}){part}",
            SavingKind.Cost => $"saves nothing: it takes {FigureFormat.For(saved, estimate.Unit, typography).Value(-saved.Value)} more memory (saving {interval})",
            SavingKind.None => "changes memory not at all",
            SavingKind.Unclear => $"is estimated to save {text.Value} of memory{part}, but the {interval} includes no saving at all",
            _ => $"is estimated to save {text.Value} of memory{part}, with no interval ({Sentences.Inside(estimate.Reason)})",
        };
    }

    private static string? Share(Estimate? estimate, string of, Typography typography) =>
        estimate?.SavedShare is { Value: not null } share ? $"{FigureFormat.Text(share, MetricUnit.One, typography).Value} of {of}" : null;

    private static string Consequences(Findings findings, string mechanism, Typography typography)
    {
        List<string> avoided = [], added = [], unclear = [];
        foreach (var metric in Traffic)
        {
            if (findings.Difference(EstimateScope.Fleet, metric, mechanism) is not { Saved: { Value: not null } saved } estimate)
                continue;
            var noun = MetricWording.Of(metric).Share;
            var format = FigureFormat.For(saved, estimate.Unit, typography);
            // "12 faults/s" of major faults says the noun twice.
            string Amount(double? value) => metric == "major_faults" ? format.Value(value).Replace("faults", "major faults", StringComparison.Ordinal) : $"{format.Value(value)} of {noun}";
            var (list, text) = Savings.Kind(saved) switch
            {
                SavingKind.Cost => (added, Amount(-saved.Value)),
                SavingKind.Unclear or SavingKind.None => (unclear, noun),
                SavingKind.Unknown when saved.Value < 0 => (added, Amount(-saved.Value)),
                SavingKind.Unknown when saved.Value == 0 => (unclear, noun),
                _ => (avoided, Amount(saved.Value)),
            };
            list.Add(text);
        }

        var parts = new[] { Listed("avoids ", avoided), Listed("adds ", added), Listed("shows no clear change of ", unclear) }.OfType<string>().ToArray();
        return parts.Length == 0 ? "" : "; it " + Sentences.And(parts);
    }

    private static string? Listed(string verb, List<string> things) => things.Count == 0 ? null : verb + Sentences.And(things);

    private static string MissingReason(Findings findings) => Sentences.Inside(findings.Compared
        .Select(mechanism => findings.Difference(EstimateScope.Fleet, "memory_mean", mechanism)?.Reason)
        .FirstOrDefault(reason => reason is not null));
}

/// <summary>Small grammar.</summary>
internal static class Sentences
{
    /// <summary>A list with commas and an and.</summary>
    public static string And(IReadOnlyList<string> things) =>
        things.Count < 2 ? string.Concat(things) : $"{string.Join(", ", things.SkipLast(1))} and {things[^1]}";

    /// <summary>A reason as part of another sentence: without its full stop.</summary>
    public static string Inside(string? reason) => reason is null ? "the result gives no reason" : reason.TrimEnd('.', ' ');
}
