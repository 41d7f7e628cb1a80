namespace FleetEstimator.Traces.Import;

/// <summary>
/// A file to import is not what its importer reads, or an option of the import does not fit it. The message names file, place, field, problem and
/// remedy; the same facts are properties.
/// </summary>
public sealed class ImportException : Exception
{
    /// <summary>States what is wrong.</summary>
    /// <param name="filePath">The file as the user gave it; empty when it is an option.</param>
    /// <param name="place">Where in the file, such as <c>line 12</c>, or null.</param>
    /// <param name="field">What there, or null.</param>
    /// <param name="problem">What is wrong, with the value and the limit; one sentence without the full stop.</param>
    /// <param name="remedy">What to do about it; one sentence without the full stop.</param>
    /// <param name="innerException">What was thrown underneath, or null.</param>
    public ImportException(string filePath, string? place, string? field, string problem, string remedy, Exception? innerException = null)
        : base($"{string.Join(", ", new[] { filePath, place, field }.Where(part => !string.IsNullOrEmpty(part)))}: {problem}. {remedy}.", innerException)
    {
        FilePath = filePath;
        Place = place;
        Field = field;
        Problem = problem;
        Remedy = remedy;
    }

    /// <summary>The file as the user gave it; empty when it is an option that does not fit.</summary>
    public string FilePath { get; }

    /// <summary>Where in the file, such as <c>line 12</c> (lines count from 1) or <c>byte 4096</c>; null when it is not one place.</summary>
    public string? Place { get; }

    /// <summary>What there, or null.</summary>
    public string? Field { get; }

    /// <summary>What is wrong, with the value and the limit.</summary>
    public string Problem { get; }

    /// <summary>What to do about it.</summary>
    public string Remedy { get; }

    /// <summary>Whether the user's command is at fault, not a file.</summary>
    public bool IsUsage => FilePath.Length == 0;
}
