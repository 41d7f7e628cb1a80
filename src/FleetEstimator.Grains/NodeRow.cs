using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>What became of one node: its result, or why it cannot be simulated.</summary>
/// <param name="Ordinal">Which node, see <see cref="StudyPlan"/>.</param>
/// <param name="Result">What it came to; null if it cannot be simulated.</param>
/// <param name="Failure">Why it cannot be simulated; null if it was.</param>
public sealed record NodeRow(long Ordinal, NodeResult? Result, string? Failure);
