using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>What simulating a study's nodes came to, wherever it was done.</summary>
/// <param name="Nodes">The nodes simulated to the end, in order of class and node; may be enumerated several times.</param>
/// <param name="Failed">The nodes that could not be simulated, in order.</param>
public sealed record StudyOutcome(IEnumerable<NodeResult> Nodes, IReadOnlyList<NodeFailure> Failed);
