using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>
/// The course of a study, whoever simulates: rounds of nodes until its estimates are as narrow as it asks, then the same nodes once more for every point of its sweep.
/// </summary>
public static class StudyRun
{
    /// <summary>Simulates the nodes of an allocation.</summary>
    /// <param name="part">Of which part of the study, see <see cref="StudyPlan.Part"/>.</param>
    /// <param name="allocation">Which nodes.</param>
    /// <param name="simulated">Which of them have been simulated before; null = none.</param>
    public delegate Task Simulation(int part, NodeAllocation allocation, NodeAllocation? simulated);

    /// <summary>The rows of nodes that were simulated, in order of ordinal.</summary>
    public delegate IAsyncEnumerable<NodeRow> Rows(int part, NodeAllocation allocation);

    /// <summary>Runs a study to its end.</summary>
    /// <returns>The nodes that were simulated, the same of every part.</returns>
    public static async Task<NodeAllocation> Run(StudyPlan plan, Simulation simulate, Rows rows)
    {
        var allocation = SimulationPlanner.First(plan.Study, [.. plan.ClassRecordings.Select(recordings => recordings.Count)]);
        for (NodeAllocation? simulated = null; ;)
        {
            await simulate(0, allocation, simulated);
            if (plan.Study.Simulation is null)
                break;
            var nodes = await SimulatedNodes.Sum(plan.Study, rows(0, allocation));
            if (Next(plan, allocation, nodes) is not { } next)
                break;
            (simulated, allocation) = (allocation, next);
        }

        for (var part = 1; part < plan.PartCount; part++)
            await simulate(part, allocation, simulated: null);
        return allocation;
    }

    private static NodeAllocation? Next(StudyPlan plan, NodeAllocation allocation, SimulatedNodes nodes)
    {
        try
        {
            return SimulationPlanner.Next(plan.Study, allocation, nodes.Sums, plan.Weights);
        }
        catch (Exception exception)
        {
            throw new StudyBrokenException(exception);
        }
    }
}

/// <summary>The nodes of a study can be simulated, but no conclusion be drawn from them: a mistake of the program, which would happen again however often it is tried.</summary>
public sealed class StudyBrokenException(Exception cause) : Exception(NodeFailure.ReasonOf(cause), cause);
