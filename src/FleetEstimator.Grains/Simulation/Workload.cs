using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Simulation;

/// <summary>
/// A recording ready to be replayed, any number of times side by side: its files one after another, its processes numbered from 0, so that
/// copies can be kept apart by an offset. Immutable; one per silo, shared by all nodes that replay it.
/// </summary>
public sealed class Workload
{
    // A century: sums of times over copies and nodes stay far inside 64 bits.
    private const ulong DurationMax = 100UL * 366 * 24 * 3600 * 1_000_000;

    private readonly List<long> _times = [];
    private readonly List<Operation> _operations = [];

    /// <summary>Prepares a recording.</summary>
    /// <param name="node">Label of the recorded node.</param>
    /// <param name="files">Its trace files in order; at least one. The processes of a file end with it.</param>
    /// <exception cref="TraceException">A file holds only a sample of its node's pages, or is longer than a century.</exception>
    public Workload(string node, IReadOnlyList<Trace> files)
    {
        Node = node;
        PageBytes = files[0].Header.PageSize;
        HasExactTimes = files.All(file => file.Header.IntervalMicroseconds == 0);
        var (recordedPages, recordedBytes) = (0L, 0L);
        foreach (var file in files)
        {
            Append(file);
            foreach (var row in Enumerable.Range(0, file.RowCount).Where(row => file.CompressedSizes[row] > 0 && file.Contents[row] == PageContent.Data))
            {
                recordedPages += file.PageCounts[row];
                recordedBytes += (long)file.PageCounts[row] * file.CompressedSizes[row];
            }
        }

        CompressedPageBytes = recordedPages == 0 ? null : (int)(recordedBytes / recordedPages);
        _times.TrimExcess();
        _operations.TrimExcess();
        ResidentFrames = UnlimitedResidentFrames(out var pages);
        Pages = pages;
        PeakResidentFrames = ResidentFrames.Max(point => point.Frames);
    }

    /// <summary>Label of the recorded node.</summary>
    public string Node { get; }

    /// <summary>Bytes in a page of the recorded machine.</summary>
    public int PageBytes { get; }

    /// <summary>Mean compressed size of the pages of data whose size was recorded, in bytes; null if none was.</summary>
    public int? CompressedPageBytes { get; }

    /// <summary>Number of rows.</summary>
    public int RowCount => _operations.Count;

    /// <summary>Processes that ever lived in it.</summary>
    public uint ProcessCount { get; private set; }

    /// <summary>The last time in it; 0 for a snapshot.</summary>
    public long DurationMicroseconds { get; private set; }

    /// <summary>Whether it holds accesses of which neither load nor store is known.</summary>
    public bool HasUnknownAccesses { get; private set; }

    /// <summary>Whether its times are those of the operations, not of the scan that found them.</summary>
    public bool HasExactTimes { get; }

    /// <summary>Resident frames over time without a limit and without swap: the value from each time on, times ascending, the first 0.</summary>
    public IReadOnlyList<(long TimeMicroseconds, long Frames)> ResidentFrames { get; }

    /// <summary>Greatest of <see cref="ResidentFrames"/>.</summary>
    public long PeakResidentFrames { get; }

    /// <summary>Page table entries that a replay makes room for.</summary>
    public int Pages { get; }

    /// <summary>Time of a row in microseconds since the start of the recording.</summary>
    public long TimeAt(int row) => _times[row];

    /// <summary>The operation of a row, its processes moved up by <paramref name="firstProcess"/>.</summary>
    public Operation OperationAt(int row, uint firstProcess)
    {
        var operation = _operations[row];
        return operation.Kind == OperationKind.Fork
            ? operation with { Process = operation.Process + firstProcess, Page = operation.Page + firstProcess }
            : operation with { Process = operation.Process + firstProcess };
    }

    private void Append(Trace file)
    {
        var (start, firstProcess) = (DurationMicroseconds, ProcessCount);
        for (var process = 0u; process < firstProcess; process++)
            Append(start, new Operation(OperationKind.Exit, process, 0, 1));

        if (file.Header.SamplingFraction < 1)
        {
            throw new TraceException(file.FilePath, null, "sampling_fraction", $"only {file.Header.SamplingFraction:P0} of pages were recorded, which estimates do not cover yet",
                "Leave this recording out of the study");
        }

        if (file.DurationMicroseconds > DurationMax)
        {
            throw new TraceException(file.FilePath, file.RowCount - 1, "time_us", $"it is {file.DurationMicroseconds} µs long, more than {DurationMax}",
                "Count microseconds from the start of the recording");
        }

        var numbers = new Dictionary<uint, uint>();
        for (var row = 0; row < file.RowCount; row++)
        {
            var operation = file[row];
            HasUnknownAccesses |= operation.Kind == OperationKind.Access;
            operation = operation with { Process = Number(operation.Process) };
            if (operation.Kind == OperationKind.Fork)
                operation = operation with { Page = Number((uint)operation.Page) };
            Append(start + (long)file.Times[row], operation);
        }

        ProcessCount += (uint)numbers.Count;
        DurationMicroseconds = start + (long)file.DurationMicroseconds;

        uint Number(uint process)
        {
            if (!numbers.TryGetValue(process, out var number))
                numbers.Add(process, number = firstProcess + (uint)numbers.Count);
            return number;
        }
    }

    private void Append(long time, in Operation operation)
    {
        _times.Add(time);
        _operations.Add(operation);
    }

    private List<(long, long)> UnlimitedResidentFrames(out int pages)
    {
        var simulator = new Simulator([new Simulator.Lane(Mechanism.Linux612)], new NodeSettings());
        var points = new List<(long Time, long Frames)> { (0, 0) };
        for (var row = 0; row < RowCount; row++)
        {
            simulator.Apply(_operations[row]);
            var (time, frames) = (_times[row], simulator.State(0).MappedFrames);
            if (points[^1].Time == time)
                points[^1] = (time, frames);
            else if (points[^1].Frames != frames)
                points.Add((time, frames));
        }

        pages = simulator.PageCapacity;
        return points;
    }
}
