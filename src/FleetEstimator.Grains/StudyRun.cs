using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>
/// The course of a study, whoever simulates: rounds of nodes until its estimates are as narrow as it asks, then the same nodes once more for every point of its sweep.
/// </summary>
public static class StudyRun
{
    /// <summary>Simulates the nodes of an allocation; those simulated before need not be again.</summary>
    /// <param name="plan">The study.</param>
    /// <param name="allocation">Which nodes.</param>
    /// <param name="stage">What is being done, for progress; null for the study itself.</param>
    public delegate Task<SimulatedNodes> Simulation(StudyPlan plan, NodeAllocation allocation, string? stage);

    /// <summary>Runs a study to its end.</summary>
    public static async Task<StudyOutcome> Run(StudyPlan plan, Simulation simulate)
    {
        var allocation = SimulationPlanner.First(plan.Study, [.. plan.ClassRecordings.Select(recordings => recordings.Count)]);
        SimulatedNodes nodes;
        for (; ; )
        {
            nodes = await simulate(plan, allocation, stage: null);
            if (plan.Study.Simulation is null || SimulationPlanner.Next(plan.Study, allocation, StudyResults.Accumulate(plan.Study, nodes), plan.Weights) is not { } next)
                break;
            allocation = next;
        }

        var points = new List<SimulatedPoint>();
        foreach (var point in plan.Study.Sweep)
        {
            var changed = await simulate(plan.Of(point), allocation, $"{point.Parameter} = {point.Value}");
            points.Add(new SimulatedPoint(StudyResults.Accumulate(point.Study, changed), changed.Failed));
        }

        return new StudyOutcome(allocation, nodes, points);
    }
}
