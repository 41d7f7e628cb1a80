namespace FleetEstimator.Recorder;

/// <summary>Where the kernel's files are.</summary>
/// <param name="Root">What stands before /proc and /sys: nothing, or the folder of a made-up machine in a test.</param>
internal sealed record KernelTree(string Root = "")
{
    /// <summary>This machine.</summary>
    internal static KernelTree Live { get; } = new();

    internal string Proc => $"{Root}/proc";

    internal string Sys => $"{Root}/sys";

    /// <summary>A file's text without the white space around it; null if it is not there or may not be read.</summary>
    internal static string? Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
