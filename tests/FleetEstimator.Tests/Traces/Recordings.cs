namespace FleetEstimator.Tests.Traces;

/// <summary>The recordings in datasets/, as copied beside the tests.</summary>
internal static class Recordings
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Recordings");

    /// <summary>The file of a recording.</summary>
    public static string PathOf(string name) => Path.Combine(Folder, name + ".arrow");
}
