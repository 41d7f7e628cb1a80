using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>What sampling of nodes reached, as every report says it.</summary>
internal static class SimulationText
{
    /// <summary>How many nodes were simulated, how narrow that made the figures asked for, and what recordings would still be needed; null if every node was simulated.</summary>
    public static IReadOnlyList<string>? Of(StudyResult result) => result.Simulation is not { } outcome ? null :
    [
        $"{FigureFormat.Count(result.SimulatedNodes)} of {VerdictSentence.Counted(result.Nodes, "node")} were simulated ("
            + string.Join(", ", result.Classes.Select(@class => $"{@class.Name} {FigureFormat.Count(@class.SimulatedNodes)} of {FigureFormat.Count(@class.Nodes)}"))
            + $"), to make the simulation's own part of the fleet's interval ±{Percentage.ToText(outcome.HalfWidth)} or less.",
        .. outcome.Figures.Select(figure =>
            $"{MetricWording.Of(figure.Metric).Title} under {figure.Mechanism}: "
                + (figure.HalfWidth is { } reached ? $"±{FigureFormat.Text(new Interval(reached, null, null), MetricUnit.One, Typography.Page).Value}" : "not known, since no recording is replayed by nodes that can be compared")
                + (figure.LeftOut.Count == 0 || figure.HalfWidth is null ? "" : $", without what {string.Join(", ", figure.LeftOut)} may add, whose recordings are replayed by one node each")
                + (figure.Reached || figure.HalfWidth is null ? "" : ", every node simulated and still wider than asked")
                + (figure.RecordingsForWhole is { } needed
                    ? $"; for the whole interval, which rests on {VerdictSentence.Counted(figure.Recordings, "recording")}, to be ±{Percentage.ToText(outcome.HalfWidth)} it would take about {FigureFormat.Count(needed)}."
                    : "; how many recordings that would take for the whole interval cannot be told.")),
    ];
}
