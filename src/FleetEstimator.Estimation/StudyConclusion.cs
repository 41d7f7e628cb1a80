using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>Puts the result of a study together.</summary>
public static class StudyConclusion
{
    /// <summary>The result of a study whose nodes have all been simulated or have failed.</summary>
    /// <param name="study">The study.</param>
    /// <param name="recordings">Its recordings, in the order in which <see cref="NodeResult.Recording"/> counts them.</param>
    /// <param name="nodes">The nodes that were simulated.</param>
    /// <param name="failedNodes">The nodes that could not be.</param>
    /// <param name="sweep">For each point of the study's sweep, in order, the same nodes, and why some of them could not be simulated, one reason for each.</param>
    /// <param name="weights">What recordings count for within their class.</param>
    public static StudyResult Conclude(
        StudyDefinition study,
        IReadOnlyList<RecordingSummary> recordings,
        FleetAccumulator nodes,
        IReadOnlyList<FailedNode> failedNodes,
        IReadOnlyList<(FleetAccumulator Nodes, IReadOnlyList<string> Failures)> sweep,
        SelectionWeights weights)
    {
        var estimates = nodes.Finish(study, weights);
        var classes = study.Classes.Select((@class, index) => (@class.Name, index)).ToDictionary(entry => entry.Name, entry => entry.index, StringComparer.Ordinal);
        return new StudyResult
        {
            Study = study.Name,
            StudyDigest = StudyIdentity.Digest(study),
            Seed = study.Seed,
            Level = study.Level,
            Nodes = study.Nodes,
            SimulatedNodes = nodes.Nodes,
            Recordings = recordings,
            Classes = estimates.Classes,
            Mechanisms = study.Mechanisms,
            Baseline = study.Baseline,
            Estimates = estimates.Estimates,
            Quantiles = estimates.Quantiles,
            Claims = estimates.Claims,
            Simulation = estimates.Simulation,
            Sweep = [.. study.Sweep.Zip(sweep, (point, changed) => SweepResult.Of(study, nodes, point, changed.Nodes, changed.Failures, weights))],
            Costs = [.. Cost.All.Select(cost => new CostUsed(cost.Key, cost.Meaning, cost.Of(study.Costs), cost.SourceIn(study.Costs), cost.IsDefaultIn(study.Costs)))],
            Assumptions = Assumptions.Of(study, recordings),
            Warnings = [
                .. Assumptions.Doubts(study, recordings, estimates.Classes, nodes.Nodes, failedNodes),
                .. estimates.Warnings,
                .. study.Sweep.Zip(sweep).Where(pair => pair.Second.Failures.Count > 0).Select(pair =>
                    $"Sweep, {pair.First.Parameter} = {pair.First.Value}: {pair.Second.Failures.Count} of {pair.Second.Failures.Count + pair.Second.Nodes.Nodes} nodes could not be simulated so "
                        + $"({string.Join("; ", pair.Second.Failures.Distinct().Order(StringComparer.Ordinal).Take(3))})"
                        + (pair.Second.Nodes.Nodes == 0 ? "." : "; its figures rest on the others.")),
            ],
            FailedNodes = [.. failedNodes.OrderBy(node => classes.GetValueOrDefault(node.Class, int.MaxValue)).ThenBy(node => node.Node)],
        };
    }
}
