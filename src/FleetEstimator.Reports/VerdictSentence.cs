using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>The result in one sentence: what the mechanism with the largest estimated saving of memory does for the fleet, and from how much data.</summary>
/// <param name="Lead">Which mechanism.</param>
/// <param name="Headline">What it saves: the part to be seen first.</param>
/// <param name="Rest">By how much that may be off, what else it does, and from how much data.</param>
internal sealed record VerdictSentence(string Lead, string Headline, string Rest)
{
    private static readonly string[] Traffic = ["swap_out", "swap_in", "major_faults"];

    public static VerdictSentence Of(Findings findings, Typography typography)
    {
        var result = findings.Result;
        if (findings.Leading is not { } mechanism)
        {
            return findings.Compared.Count == 0
                ? new("", $"This study has no mechanism to compare with {result.Baseline}", $": the levels below say what the fleet spends under it, {Basis(result)}.")
                : new("", $"What {string.Join(" or ", findings.Compared)} would save against {result.Baseline} cannot be said", $": {MissingReason(findings)}.");
        }

        if (findings.Compared.Count > 1 && findings.Difference(EstimateScope.Fleet, "memory_mean", mechanism)!.Value == 0)
            return new($"Of {findings.Compared.Count} mechanisms compared with {result.Baseline}, ", "none is estimated to save any memory", $"; {Basis(result)}.");
        var lead = findings.Compared.Count == 1
            ? $"Against {result.Baseline}, {mechanism}{(Findings.LosesData(mechanism) ? ", which loses data, " : " ")}"
            : $"Of {findings.Compared.Count} mechanisms compared with {result.Baseline}, {mechanism} has the largest estimate"
                + $"{(findings.Compared.Any(Findings.LosesData) ? " among those that lose no data" : "")}: it ";
        var (headline, doubt) = Memory(findings, mechanism, typography);
        return new(lead, headline, $"{doubt}{Consequences(findings, mechanism, typography)}; {Basis(result)}.");
    }

    /// <inheritdoc/>
    public override string ToString() => Lead + Headline + Rest;

    /// <summary>How much was recorded and simulated.</summary>
    public static string Basis(StudyResult result) =>
        $"estimated from {Counted(result.Recordings.Count, "recording")} replayed on {Counted(result.SimulatedNodes, "simulated node")} "
        + $"for a fleet of {Counted(result.Nodes, "node")}";

    /// <summary>A number with its noun, such as <c>1 node</c> or <c>40,000 nodes</c>.</summary>
    public static string Counted(long number, string noun) => $"{FigureFormat.Count(number)} {noun}{(number == 1 ? "" : "s")}";

    private static (string Headline, string Doubt) Memory(Findings findings, string mechanism, Typography typography)
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
        var cost = FigureFormat.For(saved, estimate.Unit, typography).Value(-saved.Value);
        var noInterval = $", with no interval ({Sentences.Inside(estimate.Reason)})";
        return (Savings.Kind(saved), saved.Value < 0) switch
        {
            (SavingKind.Saving, _) => ($"saves {text.Value} of memory", $" ({interval}){part}"),
            (SavingKind.Cost, _) => ($"costs {cost} of memory", $" instead of saving any (saving {interval})"),
            (SavingKind.None, _) => ("changes nothing about memory", ""),
            (SavingKind.Unclear, false) => ($"is estimated to save {text.Value} of memory", $"{part}, but the {interval} allows for no saving at all"),
            (SavingKind.Unclear, true) => ("is not shown to save memory", $" (estimate {text.Value} saved, {interval})"),
            (_, false) => ($"is estimated to save {text.Value} of memory", part + noInterval),
            (_, true) => ($"is estimated to cost {cost} of memory", noInterval),
        };
    }

    private static string? Share(Estimate? estimate, string of, Typography typography) =>
        estimate?.SavedShare is { Value: not null } share ? $"{FigureFormat.Text(share, MetricUnit.One, typography).Value} of {of}" : null;

    private static string Consequences(Findings findings, string mechanism, Typography typography)
    {
        List<string> avoided = [], added = [], unclear = [], avoidedByEstimate = [], addedByEstimate = [];
        foreach (var metric in Traffic)
        {
            if (findings.Difference(EstimateScope.Fleet, metric, mechanism) is not { Saved: { Value: { } value } saved } estimate)
                continue;
            var wording = MetricWording.Of(metric);
            var amount = wording.Amount(FigureFormat.For(saved, estimate.Unit, typography).Value(Math.Abs(value)));
            var (list, text) = Savings.Kind(saved) switch
            {
                SavingKind.Saving => (avoided, amount),
                SavingKind.Cost => (added, amount),
                SavingKind.Unknown when value > 0 => (avoidedByEstimate, amount),
                SavingKind.Unknown when value < 0 => (addedByEstimate, amount),
                _ => (unclear, wording.Share),
            };
            list.Add(text);
        }

        string[] parts =
        [
            .. Listed("avoids ", avoided), .. Listed("adds ", added), .. Listed("is estimated to avoid ", avoidedByEstimate),
            .. Listed("is estimated to add ", addedByEstimate), .. Listed("does not clearly change ", unclear),
        ];
        return parts.Length == 0 ? "" : "; it " + Sentences.And(parts);
    }

    private static string[] Listed(string verb, List<string> things) => things.Count == 0 ? [] : [verb + Sentences.And(things)];

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
