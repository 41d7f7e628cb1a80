namespace FleetEstimator.Recorder;

/// <summary>
/// Keeps the recorder's CPU time within a share of one core by making scans wait. What the start took, and the first look at everything, is paid back evenly over
/// the next minute; after that an interval is at least the CPU time of the scan before divided by the share. Of a program that is compiled as it starts, the start is
/// told apart instead: it would leave a recording of a minute no room for a second scan.
/// </summary>
/// <param name="share">CPU time per time recorded, above 0; null: no budget.</param>
/// <param name="duration">How long will be recorded; null if that is not known.</param>
/// <param name="cpuTime">CPU time of this process, user and system.</param>
/// <param name="before">CPU time used before that belongs to the start.</param>
/// <param name="countsStart">Whether the start counts.</param>
internal sealed class CpuBudget(double? share, TimeSpan? duration, Func<TimeSpan> cpuTime, TimeSpan before = default, bool countsStart = true)
{
    private static readonly TimeSpan _payback = TimeSpan.FromMinutes(1);

    // The last scan shall not fail for a little that it takes more than the one before.
    private const double LastScanReserve = 1.5;

    private TimeSpan _origin = cpuTime() - before;
    private TimeSpan _used;
    private TimeSpan _cost;

    /// <summary>CPU time that counts.</summary>
    internal TimeSpan Used => cpuTime() - _origin;

    /// <summary>CPU time that was used when <see cref="EndStart"/> was called.</summary>
    internal TimeSpan Start { get; private set; }

    /// <summary>Scans that began later than asked for.</summary>
    internal long Stretched { get; private set; }

    /// <summary>CPU time of one scan that keeps the budget at an interval; null: no budget.</summary>
    internal TimeSpan? PerScan(TimeSpan interval) => share * interval;

    /// <summary>CPU time of one scan with which two, the first at twice the cost, use up what is left; null for a recording without an end or a budget.</summary>
    internal TimeSpan? PerScanOfTwo => ((share * duration) - Used) / 3;

    /// <summary>What was used up to now was the program's start.</summary>
    internal void EndStart()
    {
        Start = Used;
        if (!countsStart)
            _origin += Start;
    }

    /// <summary>Begins to count what a scan takes: what was used up to now is not part of it.</summary>
    internal void BeginScan() => _used = Used;

    /// <summary>A scan has ended: when the next one may begin that is due at <paramref name="due"/>. Times since the start of the recording.</summary>
    internal TimeSpan NextScan(TimeSpan due, TimeSpan now)
    {
        var used = Used;
        _cost = used - _used;
        if (share is not { } part)
            return due;
        // Far enough to see the end come before the scan that would use up what the last one needs.
        var horizon = now + Max(_payback, 2 * _cost / part);
        var end = duration is { } known && known < horizon ? known : horizon;
        var left = (part * end) - used - (end == duration ? LastScanReserve * _cost : TimeSpan.Zero);
        var rate = end > now ? Math.Min(part, left / (end - now)) : 0;
        // In debt so deep that a minute does not pay it back: wait until it is paid.
        var next = rate > part / 100 ? now + (_cost / rate) : (used + _cost) / part;
        if (next <= due)
            return due;
        Stretched++;
        return next;
    }

    /// <summary>Whether another scan, at <paramref name="time"/>, keeps the budget.</summary>
    internal bool Allows(TimeSpan time) => share is not { } part || Used + _cost <= part * time;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
