namespace FleetEstimator.Recorder;

/// <summary>Why a recording ended.</summary>
public enum RecordingEnd
{
    /// <summary>The duration asked for was reached.</summary>
    DurationReached,

    /// <summary>No process is left to record.</summary>
    ProcessesEnded,

    /// <summary>The caller cancelled. The trace is complete up to then.</summary>
    Interrupted,
}

/// <summary>What came of a recording.</summary>
public sealed record RecordingSummary
{
    /// <summary>Path of the trace.</summary>
    public required string Output { get; init; }

    /// <summary>Label of the node in the trace.</summary>
    public required string Node { get; init; }

    /// <summary>What told the accesses: the trace's <c>access_source</c>.</summary>
    public required string AccessSource { get; init; }

    /// <summary>Why the recording ended.</summary>
    public required RecordingEnd End { get; init; }

    /// <summary>Rows written.</summary>
    public required long Rows { get; init; }

    /// <summary>Scans made.</summary>
    public required long Scans { get; init; }

    /// <summary>Scans that began late because the one before took longer than the interval.</summary>
    public required long ScansSkipped { get; init; }

    /// <summary>Processes recorded, one after the other or side by side.</summary>
    public required long Processes { get; init; }

    /// <summary>Processes that appeared later and that this user may not read: they are missing from the trace.</summary>
    public required long ProcessesDenied { get; init; }

    /// <summary>Time recorded.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Most resident bytes of any scan: private anonymous pages of all recorded processes, zero page mappings not counted.</summary>
    public required long ResidentBytesPeak { get; init; }

    /// <summary>Most bytes of any scan that were resident or in swap.</summary>
    public required long ResidentOrSwappedBytesPeak { get; init; }

    /// <summary>Pages seen, summed over all scans.</summary>
    public required PageTally PageSightings { get; init; }

    /// <summary>Zero-filled share of the resident pages of all scans; null if there were none.</summary>
    public double? ZeroShareOfResidentPages => ShareOfResident(PageSightings.ZeroPages);

    /// <summary>Share of the resident pages of all scans that repeat one word other than zero; null if there were none.</summary>
    public double? RepeatedShareOfResidentPages => ShareOfResident(PageSightings.RepeatedPages);

    /// <summary>Share of the resident pages of all scans that hold other data; null if there were none.</summary>
    public double? DataShareOfResidentPages => ShareOfResident(PageSightings.DataPages);

    /// <summary>Longest time a scan took.</summary>
    public required TimeSpan LongestScan { get; init; }

    /// <summary>Time all scans took.</summary>
    public required TimeSpan ScanTime { get; init; }

    /// <summary>CPU time, user and system, that this process spent while recording.</summary>
    public required TimeSpan RecorderCpuTime { get; init; }

    /// <summary>How the command started by the recorder ended: its exit code, or 128 + signal. Null without a command, or when it was still running.</summary>
    public int? CommandExitCode { get; init; }

    private double? ShareOfResident(long pages) => PageSightings.ResidentPages == 0 ? null : (double)pages / PageSightings.ResidentPages;
}

/// <summary>How a recording goes, reported after every scan.</summary>
/// <param name="Elapsed">Time since the start.</param>
/// <param name="Scans">Scans made.</param>
/// <param name="Processes">Processes alive in the last scan.</param>
/// <param name="Rows">Rows written.</param>
/// <param name="ResidentBytes">Resident private anonymous bytes in the last scan.</param>
/// <param name="LastScan">Time the last scan took.</param>
/// <param name="Notice">Something the user should know, said once; else null.</param>
public readonly record struct RecordingProgress(
    TimeSpan Elapsed, long Scans, int Processes, long Rows, long ResidentBytes, TimeSpan LastScan, string? Notice = null);
