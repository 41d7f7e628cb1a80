using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>What simulating a study's nodes came to, wherever it was done.</summary>
/// <param name="Nodes">The nodes simulated to the end, in order of class and node; may be enumerated several times.</param>
/// <param name="Failed">The nodes that could not be simulated, in order.</param>
public sealed record SimulatedNodes(IEnumerable<NodeResult> Nodes, IReadOnlyList<NodeFailure> Failed);

/// <summary>What simulating a study came to: the nodes of the study itself, and of every point of its sweep.</summary>
/// <param name="Allocation">Which nodes were simulated, the same at every point.</param>
/// <param name="Base">The study itself.</param>
/// <param name="Points">The points of its sweep, in order.</param>
public sealed record StudyOutcome(NodeAllocation Allocation, SimulatedNodes Base, IReadOnlyList<SimulatedPoint> Points);

/// <summary>What one point of a sweep came to: sums only, since a study may have hundreds of points.</summary>
/// <param name="Nodes">Sums over the nodes simulated to the end.</param>
/// <param name="Failed">The nodes that could not be simulated, in order.</param>
public sealed record SimulatedPoint(FleetAccumulator Nodes, IReadOnlyList<NodeFailure> Failed);
