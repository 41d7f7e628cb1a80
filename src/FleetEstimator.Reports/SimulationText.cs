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
                + (figure.HalfWidth is { } reached ? $"±{FigureFormat.Text(new Interval(reached, null, null), MetricUnit.One, Typography.Page).Value}" : "not known")
                + (figure.Reached ? "" : ", every node simulated and still wider than asked")
                + (figure.RecordingsForWhole is { } needed
                    ? $"; the whole interval, which rests on {VerdictSentence.Counted(figure.Recordings, "recording")}, would be as narrow with about {FigureFormat.Count(needed)}."
                    : "; how many recordings would make the whole interval as narrow cannot be told.")),
    ];
}
