using System.Diagnostics;
using System.Globalization;

namespace FleetEstimator.Recorder;

/// <summary>
/// DAMON: regions of memory of which the kernel samples one page each, every so often. The page in a region that was hit may be any: all of the region's pages that
/// are there are told as accessed.
/// </summary>
/// <remarks>
/// Where the kernel has it, processes' virtual memory is monitored (vaddr); else the machine's physical memory (paddr), whose regions are found through the
/// pages' frames: neighbours there need not belong together, so that regions say less.
/// </remarks>
internal sealed class DamonSource : AccessSource
{
    // A target needs a scheme of its own; with many processes, physical memory costs less.
    private const int MaxTargets = 32;

    private readonly KernelTree _kernel;
    private readonly DamonSysfs _damon;
    private readonly DamonTiming _timing;
    private readonly PageTable _table = new();
    private readonly IReadOnlyList<(ulong Start, ulong End)> _memory;
    private readonly bool _canMonitorProcesses;
    private readonly List<int> _pids = [];
    private readonly ulong _pageSize = (ulong)Environment.SystemPageSize;
    private int[] _targets = [];
    private Thread? _waiting;
    private volatile IReadOnlyList<DamonRegion[]>? _reported;
    private IReadOnlyList<DamonRegion[]> _regions = [];
    private DamonRegion[] _ofProcess = [];
    private long _scanBegan;
    private TimeSpan _lastScan;

    private DamonSource(KernelTree kernel, DamonSysfs damon, DamonTiming timing, IReadOnlyList<(ulong Start, ulong End)> memory)
    {
        (_kernel, _damon, _timing, _memory) = (kernel, damon, timing, memory);
        _canMonitorProcesses = damon.Operations.Contains("vaddr", StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    internal override string Name => "damon";

    /// <inheritdoc/>
    internal override IReadOnlyDictionary<string, string> Labels => new Dictionary<string, string>
    {
        ["damon.operations"] = _canMonitorProcesses ? "vaddr" : "paddr",
        ["damon.sample_us"] = _timing.SampleMicroseconds.ToString(CultureInfo.InvariantCulture),
        ["damon.aggregation_us"] = _timing.AggregationMicroseconds.ToString(CultureInfo.InvariantCulture),
        ["damon.regions_max"] = _timing.RegionsMax.ToString(CultureInfo.InvariantCulture),
    };

    private bool MonitorsProcesses => _targets.Length > 0;

    /// <summary>Takes DAMON and, if it is to monitor physical memory, starts it.</summary>
    /// <exception cref="RecordingException">It cannot be set up.</exception>
    internal static DamonSource Start(KernelTree kernel, TimeSpan interval)
    {
        var damon = DamonSysfs.Take(kernel, DamonSysfs.DefaultFolder);
        try
        {
            var source = new DamonSource(kernel, damon, DamonTiming.For(interval), SystemMemory(File.ReadLines($"{kernel.Proc}/iomem")));
            if (!source._canMonitorProcesses)
                source.Restart([]);
            return source;
        }
        catch (Exception exception)
        {
            damon.Dispose();
            if (exception is IOException or UnauthorizedAccessException)
                throw new RecordingException(RecordingFailure.NotSupported, $"DAMON cannot be started: {exception.Message} Use --source content.", exception);
            throw;
        }
    }

    /// <summary>The ranges of /proc/iomem that are memory, in bytes.</summary>
    internal static IReadOnlyList<(ulong Start, ulong End)> SystemMemory(IEnumerable<string> lines) =>
    [
        // 00100000-bfffffff : System RAM, and what lies within it indented.
        .. from line in lines
           where line.EndsWith(" : System RAM", StringComparison.Ordinal) && line[0] != ' '
           let ends = line[..line.IndexOf(' ', StringComparison.Ordinal)].Split('-')
           let start = ulong.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
           let end = ulong.Parse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) + 1
           where end - start > 1
           select (start, end),
    ];

    /// <inheritdoc/>
    internal override void BeginScan()
    {
        _scanBegan = Stopwatch.GetTimestamp();
        _regions = Interlocked.Exchange(ref _reported, null) ?? [];
        _pids.Clear();
    }

    /// <inheritdoc/>
    internal override void BeginProcess(int pid, RecordedProcess process, PageMap pageMap, IReadOnlyList<PageRange> mapped)
    {
        _pids.Add(pid);
        if (MonitorsProcesses)
        {
            _ofProcess = Array.IndexOf(_targets, pid) is >= 0 and var target && target < _regions.Count ? _regions[target] : [];
            return;
        }

        _ofProcess = _regions.Count > 0 ? _regions[0] : [];
        if (_ofProcess.Length > 0)
            _table.Open(_kernel, pid);
    }

    /// <inheritdoc/>
    internal override void Ask(PageBatch batch, RecordedProcess process)
    {
        if (_ofProcess.Length == 0)
            return;
        if (!MonitorsProcesses)
            _table.Read(batch);
        for (var index = 0; index < batch.Count; index++)
        {
            if (!batch.HasContent(index))
                continue;
            var page = MonitorsProcesses ? batch.Pages[index] : _table.Frame(index);
            if (page != 0 && Accesses(_ofProcess, page * _pageSize) > SamplesOfOurLooks)
                batch.Uses[index] = PageUse.Accessed;
        }
    }

    /// <inheritdoc/>
    internal override void EndScan()
    {
        _lastScan = Stopwatch.GetElapsedTime(_scanBegan);
        if (_canMonitorProcesses)
        {
            var wanted = _pids.Count <= MaxTargets ? _pids.ToArray() : [];
            if (!wanted.SequenceEqual(_targets) || !_damon.IsOn)
                Restart(wanted);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Stop();
        _damon.Dispose();
        _table.Dispose();
        base.Dispose();
    }

    /// <summary>
    /// DAMON takes the recorder's reading of contents for an access of the page. A scan touches each region in as many of its samples as it lasts, and one more at
    /// the edge: a region counts as accessed only if it was hit more often.
    /// </summary>
    private int SamplesOfOurLooks => 1 + (int)Math.Ceiling(_lastScan.TotalMicroseconds / _timing.SampleMicroseconds);

    /// <summary>Samples in which the region of an address was accessed. Regions are ascending and disjoint.</summary>
    internal static int Accesses(DamonRegion[] regions, ulong address)
    {
        var (low, high) = (0, regions.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (regions[middle].End <= address)
                low = middle + 1;
            else
                high = middle;
        }

        return low < regions.Length && regions[low].Start <= address ? regions[low].Accesses : 0;
    }

    /// <summary>Monitors other processes, or physical memory if there are none.</summary>
    private void Restart(int[] targets)
    {
        Stop();
        _targets = targets;
        if (targets.Length > 0)
            _damon.TurnOn("vaddr", targets, [], _timing);
        else
            _damon.TurnOn("paddr", [], _memory, _timing);
        // The kernel answers once an aggregation has ended, too late for a scan to wait for it.
        _waiting = new Thread(Wait) { IsBackground = true, Name = "DAMON regions" };
        _waiting.Start();

        void Wait()
        {
            while (_damon.WaitForRegions(Math.Max(1, targets.Length)) is { } regions)
                _reported = regions;
        }
    }

    private void Stop()
    {
        _damon.TurnOff();
        _waiting?.Join();
        _reported = null;
    }
}
