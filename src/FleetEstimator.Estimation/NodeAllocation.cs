namespace FleetEstimator.Estimation;

/// <summary>Which nodes of a fleet are simulated: of each class the first so many. Nodes of a class differ by chance only, so any of them are a sample of all.</summary>
/// <param name="NodesOfClass">Simulated nodes of each class, in the order of the study.</param>
public sealed record NodeAllocation(IReadOnlyList<long> NodesOfClass)
{
    /// <summary>Nodes in all.</summary>
    public long Nodes => NodesOfClass.Sum();

    /// <summary>Every node of the fleet.</summary>
    public static NodeAllocation All(StudyDefinition study) => new([.. study.Classes.Select(@class => (long)@class.Nodes)]);
}
