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
    // Each needs a scheme of its own. Of more processes, DAMON tells nothing; contents still do.
    private const int MaxTargets = 32;

    private readonly KernelTree _kernel;
    private readonly DamonSysfs _damon;
    private readonly DamonTiming _timing;
    private readonly bool _ofProcesses;
    private readonly PageTable _table = new();
    private readonly List<int> _pids = [];
    private readonly ulong _pageSize = (ulong)Environment.SystemPageSize;
    private int[] _targets = [];
    private Thread? _waiting;
    private readonly Lock _lock = new();
    private List<IReadOnlyList<DamonRegion[]>> _reported = [];
    private List<IReadOnlyList<DamonRegion[]>> _reports = [];
    private DamonRegion[][] _ofProcess = [];
    private long _scanBegan;
    private TimeSpan _lastScan;

    private DamonSource(KernelTree kernel, DamonSysfs damon, DamonTiming timing, bool ofProcesses) =>
        (_kernel, _damon, _timing, _ofProcesses) = (kernel, damon, timing, ofProcesses);

    /// <inheritdoc/>
    internal override string Name => "damon";

    /// <inheritdoc/>
    internal override IReadOnlyDictionary<string, string> Labels => new Dictionary<string, string>
    {
        ["damon.operations"] = _ofProcesses ? "vaddr" : "paddr",
        ["damon.sample_us"] = _timing.SampleMicroseconds.ToString(CultureInfo.InvariantCulture),
        ["damon.aggregation_us"] = _timing.AggregationMicroseconds.ToString(CultureInfo.InvariantCulture),
        ["damon.regions_max"] = _timing.RegionsMax.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Takes DAMON and, if it is to monitor physical memory, starts it.</summary>
    /// <param name="kernel">Where its files are.</param>
    /// <param name="interval">Time from scan to scan.</param>
    /// <param name="ofProcesses">Whether to monitor processes' memory, if the kernel can, rather than the machine's.</param>
    /// <param name="orElsePhysical">Whether the machine's memory will do where the kernel cannot.</param>
    /// <exception cref="RecordingException">It cannot be set up.</exception>
    internal static DamonSource Start(KernelTree kernel, TimeSpan interval, bool ofProcesses, bool orElsePhysical)
    {
        var damon = DamonSysfs.Take(kernel, DamonSysfs.DefaultFolder);
        try
        {
            var canMonitorProcesses = damon.Operations.Contains("vaddr", StringComparer.Ordinal);
            if (!canMonitorProcesses && !orElsePhysical)
                throw new RecordingException(RecordingFailure.NotSupported, "This kernel's DAMON monitors physical memory only. It needs CONFIG_DAMON_VADDR; or use --source damon-paddr.");
            var source = new DamonSource(kernel, damon, DamonTiming.For(interval), ofProcesses && canMonitorProcesses);
            if (!source._ofProcesses)
            {
                damon.TurnOn("paddr", [], SystemMemory(File.ReadLines($"{kernel.Proc}/iomem")), source._timing);
                source.BeginWaiting(1);
            }

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
        lock (_lock)
            (_reports, _reported) = (_reported, []);
        _pids.Clear();
    }

    /// <inheritdoc/>
    internal override void BeginProcess(int pid, RecordedProcess process, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded)
    {
        _pids.Add(pid);
        var target = _ofProcesses ? Array.IndexOf(_targets, pid) : 0;
        _ofProcess = target < 0 ? [] : [.. _reports.Select(report => report[target])];
        if (!_ofProcesses && _ofProcess.Length > 0)
            _table.Open(_kernel, pid);
    }

    /// <inheritdoc/>
    internal override void Ask(PageBatch batch, RecordedProcess process)
    {
        if (_ofProcess.Length == 0)
            return;
        if (!_ofProcesses)
            _table.Read(batch);
        for (var index = 0; index < batch.Count; index++)
        {
            if (!batch.HasContent(index))
                continue;
            var page = _ofProcesses ? batch.Pages[index] : _table.Frame(index);
            if (page != 0 && Array.Exists(_ofProcess, regions => Accesses(regions, page * _pageSize) > SamplesOfOurLooks))
                batch.Uses[index] = PageUse.Accessed;
        }
    }

    /// <inheritdoc/>
    internal override void EndScan()
    {
        _lastScan = Stopwatch.GetElapsedTime(_scanBegan);
        if (!_ofProcesses)
            return;
        // A process that slept is not looked at, and is monitored all the same.
        int[] wanted = [.. _targets.Where(pid => Directory.Exists($"{_kernel.Proc}/{pid}")).Union(_pids).Take(MaxTargets)];
        // The kernel thread, and with it our waiting one, ends with its last process.
        if (!wanted.SequenceEqual(_targets) || (wanted.Length > 0 && _waiting is not { IsAlive: true }))
            Monitor(wanted);
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

    /// <summary>Monitors other processes from here on.</summary>
    private void Monitor(int[] pids)
    {
        Stop();
        _targets = [];
        if (pids.Length == 0)
            return;
        try
        {
            _damon.TurnOn("vaddr", pids, [], _timing);
        }
        catch (IOException) when (!Array.TrueForAll(pids, pid => Directory.Exists($"{_kernel.Proc}/{pid}")))
        {
            // One of them ended just now: the next scan tries again without it.
            return;
        }

        _targets = pids;
        BeginWaiting(pids.Length);
    }

    /// <summary>The kernel answers once an aggregation has ended, too late for a scan to wait for it.</summary>
    private void BeginWaiting(int targets)
    {
        _waiting = new Thread(Wait) { IsBackground = true, Name = "DAMON regions" };
        _waiting.Start();

        void Wait()
        {
            while (_damon.WaitForRegions(targets) is { } regions)
            {
                lock (_lock)
                    _reported.Add(regions);
            }
        }
    }

    private void Stop()
    {
        _damon.TurnOff();
        _waiting?.Join();
        _waiting = null;
        _reported.Clear();
    }
}
