namespace FleetEstimator.Grains;

/// <summary>Where grains keep their state.</summary>
public static class StudyStorage
{
    /// <summary>Name of the storage provider that a silo must have.</summary>
    public const string Name = "studies";
}
