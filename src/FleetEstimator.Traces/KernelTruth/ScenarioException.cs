namespace FleetEstimator.Traces.KernelTruth;

/// <summary>A file of scenarios is not usable. The message names the file, the line, the operation, what is wrong and how to mend it.</summary>
public sealed class ScenarioException : Exception
{
    /// <summary>States what is wrong with a scenario.</summary>
    /// <param name="filePath">The file, as the user gave it.</param>
    /// <param name="line">Line of the file, counted from 1, or null.</param>
    /// <param name="operation">The operation as it is written, with its place, or another part of the scenario, or null.</param>
    /// <param name="problem">What is wrong, with the value and the limit; one sentence without the full stop.</param>
    /// <param name="remedy">What to do about it; one sentence without the full stop.</param>
    /// <param name="innerException">What was thrown underneath, or null.</param>
    public ScenarioException(string filePath, int? line, string? operation, string problem, string remedy, Exception? innerException = null)
        : base(Describe(filePath, line, operation, problem, remedy), innerException)
    {
        FilePath = filePath;
        Line = line;
        Operation = operation;
        Problem = problem;
        Remedy = remedy;
    }

    /// <summary>The file, as the user gave it.</summary>
    public string FilePath { get; }

    /// <summary>Line of the file, counted from 1, or null.</summary>
    public int? Line { get; }

    /// <summary>The operation as it is written, with its place, or another part of the scenario, or null.</summary>
    public string? Operation { get; }

    /// <summary>What is wrong, with the value and the limit.</summary>
    public string Problem { get; }

    /// <summary>What to do about it.</summary>
    public string Remedy { get; }

    private static string Describe(string filePath, int? line, string? operation, string problem, string remedy)
    {
        var where = filePath;
        if (line is { } number)
            where += $", line {number}";
        if (operation is not null)
            where += $", {operation}";
        return $"{where}: {problem}. {remedy}.";
    }
}
