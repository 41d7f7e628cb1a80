namespace FleetEstimator.Recorder;

/// <summary>Why a recording cannot be made. The message names what failed, where, and the remedy.</summary>
public enum RecordingFailure
{
    /// <summary>There is no such process, cgroup or command.</summary>
    NoSuchTarget,

    /// <summary>This user may not look into the process.</summary>
    NotPermitted,

    /// <summary>The kernel lacks something that is asked for: a page map that tells the zero page, or swap to probe with.</summary>
    NotSupported,

    /// <summary>The trace cannot be written.</summary>
    Output,

    /// <summary>An option is out of its range.</summary>
    Options,
}

/// <summary>A recording that cannot be made or continued.</summary>
public sealed class RecordingException : Exception
{
    /// <summary>Says what failed, where, and the remedy.</summary>
    public RecordingException(RecordingFailure failure, string message, Exception? cause = null)
        : base(message, cause) => Failure = failure;

    /// <summary>The kind of failure.</summary>
    public RecordingFailure Failure { get; }
}
