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

    /// <summary>There was no room for more, or writing failed otherwise. The trace is complete up to then.</summary>
    DiskFull,
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

    /// <summary>Scans that began later than asked for to keep the CPU budget.</summary>
    public required long ScansStretched { get; init; }

    /// <summary>Scans that began late because the one before took longer than the interval.</summary>
    public required long ScansSkipped { get; init; }

    /// <summary>Processes recorded, one after the other or side by side.</summary>
    public required long Processes { get; init; }

    /// <summary>Processes that appeared later and that this user may not read: they are missing from the trace.</summary>
    public required long ProcessesDenied { get; init; }

    /// <summary>Time recorded.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Share of the aligned 2 MiB blocks of address space that were recorded. All counts of pages and bytes are of these blocks.</summary>
    public required double SamplingFraction { get; init; }

    /// <summary>CPU budget as a share of one core; null: none.</summary>
    public double? CpuBudget { get; init; }

    /// <summary>Samples in the counters file beside the trace.</summary>
    public required long CounterSamples { get; init; }

    /// <summary>Why no more could be written; null when that is not why the recording ended.</summary>
    public string? OutputFailure { get; init; }

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

    /// <summary>CPU time, user and system, that the recorder spent: while it started, and while it recorded.</summary>
    public required TimeSpan RecorderCpuTime { get; init; }

    /// <summary>The part of <see cref="RecorderCpuTime"/> that starting took, before the first look at anything that is recorded. It is spent once, however long the recording.</summary>
    public required TimeSpan StartCpuTime { get; init; }

    /// <summary>Time, by the clock, that compiling the recorder's own code took in this process, most of it before the second scan; none in a program compiled ahead.</summary>
    public required TimeSpan CompilationTime { get; init; }

    /// <summary><see cref="RecorderCpuTime"/> as a share of one core over the time recorded; null if that is none.</summary>
    public double? RecorderCpuShare => Duration > TimeSpan.Zero ? RecorderCpuTime / Duration : null;

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
