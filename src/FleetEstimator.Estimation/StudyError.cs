namespace FleetEstimator.Estimation;

/// <summary>One thing wrong with a study file.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Field">Path of the field, such as <c>classes[1].swap.size</c>; empty for the study as a whole.</param>
/// <param name="Problem">What is wrong, with the value.</param>
/// <param name="Remedy">What to write instead.</param>
public sealed record StudyError(string File, int Line, int Column, string Field, string Problem, string Remedy)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}:{Column}: {(Field.Length == 0 ? "" : Field + ": ")}{Problem}; {Remedy}";
}

/// <summary>A study file that cannot be accepted, with everything found wrong in it: a usage error (exit code 2).</summary>
public sealed class StudyException(IReadOnlyList<StudyError> errors) : Exception(string.Join('\n', errors))
{
    /// <summary>All errors (of very many, the first hundred found), by place in the file; at least one.</summary>
    public IReadOnlyList<StudyError> Errors { get; } = errors;
}
