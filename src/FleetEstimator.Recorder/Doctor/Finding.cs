namespace FleetEstimator.Recorder;

/// <summary>What a finding of <see cref="Doctor"/> is about.</summary>
public enum FindingArea
{
    /// <summary>Looking at processes' memory at all.</summary>
    Recording,

    /// <summary>Telling which pages are accessed, best source first.</summary>
    AccessSources,

    /// <summary>Whose memory can be recorded.</summary>
    Targets,

    /// <summary>What a backtest compares the model with, and which settings it replays under.</summary>
    Backtesting,

    /// <summary>What can be made here for <c>fleet-estimator import</c>.</summary>
    Importing,
}

/// <summary>Whether something is there.</summary>
public enum FindingState
{
    /// <summary>It can be used.</summary>
    Yes,

    /// <summary>It can be used for some of what it is for.</summary>
    Partly,

    /// <summary>It cannot be used.</summary>
    No,

    /// <summary>A setting, neither good nor bad.</summary>
    Info,
}

/// <summary>One thing that this kernel and user offer, or do not.</summary>
/// <param name="Area">What it is about.</param>
/// <param name="Name">Short name; within its area the only one.</param>
/// <param name="State">Whether it is there.</param>
/// <param name="Detail">What was found, or why not; never empty.</param>
/// <param name="Remedy">What would have to be switched on; null if nothing is missing or nothing would help.</param>
public sealed record Finding(FindingArea Area, string Name, FindingState State, string Detail, string? Remedy = null);

/// <summary>What this kernel and user offer.</summary>
/// <param name="KernelRelease">uname -r.</param>
/// <param name="CanRecord">Whether <c>record</c> can look at processes of this user at all.</param>
/// <param name="WouldChoose">The source that <c>record --source auto</c> takes; null if nothing can be recorded.</param>
/// <param name="Findings">By area, in a fixed order.</param>
public sealed record DoctorReport(string KernelRelease, bool CanRecord, string? WouldChoose, IReadOnlyList<Finding> Findings);
