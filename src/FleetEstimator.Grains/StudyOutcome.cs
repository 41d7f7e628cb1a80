using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>What simulating a study came to, wherever it was done: what its report is made from.</summary>
/// <param name="Allocation">Which nodes were simulated, the same of every part.</param>
/// <param name="Parts">The study itself, then every point of its sweep, in order: sums only, since a study may have a million nodes and hundreds of points.</param>
/// <param name="Rows">The nodes themselves.</param>
public sealed record StudyOutcome(NodeAllocation Allocation, IReadOnlyList<SimulatedNodes> Parts, StudyRun.Rows Rows)
{
    /// <summary>The results of the nodes of the study itself, in order of class and node.</summary>
    public IAsyncEnumerable<NodeResult> Nodes => Rows(0, Allocation).Where(row => row.Result is not null).Select(row => row.Result!);

    /// <summary>Sums up the rows of a study that has ended.</summary>
    /// <exception cref="InvalidOperationException">Rows are missing, which must not be.</exception>
    public static async Task<StudyOutcome> Read(StudyPlan plan, NodeAllocation allocation, StudyRun.Rows rows)
    {
        var parts = new List<SimulatedNodes>();
        for (var part = 0; part < plan.PartCount; part++)
        {
            var nodes = await SimulatedNodes.Sum(plan.Part(part).Study, rows(part, allocation));
            if (nodes.Sums.Nodes + nodes.Failed.Count != allocation.Nodes)
            {
                throw new InvalidOperationException(
                    $"Of {allocation.Nodes} nodes {nodes.Sums.Nodes} have a result and {nodes.Failed.Count} failed: results were lost. Remove the study and run it again.");
            }

            parts.Add(nodes);
        }

        return new(allocation, parts, rows);
    }
}

/// <summary>What the nodes of one part of a study came to.</summary>
/// <param name="Sums">Sums over the nodes simulated to the end.</param>
/// <param name="Failed">The nodes that could not be simulated, in order.</param>
public sealed record SimulatedNodes(FleetAccumulator Sums, IReadOnlyList<NodeFailure> Failed)
{
    /// <summary>Sums up rows.</summary>
    /// <exception cref="StudyBrokenException">A row is not one of this study.</exception>
    public static async Task<SimulatedNodes> Sum(StudyDefinition study, IAsyncEnumerable<NodeRow> rows)
    {
        var (sums, failed) = (new FleetAccumulator(study), new List<NodeFailure>());
        await foreach (var row in rows)
        {
            if (row.Result is { } result)
                Add(sums, result);
            else
                failed.Add(new NodeFailure(row.Ordinal, row.Failure!));
        }

        return new(sums, failed);
    }

    private static void Add(FleetAccumulator sums, NodeResult result)
    {
        try
        {
            sums.Add(result);
        }
        catch (ArgumentException exception)
        {
            throw new StudyBrokenException(exception);
        }
    }
}
