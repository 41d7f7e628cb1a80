namespace FleetEstimator.Estimation;

/// <summary>The JSON schema (draft 2020-12) of study files, for editors. <see cref="StudyReader"/> is what decides; tests keep the two in step.</summary>
public static class StudySchema
{
    /// <summary>The schema's text.</summary>
    public static string Text { get; } = Load();

    private static string Load()
    {
        using var stream = typeof(StudySchema).Assembly.GetManifestResourceStream("study.schema.json")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
