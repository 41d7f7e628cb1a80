using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Simulation;

/// <summary>
/// A recording ready to be replayed, any number of times side by side: its processes are numbered from 0, so that copies can be kept apart
/// by an offset. Immutable; one per silo, shared by all nodes that replay it.
/// </summary>
public sealed class Workload
{
    private readonly Trace _trace;
    private readonly uint[] _processes;

    /// <summary>Prepares a recording.</summary>
    /// <exception cref="TraceException">It holds an operation that the model does not cover yet.</exception>
    public Workload(string node, Trace trace)
    {
        (Node, _trace) = (node, trace);
        _processes = NumberProcesses(trace, out var count);
        ProcessCount = count;
        DurationMicroseconds = (long)trace.DurationMicroseconds;
        ResidentFrames = UnlimitedResidentFrames();
        PeakResidentFrames = ResidentFrames.Max(point => point.Frames);
    }

    /// <summary>Label of the recorded node.</summary>
    public string Node { get; }

    /// <summary>Number of rows.</summary>
    public int RowCount => _trace.RowCount;

    /// <summary>Processes that ever lived in it.</summary>
    public uint ProcessCount { get; }

    /// <summary>The last time in it; 0 for a snapshot.</summary>
    public long DurationMicroseconds { get; }

    /// <summary>Whether it holds accesses of which neither load nor store is known.</summary>
    public bool HasUnknownAccesses { get; private set; }

    /// <summary>Resident frames over time without a limit and without swap: value from each time on, times ascending, the first at or after 0.</summary>
    public IReadOnlyList<(long TimeMicroseconds, long Frames)> ResidentFrames { get; }

    /// <summary>Greatest of <see cref="ResidentFrames"/>.</summary>
    public long PeakResidentFrames { get; }

    /// <summary>Time of a row in microseconds since the start of the recording.</summary>
    public long TimeAt(int row) => (long)_trace.Times[row];

    /// <summary>The operation of a row, its processes moved up by <paramref name="firstProcess"/>.</summary>
    public Operation OperationAt(int row, uint firstProcess)
    {
        var operation = _trace[row];
        return operation.Kind == OperationKind.Fork
            ? operation with { Process = firstProcess + _processes[row], Page = firstProcess + _processes[row + _trace.RowCount] }
            : operation with { Process = firstProcess + _processes[row] };
    }

    /// <summary>Dense number of each row's process, followed by that of each row's forked child (unused elsewhere).</summary>
    private uint[] NumberProcesses(Trace trace, out uint count)
    {
        var numbers = new Dictionary<uint, uint>();
        var processes = new uint[2 * trace.RowCount];
        for (var row = 0; row < trace.RowCount; row++)
        {
            var operation = trace[row];
            Cover(trace, row, operation.Kind);
            processes[row] = Number(operation.Process);
            if (operation.Kind == OperationKind.Fork)
                processes[row + trace.RowCount] = Number((uint)operation.Page);
            else if (operation.Kind == OperationKind.Access)
                HasUnknownAccesses = true;
        }

        count = (uint)numbers.Count;
        return processes;

        uint Number(uint process)
        {
            if (!numbers.TryGetValue(process, out var number))
                numbers.Add(process, number = (uint)numbers.Count);
            return number;
        }
    }

    private static void Cover(Trace trace, int row, OperationKind kind)
    {
        if (!Simulator.Covers(kind))
            throw new TraceException(trace.Path, row, "op", $"operation {kind} is not covered by the paging model yet", "leave this recording out of the study");
    }

    private List<(long, long)> UnlimitedResidentFrames()
    {
        var simulator = new Simulator([new Simulator.Lane(Mechanism.Linux612)], new NodeSettings());
        var points = new List<(long Time, long Frames)> { (0, 0) };
        for (var row = 0; row < RowCount; row++)
        {
            simulator.Apply(OperationAt(row, 0));
            var (time, frames) = (TimeAt(row), simulator.State(0).MappedFrames);
            if (points[^1].Time == time)
                points[^1] = (time, frames);
            else if (points[^1].Frames != frames)
                points.Add((time, frames));
        }

        return points;
    }
}
