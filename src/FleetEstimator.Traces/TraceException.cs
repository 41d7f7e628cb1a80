namespace FleetEstimator.Traces;

/// <summary>
/// A file that should be a page-content trace, or a pattern that should find some, is not usable. The message names the file, the row, the
/// field, what is wrong and how to mend it; the same facts are properties.
/// </summary>
public sealed class TraceException : Exception
{
    /// <summary>States what is wrong with a file.</summary>
    /// <param name="filePath">The file, or the pattern, as the user gave it.</param>
    /// <param name="row">Row at fault, counted from 0 through all record batches; null when it is not one row.</param>
    /// <param name="field">Column, metadata key or part of the file at fault, or null.</param>
    /// <param name="problem">What is wrong, with the value and the limit; one sentence without the full stop.</param>
    /// <param name="remedy">What to do about it; one sentence without the full stop.</param>
    /// <param name="innerException">What was thrown underneath, or null.</param>
    public TraceException(string filePath, long? row, string? field, string problem, string remedy, Exception? innerException = null)
        : this(filePath, row, null, field, problem, remedy, innerException)
    {
    }

    private TraceException(string filePath, long? row, long? line, string? field, string problem, string remedy, Exception? innerException)
        : base(Describe(filePath, row, line, field, problem, remedy), innerException)
    {
        FilePath = filePath;
        Row = row;
        Line = line;
        Field = field;
        Problem = problem;
        Remedy = remedy;
    }

    /// <summary>The file, or the pattern, as the user gave it.</summary>
    public string FilePath { get; }

    /// <summary>Row at fault, counted from 0 through all record batches; null when it is not one row.</summary>
    public long? Row { get; }

    /// <summary>Line at fault of a text file, counted from 1 as editors do; null when the file is not text, or it is not one line.</summary>
    public long? Line { get; }

    /// <summary>Column, metadata key or part of the file at fault, or null.</summary>
    public string? Field { get; }

    /// <summary>What is wrong, with the value and the limit.</summary>
    public string Problem { get; }

    /// <summary>What to do about it.</summary>
    public string Remedy { get; }

    /// <summary>States what is wrong with a line of a text file.</summary>
    /// <param name="filePath">The file, as the user gave it.</param>
    /// <param name="line">Line at fault, counted from 1.</param>
    /// <param name="field">Field at fault, or null.</param>
    /// <param name="problem">What is wrong, with the value and the limit; one sentence without the full stop.</param>
    /// <param name="remedy">What to do about it; one sentence without the full stop.</param>
    /// <param name="innerException">What was thrown underneath, or null.</param>
    public static TraceException AtLine(string filePath, long line, string? field, string problem, string remedy, Exception? innerException = null) =>
        new(filePath, null, line, field, problem, remedy, innerException);

    private static string Describe(string filePath, long? row, long? line, string? field, string problem, string remedy)
    {
        var where = filePath;
        if (row is { } number)
            where += $", row {number} (the first is 0)";
        if (line is not null)
            where += $", line {line}";
        if (field is not null)
            where += $", {field}";
        return $"{where}: {problem}. {remedy}.";
    }
}
