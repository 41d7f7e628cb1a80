namespace FleetEstimator.Traces;

/// <summary>Which file of a recording it is.</summary>
public enum SubmittedKind : byte
{
    /// <summary>The trace.</summary>
    Trace,

    /// <summary>The counters that its node's kernel kept meanwhile.</summary>
    Counters,
}

/// <summary>A file of a recording that a study needs where it is simulated.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Path">Where it is for the user who named it; on other machines only for messages.</param>
/// <param name="Digest">SHA-256 of its bytes, 64 lower-case hexadecimal digits.</param>
public sealed record SubmittedFile(SubmittedKind Kind, string Path, string Digest);

/// <summary>Whether a submitted file is still what was submitted.</summary>
/// <param name="Key">Its place in the store.</param>
/// <param name="Problem">What is wrong, or null.</param>
public sealed record VerifiedFile(string Key, string? Problem);
