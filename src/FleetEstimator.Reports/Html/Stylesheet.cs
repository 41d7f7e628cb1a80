namespace FleetEstimator.Reports;

/// <summary>Style sheets embedded in the program.</summary>
internal static class Stylesheet
{
    /// <summary>The sheets one after another, on lines of their own.</summary>
    public static string Of(params string[] names) => "\n" + string.Concat(names.Select(Read));

    private static string Read(string name)
    {
        using var stream = typeof(Stylesheet).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
