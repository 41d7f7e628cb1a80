using System.Runtime.CompilerServices;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Simulation;

/// <summary>
/// A recording ready to be replayed, any number of times side by side: its files one after another, its processes numbered from 0, so that
/// copies can be kept apart by an offset. Immutable; one per silo, shared by all nodes that replay it (<see cref="WorkloadCache"/>).
/// </summary>
public sealed class Workload
{
    // A century: sums of times over copies and nodes stay far inside 64 bits.
    private const ulong DurationMax = 100UL * 366 * 24 * 3600 * 1_000_000;

    // Files of one node sampled at different fractions are brought to the least of them: with any key, the same every time.
    private const ulong FileKey = 0xbb67ae8584caa73b;

    private readonly List<long> _times = [];
    private readonly List<Operation> _operations = [];

    // For each process its number within its file: a recorder that samples blocks by hash may know a process by it in every file.
    private readonly List<uint> _numbersInFile = [];
    private readonly string _filePath;

    // Of a what-if: the recording as it is, and what is different.
    private readonly Workload? _recorded;
    private readonly WhatIf _whatIf;

    /// <summary>Prepares a recording.</summary>
    /// <param name="node">Label of the recorded node.</param>
    /// <param name="files">Its trace files in order; at least one. The processes of a file end with it.</param>
    /// <exception cref="TraceException">A file is longer than a century, or a run of it than can be replayed.</exception>
    public Workload(string node, IReadOnlyList<Trace> files)
    {
        Node = node;
        _filePath = files[0].FilePath;
        PageBytes = files[0].Header.PageSize;
        HasExactTimes = files.All(file => file.Header.IntervalMicroseconds == 0);
        Share = new PageShare(files.Min(file => file.Header.SamplingFraction));
        foreach (var file in files)
            Append(file);
        (CompressedPageBytes, ResidentFrames, Pages) = Survey();
        PeakResidentFrames = ResidentFrames.Max(point => point.Frames);
    }

    /// <summary>The part of a recording that lies in some of its blocks.</summary>
    private Workload(Workload whole, double kept, PageBlocks.Filter keeps)
    {
        (Node, _filePath, PageBytes, HasExactTimes) = (whole.Node, whole._filePath, whole.PageBytes, whole.HasExactTimes);
        (ProcessCount, DurationMicroseconds, HasUnknownAccesses, _numbersInFile) = (whole.ProcessCount, whole.DurationMicroseconds, whole.HasUnknownAccesses, whole._numbersInFile);
        Share = new PageShare(whole.Share.Value * kept);
        var families = new Families(_numbersInFile);
        for (var row = 0; row < whole.RowCount; row++)
            Append(whole._times[row], whole._operations[row], families, keeps);
        (CompressedPageBytes, ResidentFrames, Pages) = Survey();
        PeakResidentFrames = ResidentFrames.Max(point => point.Frames);
    }

    /// <summary>A recording of which something is taken to be different.</summary>
    private Workload(Workload recorded, WhatIf whatIf)
    {
        (_recorded, _whatIf) = (recorded, whatIf);
        (Node, _filePath, PageBytes, HasExactTimes, Share) = (recorded.Node, recorded._filePath, recorded.PageBytes, recorded.HasExactTimes, recorded.Share);
        (ProcessCount, DurationMicroseconds, _numbersInFile) = (recorded.ProcessCount, recorded.DurationMicroseconds, recorded._numbersInFile);
        (ResidentFrames, PeakResidentFrames, Pages) = (recorded.ResidentFrames, recorded.PeakResidentFrames, recorded.Pages);
        (HasUnknownAccesses, AccessesAreStores) = (recorded.HasUnknownAccesses && whatIf.Loads is null, whatIf.Loads < 1);
        var rows = new WhatIfRows(whatIf, whatIf.ZeroPages is { } share ? new ZeroBlocks(share, recorded.OperationsByFamily(), PageBytes) : null, PageBytes);
        foreach (var (row, (operation, family)) in recorded.OperationsByFamily().Index())
        {
            foreach (var part in rows.Of(row, operation, family))
                Append(recorded._times[row], part);
        }

        TrimExcess();
        CompressedPageBytes = MeanCompressedBytes();
    }

    /// <summary>Label of the recorded node.</summary>
    public string Node { get; }

    /// <summary>The share of the node's pages that the recording holds.</summary>
    public PageShare Share { get; }

    /// <summary>Bytes in a page of the recorded machine.</summary>
    public int PageBytes { get; }

    /// <summary>Mean compressed size of the pages of data whose size was recorded, in bytes; null if none was.</summary>
    public int? CompressedPageBytes { get; }

    /// <summary>
    /// Memory that it takes, in bytes: 32 a row, and 16 for each change of <see cref="ResidentFrames"/>. What a what-if shares with the recording, to which it refers, is the recording's.
    /// </summary>
    public long Bytes => ((long)_times.Capacity * sizeof(long)) + ((long)_operations.Capacity * Unsafe.SizeOf<Operation>())
        + (_recorded is null ? ((long)_numbersInFile.Capacity * sizeof(uint)) + (ResidentFrames.Count * 2L * sizeof(long)) : 0);

    /// <summary>Number of rows.</summary>
    public int RowCount => _operations.Count;

    /// <summary>Processes that ever lived in it.</summary>
    public uint ProcessCount { get; private set; }

    /// <summary>The last time in it; 0 for a snapshot.</summary>
    public long DurationMicroseconds { get; private set; }

    /// <summary>Whether it holds accesses of which neither load nor store is known.</summary>
    public bool HasUnknownAccesses { get; private set; }

    /// <summary>Whether an access of which only the fact is known is a store that leaves the content as it is, under whatever assumption: a what-if has decided which are.</summary>
    public bool AccessesAreStores { get; }

    /// <summary>Whether its times are those of the operations, not of the scan that found them.</summary>
    public bool HasExactTimes { get; }

    /// <summary>
    /// Resident frames over time without a limit and without swap: the value from each time on, times ascending, the first 0. Of a what-if too as recorded, so that it has as
    /// many copies on a node, under the same limit.
    /// </summary>
    public IReadOnlyList<(long TimeMicroseconds, long Frames)> ResidentFrames { get; }

    /// <summary>Greatest of <see cref="ResidentFrames"/>.</summary>
    public long PeakResidentFrames { get; }

    /// <summary>Page table entries that a replay makes room for.</summary>
    public int Pages { get; }

    /// <summary>Different blocks of 2 MiB in which the recording has pages: the sample size of a recording that holds only a share of them.</summary>
    public int CountBlocks()
    {
        var blocks = new HashSet<(uint, ulong)>();
        foreach (var (operation, family) in OperationsByFamily())
        {
            foreach (var block in PageBlocks.Of(operation, PageBytes))
                blocks.Add((family, block));
        }

        return blocks.Count;
    }

    /// <summary>One half of the recording's blocks, as a sample that is half as large: half 0 or 1 of a random split, from 0 to <see cref="PageBlocks.Splits"/> - 1.</summary>
    public Workload Half(int split, int half) => Sampled(0.5, PageBlocks.Half(split, half));

    /// <summary>What the recording would be, had only a share of its blocks been recorded: another sample for each key.</summary>
    public Workload Sampled(double share, ulong key) => Sampled(share, PageBlocks.Sample(share, key));

    /// <summary>The recording with something taken to be different; itself if nothing is.</summary>
    public Workload With(WhatIf whatIf) => whatIf.IsNone ? this : new(this, whatIf);

    /// <summary>The error of a recording that cannot stand for its node.</summary>
    public TraceException Unusable(string field, string problem, string remedy) => new(_filePath, null, field, problem, remedy);

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

    // A what-if of a sample is made from the sample, as that of the whole is from the whole.
    private Workload Sampled(double share, PageBlocks.Filter keeps) => _recorded is null ? new(this, share, keeps) : new(new Workload(_recorded, share, keeps), _whatIf);

    private IEnumerable<(Operation Operation, uint Family)> OperationsByFamily()
    {
        var families = new Families(_numbersInFile);
        foreach (var operation in _operations)
            yield return (operation, families.Of(operation));
    }

    private void Append(Trace file)
    {
        var (start, firstProcess) = (DurationMicroseconds, ProcessCount);
        for (var process = 0u; process < firstProcess; process++)
            Append(start, new Operation(OperationKind.Exit, process, 0, 1));

        file.RequireReplayable();
        if (file.DurationMicroseconds > DurationMax)
        {
            throw new TraceException(file.FilePath, file.RowCount - 1, "time_us", $"it is {file.DurationMicroseconds} µs long, more than {DurationMax}",
                "Count microseconds from the start of the recording");
        }

        var kept = Share.Value / file.Header.SamplingFraction;
        var keeps = kept < 1 ? PageBlocks.Sample(kept, FileKey) : null;
        var families = new Families(_numbersInFile);
        var numbers = new Dictionary<uint, uint>();
        for (var row = 0; row < file.RowCount; row++)
        {
            var operation = file[row];
            HasUnknownAccesses |= operation.Kind == OperationKind.Access;
            operation = operation with { Process = Number(operation.Process) };
            if (operation.Kind == OperationKind.Fork)
                operation = operation with { Page = Number((uint)operation.Page) };
            Append(start + (long)file.Times[row], operation, families, keeps);
        }

        ProcessCount += (uint)numbers.Count;
        DurationMicroseconds = start + (long)file.DurationMicroseconds;

        uint Number(uint process)
        {
            if (!numbers.TryGetValue(process, out var number))
            {
                numbers.Add(process, number = firstProcess + (uint)numbers.Count);
                _numbersInFile.Add(number - firstProcess);
            }

            return number;
        }
    }

    private void Append(long time, in Operation operation, Families families, PageBlocks.Filter? keeps)
    {
        if (keeps is null)
        {
            Append(time, operation);
            return;
        }

        foreach (var part in PageBlocks.Kept(operation, families.Of(operation), keeps, PageBytes))
            Append(time, part);
    }

    private void Append(long time, in Operation operation)
    {
        _times.Add(time);
        _operations.Add(operation);
    }

    private (int? CompressedPageBytes, IReadOnlyList<(long, long)> ResidentFrames, int Pages) Survey()
    {
        TrimExcess();
        var frames = UnlimitedResidentFrames(out var pages);
        return (MeanCompressedBytes(), frames, pages);
    }

    private void TrimExcess()
    {
        _times.TrimExcess();
        _operations.TrimExcess();
    }

    private int? MeanCompressedBytes()
    {
        var (recordedPages, recordedBytes) = (0L, 0L);
        foreach (var operation in _operations)
        {
            if (operation.CompressedBytes == 0 || operation.Content != PageContent.Data)
                continue;
            recordedPages += operation.Pages;
            recordedBytes += (long)operation.Pages * operation.CompressedBytes;
        }

        return recordedPages == 0 ? null : (int)(recordedBytes / recordedPages);
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
        points.TrimExcess();
        return points;
    }

    /// <summary>Which process, by its number within its file, each process descends from by forks.</summary>
    private sealed class Families(IReadOnlyList<uint> numbersInFile)
    {
        private readonly Dictionary<uint, uint> _forked = [];

        /// <summary>The family of an operation's process. To be asked for every operation in order.</summary>
        public uint Of(in Operation operation)
        {
            if (!_forked.TryGetValue(operation.Process, out var family))
                family = numbersInFile[(int)operation.Process];
            if (operation.Kind == OperationKind.Fork)
                _forked[(uint)operation.Page] = family;
            return family;
        }
    }
}
