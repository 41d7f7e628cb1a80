namespace FleetEstimator.Cli;

/// <summary>Where state is kept that outlives a process, unless the user says where.</summary>
internal static class DataFolder
{
    /// <summary>The default as users read it.</summary>
    public const string DefaultText = "$XDG_STATE_HOME/fleet-estimator, else ~/.local/state/fleet-estimator";

    /// <summary>The default by the XDG Base Directory Specification; without a home, in the folder for temporary files.</summary>
    public static string Default => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state ? state
            : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".local", "state")
            : Path.GetTempPath(),
        "fleet-estimator");
}
