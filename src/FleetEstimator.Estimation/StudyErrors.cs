namespace FleetEstimator.Estimation;

/// <summary>Collects the errors of one study file, so that the user sees all of them at once (of a file that is no study at all, the first hundred).</summary>
internal sealed class StudyErrors(string file)
{
    private const int Most = 100;

    private readonly List<StudyError> _errors = [];

    public int Count => _errors.Count;

    public void Add(int line, int column, string field, string problem, string remedy)
    {
        if (_errors.Count < Most)
            _errors.Add(new StudyError(file, line, column, field, problem, remedy));
    }

    public void Add(YamlValue at, string field, string problem, string remedy) => Add(at.Line, at.Column, field, problem, remedy);

    /// <summary>Throws the errors by place in the file, if there are any.</summary>
    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
            throw Exception();
    }

    /// <summary>The errors by place in the file.</summary>
    public StudyException Exception() => new([.. _errors.OrderBy(error => error.Line).ThenBy(error => error.Column)]);
}
