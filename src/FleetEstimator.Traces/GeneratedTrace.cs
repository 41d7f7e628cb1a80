namespace FleetEstimator.Traces;

/// <summary>How a trace that was generated says so.</summary>
public static class GeneratedTrace
{
    /// <summary>The label of every generated trace, the metadata key without <c>label.</c>; its value is the program that generated it.</summary>
    public const string Label = "generated";

    /// <summary>The access source of a generated trace.</summary>
    public const string AccessSource = "synthetic";
}
