using System.Numerics;

namespace FleetEstimator.Traces;

/// <summary>
/// The time of a recording cut into windows: one a scan where it was recorded by scans, otherwise windows of equal length. Charts join 2^<see cref="ColumnShift"/>
/// of them to a column.
/// </summary>
internal sealed class TimeWindows
{
    /// <summary>Most windows: three decades of window lengths.</summary>
    public const int WindowsMax = 1024;

    /// <summary>Most columns of a chart.</summary>
    public const int ColumnsMax = 128;

    private readonly ulong[] _ends;

    private TimeWindows(ulong[] ends)
    {
        _ends = ends;
        while (((ends.Length - 1) >> ColumnShift) + 1 > ColumnsMax)
            ColumnShift++;
    }

    /// <summary>Number of windows, at least 1.</summary>
    public int Count => _ends.Length;

    /// <summary>How many times windows can be joined in pairs until one is left.</summary>
    public int Levels => BitOperations.Log2((uint)Count) + 1;

    /// <summary>A column of a chart is the windows whose numbers agree but for this many lowest bits.</summary>
    public int ColumnShift { get; }

    /// <summary>Columns of a chart.</summary>
    public int Columns => ((Count - 1) >> ColumnShift) + 1;

    /// <summary>The last microsecond that belongs to a window.</summary>
    public ulong EndOf(int window) => _ends[window];

    /// <summary>The last microsecond that belongs to a column.</summary>
    public ulong EndOfColumn(int column) => _ends[Math.Min(Count, (column + 1) << ColumnShift) - 1];

    /// <summary>Cuts the time of a trace. Without duration there is one window.</summary>
    public static TimeWindows Of(Trace trace) => Of(trace.Times, trace.Header.IntervalMicroseconds);

    /// <summary>Cuts the time up to the last of <paramref name="times"/>, which do not decrease; with an interval between scans above 0 at the scans.</summary>
    public static TimeWindows Of(ReadOnlySpan<ulong> times, long intervalMicroseconds)
    {
        var duration = times.IsEmpty ? 0 : times[^1];
        if (duration == 0)
            return new([0]);
        return intervalMicroseconds > 0 && Scans(times, (ulong)intervalMicroseconds) is { } scans ? new(scans) : new(Equal(duration, (int)Math.Min(duration, WindowsMax)));
    }

    // A scan of many processes takes a while; what follows within half an interval belongs to it. What the first scan finds was accessed before the recording:
    // it belongs to the window that ends with the second. Null if there are more scans than windows may be.
    private static ulong[]? Scans(ReadOnlySpan<ulong> times, ulong interval)
    {
        var ends = new List<ulong>();
        var began = 0UL;
        foreach (var time in times)
        {
            if (ends.Count == 0 && time <= interval / 2)
                continue;
            if (ends.Count == 0 || time - began > interval / 2)
            {
                if (ends.Count == WindowsMax)
                    return null;
                ends.Add(time);
                began = time;
            }
            else
            {
                ends[^1] = time;
            }
        }

        return ends.Count > 0 ? [.. ends] : [times[^1]];
    }

    private static ulong[] Equal(ulong duration, int count)
    {
        var ends = new ulong[count];
        for (var window = 0; window < count; window++)
            ends[window] = (ulong)((UInt128)duration * (ulong)(window + 1) / (ulong)count);
        return ends;
    }
}
