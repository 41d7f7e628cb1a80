namespace FleetEstimator.Estimation;

/// <summary>What makes two studies the same study.</summary>
public static class StudyIdentity
{
    /// <summary>Digest of the canonical form.</summary>
    public static string Digest(StudyDefinition study) => throw new NotSupportedException("The canonical form is not written yet: " + study.Name);
}
