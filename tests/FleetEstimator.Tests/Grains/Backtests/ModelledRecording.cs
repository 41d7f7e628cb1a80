using System.Globalization;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Tests.Grains.Backtests;

/// <summary>
/// A recording of a node whose kernel is the model itself: random accesses under a memory limit, what the model swapped out as the recorder would have seen it after each, and
/// the counters that the model kept. A backtest of it has no error.
/// </summary>
internal sealed class ModelledRecording
{
    public const int PageBytes = 4096;
    public const int LimitPages = 1000;
    public const long OtherBytes = 10 << 20;

    private const uint Process = 1;
    private const ulong FirstPage = 1 << 20;
    private const int Pages = 4000;
    private const int Steps = 8000;
    private const int StepsPerSample = 100;
    private const ulong StepMicroseconds = 10_000;

    private readonly Simulator _kernel;
    private readonly Random _random = new(7);
    private string _before = new('.', Pages);

    public ModelledRecording(NodeSettings settings) => _kernel = new Simulator([new Simulator.Lane(Mechanism.Linux612)], settings);

    public static NodeSettings Zram { get; } = new() { SwapDevice = SwapDevice.Zram, SwapPages = 1 << 20, FlushWindowMicroseconds = 0 };

    /// <summary>Whether the trace says what the limit is.</summary>
    public bool HasLimitRow { get; init; } = true;

    /// <summary>Whether the counters have a cgroup with that limit.</summary>
    public bool HasCgroup { get; init; }

    /// <summary>Anonymous memory of that cgroup that is not in the trace, such as copied-on-write pages of programs.</summary>
    public long UnrecordedAnonymousBytes { get; init; }

    /// <summary>Whether the cgroup has that limit as memory.high, and as much again before memory.max is reached.</summary>
    public bool IsLimitedByHigh { get; init; }

    /// <summary>Whether a probing recorder pages everything out after each step, instead of a limit.</summary>
    public bool IsPerturbed { get; init; }

    /// <summary>Share of the 2 MiB blocks that the trace has, from the first on.</summary>
    public double SamplingFraction { get; init; } = 1;

    /// <summary>Pages of an access. Of several, one can leave and come back within the access, which no recorder sees.</summary>
    public ushort PagesAtOnce { get; init; } = 1;

    /// <summary>What the trace says of the content behind accesses: only that there was one.</summary>
    public bool HidesKindOfAccess { get; init; }

    /// <summary>Runs the node; writes the trace and its counters beside it.</summary>
    public void Write(string path, IReadOnlyDictionary<string, string>? settings = null, string node = "modelled")
    {
        using var trace = TraceWriter.Create(path, new TraceHeader
        {
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = "test",
            KernelRelease = "6.12.0",
            Node = node,
            MemoryBytes = 1L << 30,
            SwapBytes = 1L << 32,
            AccessSource = "exact",
            SamplingFraction = SamplingFraction,
            Labels = IsPerturbed ? new Dictionary<string, string> { ["perturbed"] = "yes" } : [],
        });
        using var counters = CounterFileWriter.Create(CounterFile.PathBeside(path), new CounterHeader
        {
            Node = node,
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = "test",
            KernelRelease = "6.12.0",
            PageSize = PageBytes,
            MemoryBytes = 1L << 30,
            SwapBytes = 1L << 32,
            Settings = settings ?? Settings("zram", 0),
        });
        Do(trace, 0, new Operation(OperationKind.Map, Process, FirstPage, Pages));
        if (!IsPerturbed)
            _kernel.Apply(new Operation(OperationKind.Limit, 0, 0, LimitPages));
        if (HasLimitRow && !IsPerturbed)
            trace.Append(new TraceRow(0, new Operation(OperationKind.Limit, 0, 0, LimitPages)));
        counters.Append(Sample(0));
        for (var step = 1; step <= Steps; step++)
        {
            var time = (ulong)step * StepMicroseconds;
            Do(trace, time, RandomAccess());
            if (step % StepsPerSample == 0)
                counters.Append(Sample(time));

            // After the counters are read at the beginning of a scan, and what it saw is written.
            if (IsPerturbed)
                _kernel.PageOutAll();
        }

        trace.Complete();
        counters.Complete();
    }

    public static Dictionary<string, string> Settings(string device, int pageCluster) => new()
    {
        ["swap.0.device"] = device,
        ["swap.0.priority"] = "100",
        ["page_cluster"] = pageCluster.ToString(CultureInfo.InvariantCulture),
        ["lru_gen"] = "0x0007",
        ["swappiness"] = "60",
        ["zswap"] = "N",
        ["thp"] = "never",
    };

    /// <summary>Half of all accesses go to a tenth of the pages; a third of the stores are zeros.</summary>
    private Operation RandomAccess()
    {
        var page = FirstPage + (ulong)_random.Next(_random.Next(2) == 0 ? Pages / 10 : Pages - PagesAtOnce);
        return _random.Next(3) == 0
            ? new Operation(OperationKind.Read, Process, page, PagesAtOnce)
            : new Operation(OperationKind.Write, Process, page, PagesAtOnce, _random.Next(3) == 0 ? PageContent.Zero : PageContent.Data);
    }

    private void Do(TraceWriter trace, ulong time, Operation operation)
    {
        _kernel.AdvanceTo((long)time);
        _kernel.Apply(operation);
        if (operation.Kind == OperationKind.Map)
        {
            trace.Append(new TraceRow(time, operation));
            return;
        }

        Append(trace, time, HidesKindOfAccess ? operation with { Kind = OperationKind.Access } : operation);
        var after = _kernel.PageTable(0, Process, FirstPage, Pages);
        for (var page = 0; page < Pages && !IsPerturbed; page++)
        {
            if (_before[page] is 'P' or 'C' && after[page] is 'S' or 'c')
                Append(trace, time, new Operation(OperationKind.ObservedSwapOut, Process, FirstPage + (ulong)page, 1));
        }

        _before = after;
    }

    /// <summary>Writes a row of one page, if the sample has it.</summary>
    private void Append(TraceWriter trace, ulong time, Operation operation)
    {
        const ulong blockPages = 512;
        if ((operation.Page - FirstPage) / blockPages * blockPages < Pages * SamplingFraction)
            trace.Append(new TraceRow(time, operation));
    }

    private CounterSample Sample(ulong time)
    {
        var counters = _kernel.Counters(0);
        var anonymous = (_kernel.State(0).MappedFrames * PageBytes) + UnrecordedAnonymousBytes;
        var swapCache = _kernel.State(0).UnmappedCacheFrames * PageBytes;
        var limit = (LimitPages * (long)PageBytes) + UnrecordedAnonymousBytes + OtherBytes;
        return new CounterSample
        {
            TimeMicroseconds = time,
            Vmstat = new Dictionary<string, long>
            {
                // Counters since boot: the kernel was not born with the recording.
                ["pswpin"] = 1_000_000 + counters.SwapIns,
                ["pswpout"] = 2_000_000 + counters.SwapOuts,
                ["swpin_zero"] = 30_000 + counters.ZeroSwapIns,
                ["swpout_zero"] = 40_000 + counters.ZeroSwapOuts,
                ["swap_ra"] = counters.ReadAheads,
                ["swap_ra_hit"] = counters.ReadAheadHits,
            },
            Cgroups = HasCgroup
                ? new Dictionary<string, IReadOnlyDictionary<string, long>>
                {
                    ["web"] = new Dictionary<string, long>
                    {
                        ["anon"] = anonymous,
                        ["current"] = anonymous + swapCache + OtherBytes,
                        ["high"] = limit,
                        ["max"] = IsLimitedByHigh ? 2 * limit : limit,
                    },
                }
                : null,
        };
    }
}
