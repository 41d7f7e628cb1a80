using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Recorder;

/// <summary>One recording of live processes, here and now, into one trace.</summary>
public sealed class RecordingSession : IDisposable
{
    private const int SleepersLookedAtEvery = 10;

    // How often to look whether the processes have ended. Each look takes 50 µs or so of the budget: a recording may end a twentieth, or a second, too late.
    private const double PollShare = 0.05;
    private static readonly TimeSpan _pollIntervalMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _pollIntervalMax = TimeSpan.FromSeconds(1);

    private readonly RecordingOptions _options;
    private readonly string _node;
    private readonly TargetProcesses _target;
    private readonly RecordingOutput _output;
    private readonly CpuBudget _budget;
    private readonly double _fraction;
    private readonly Action<TraceRow> _append;
    private readonly IProgress<RecordingProgress>? _progress;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationToken _cancellation;
    private readonly AccessSource _source;
    private readonly ProcessScan _scan;
    private readonly PageMeasure? _measure;
    private readonly ProcessActivity _activity = new(KernelTree.Live);
    private readonly Stopwatch _clock = new();

    // Recorded processes that are alive, by pid; the order is that of their numbers.
    private readonly List<LiveProcess> _live = [];
    private readonly List<ProcessStat> _found = [];
    private readonly HashSet<(int Pid, ulong StartTicks)> _denied = [];

    private ulong _bootTicksOfLastScan;
    private uint _processes;
    private long _scans;
    private long _lastInterval;
    private long _scansSkipped;
    private long _residentPages;
    private long _residentPagesPeak;
    private long _residentOrSwappedPagesPeak;
    private PageTally _tally;
    private PageTally _sightings;
    private TimeSpan _scanTime;
    private TimeSpan _lastScan;
    private TimeSpan _lastScanBegan;
    private TimeSpan _longestScan;

    private RecordingSession(
        RecordingOptions options, TargetProcesses target, AccessSource source, TraceHeader header, CpuBudget budget, PageMeasure? measure, IProgress<RecordingProgress>? progress, CancellationToken cancellation)
    {
        (_options, _node, _fraction, _target, _source, _budget, _measure, _progress) = (options, header.Node, header.SamplingFraction, target, source, budget, measure, progress);
        _output = RecordingOutput.Create(options.Output, header, new NodeCounters(target.CgroupFolder));
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _cancellation = _stop.Token;
        _append = Append;
        _scan = new ProcessScan(new BlockSample(_fraction, Linux.RandomNumber(), Environment.SystemPageSize), source);
    }

    /// <summary>
    /// Records until the duration is reached, the processes have ended or the caller cancels; the trace is complete in every case. Blocks the calling thread.
    /// A command that it started and that still runs is ended.
    /// </summary>
    /// <param name="options">What to record.</param>
    /// <param name="progress">Told after every scan; may be null.</param>
    /// <param name="cancellation">Ends the recording.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="RecordingException">The recording cannot be made; no trace is left.</exception>
    public static RecordingSummary Run(RecordingOptions options, IProgress<RecordingProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        RequireLinux();
        RequireSwap(options, LinuxMachine.SwapBytes);
        var budget = new CpuBudget(options.CpuBudget, options.Duration, CpuTime, options.StartCpuTime, countsStart: !RuntimeFeature.IsDynamicCodeCompiled);
        var target = TargetProcesses.Open(options.Target);
        using var measure = PageMeasure.Create(options, Environment.SystemPageSize);
        using var source = AccessSources.Open(options, KernelTree.Live);
        if (options.CpuBudget is not null && RuntimeFeature.IsDynamicCodeCompiled)
            Rehearse(options, cancellation);
        budget.EndStart();
        var header = Header(options, target, source, options.SamplingFraction ?? SamplingPilot.ChooseFraction(target, source, measure, budget, options.Interval, CpuTime));
        using var session = new RecordingSession(options, target, source, header, budget, measure, progress, cancellation);
        try
        {
            var end = session.Record();
            var recorded = session.TimeRecorded(end);
            session._output.Complete(Microseconds(recorded));
            return session.Summary(end, recorded);
        }
        finally
        {
            target.End();
        }
    }

    /// <summary>
    /// Records this process for a moment into a file that is thrown away, so that all a recording runs is compiled: the first scan then costs what the others do, and the pilot
    /// measures what scans will cost.
    /// </summary>
    private static void Rehearse(RecordingOptions options, CancellationToken cancellation)
    {
        DirectoryInfo? folder = null;
        try
        {
            folder = Directory.CreateTempSubdirectory("fleet-estimator-");
            _ = Run(
                options with
                {
                    Target = new RecordingTarget.Process(Environment.ProcessId),
                    Output = Path.Combine(folder.FullName, "rehearsal.arrow"),
                    Interval = TimeSpan.FromMilliseconds(1),
                    Duration = TimeSpan.FromMilliseconds(1),
                    Source = AccessSourceKind.Content,
                    SamplingFraction = 1.0 / 16,
                    CpuBudget = null,
                },
                progress: null,
                cancellation);
        }
        catch (Exception exception) when (exception is RecordingException or IOException or UnauthorizedAccessException)
        {
            // What keeps this process from recording itself, such as a full /tmp, keeps it from nothing else: the first scan compiles, and costs that much more.
        }
        finally
        {
            folder?.Delete(recursive: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scan.Dispose();
        _output.Dispose();
        _stop.Dispose();
    }

    private static ulong Microseconds(TimeSpan time) => (ulong)time.Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Rows of the scan that filled the disk are missing: what is whole ends when that scan began.</summary>
    private TimeSpan TimeRecorded(RecordingEnd end) => end == RecordingEnd.DiskFull ? _lastScanBegan : _clock.Elapsed;

    private static TimeSpan CpuTime() => Environment.CpuUsage.TotalTime;

    private RecordingEnd Record()
    {
        _bootTicksOfLastScan = LinuxMachine.BootTicks;
        _target.Start();
        _clock.Start();
        while (true)
        {
            Scan();
            if (WaitForNextScan() is { } end)
                return end;
        }
    }

    /// <summary>One look at every process: at those that are known, then at those that are new, which may have inherited from the known; then some are gone.</summary>
    private void Scan()
    {
        var (begin, bootTicks) = (_clock.Elapsed, LinuxMachine.BootTicks);
        _lastScanBegan = begin;
        var time = Microseconds(begin);
        _budget.BeginScan();
        _output.Sample(time);
        _source.BeginScan();
        _target.Find(_found);
        foreach (var live in _live.TakeWhile(_ => !_cancellation.IsCancellationRequested))
            ScanKnown(live, time);
        // Parents before their children: a fork is written after its parent's rows, and before its parent's end.
        var known = _live.Select(live => (live.Stat.Pid, live.Stat.StartTicks)).Concat(_denied).ToHashSet();
        foreach (var stat in _found.Where(stat => !known.Contains((stat.Pid, stat.StartTicks))).OrderBy(stat => stat.StartTicks).ThenBy(stat => stat.Pid).ToArray())
        {
            if (!_cancellation.IsCancellationRequested)
                ScanNew(stat, time);
        }

        _source.EndScan();
        WriteEnds(time);
        Account(begin);
        _output.EndScan(_clock.Elapsed);
        _bootTicksOfLastScan = bootTicks;
    }

    /// <summary>Waits until the next scan is due; says why there is none, if so.</summary>
    private RecordingEnd? WaitForNextScan()
    {
        if (_output.Failure is not null)
            return RecordingEnd.DiskFull;
        var nextInterval = (long)Math.Floor(_clock.Elapsed / _options.Interval) + 1;
        // The last scan may come early, within an interval that has been counted.
        _scansSkipped += Math.Max(0, nextInterval - _lastInterval - 1);
        var due = _budget.NextScan(_options.Interval * nextInterval, _clock.Elapsed);
        _lastInterval = (long)Math.Floor(due / _options.Interval);
        var isLast = due >= _options.Duration;
        if (_options.Duration is { } duration)
        {
            if (_clock.Elapsed >= duration)
                return RecordingEnd.DurationReached;
            due = isLast ? duration : due;
        }

        while (true)
        {
            if (_cancellation.IsCancellationRequested)
                return RecordingEnd.Interrupted;
            if (HaveAllEnded())
                return RecordingEnd.ProcessesEnded;
            var left = due - _clock.Elapsed;
            if (left <= TimeSpan.Zero)
                return isLast && !_budget.Allows(due) ? RecordingEnd.DurationReached : null;
            var poll = TimeSpan.FromTicks(Math.Clamp((long)(PollShare * _clock.Elapsed.Ticks), _pollIntervalMin.Ticks, _pollIntervalMax.Ticks));
            _ = _cancellation.WaitHandle.WaitOne(left < poll ? left : poll);
        }
    }

    private bool HaveAllEnded()
    {
        if (_target.OutlivesItsProcesses || _live.Exists(live => _scan.Stat(live.Stat.Pid) is { HasEnded: false } now && now.IsSameProcess(in live.Stat)))
            return false;
        // The recorded ones have ended; what they forked since the last scan may live on.
        _target.Find(_found);
        if (_found.Count > 0)
            return false;
        foreach (var live in _live)
            NoteWhetherEnded(live);
        WriteEnds(Microseconds(_clock.Elapsed));
        return true;
    }

    private void NoteWhetherEnded(LiveProcess live)
    {
        live.Now = _scan.Stat(live.Stat.Pid);
        live.HasEnded = live.Now is not { HasEnded: false } now || !now.IsSameProcess(in live.Stat);
    }

    private void WriteEnds(ulong time)
    {
        foreach (var live in _live)
        {
            if (!live.HasEnded)
                continue;
            live.Process.Exit(time, _append);
            _target.Reap(live.Stat);
        }

        _ = _live.RemoveAll(live => live.HasEnded);
    }

    private void ScanKnown(LiveProcess live, ulong time)
    {
        NoteWhetherEnded(live);
        if (live.HasEnded || live.IsLost)
            return;
        var now = live.Now!.Value;
        if (!now.IsSameProgram(in live.Stat))
            live.Process.Exec(time, _append);
        live.Stat = now;
        if (HasSlept(live))
            return;
        if (MayRead(now))
        {
            Look(live, time);
            return;
        }

        NoteWhetherEnded(live);
        if (live.HasEnded)
            return;
        // What it holds from here on is not known: to the trace it holds nothing. It may be about to exit, its memory gone already; its end is still to be told.
        live.Process.Exec(time, _append);
        live.IsLost = true;
    }

    private void ScanNew(ProcessStat stat, ulong time)
    {
        var forkedFrom = stat.ForkedWithoutExec ? FindAncestor(stat) : null;
        // Between vfork and exec a child runs in its parent's memory, which is already recorded.
        if (forkedFrom is { HasEnded: false } && Linux.ShareAddressSpace(stat.Pid, forkedFrom.Stat.Pid))
            return;
        var number = _processes + 1;
        if (!MayRead(stat))
            return;
        // What a process that began since the last scan holds was written since, unless it inherited it from one that is not recorded.
        var isInheritedUnseen = stat.ForkedWithoutExec && forkedFrom is null;
        var newPagesAre = stat.StartTicks >= _bootTicksOfLastScan && !isInheritedUnseen ? OperationKind.Write : OperationKind.Observe;
        var process = forkedFrom is not null
            ? forkedFrom.Process.Fork(number, newPagesAre, time, _append)
            : new RecordedProcess(number, writesSwapOuts: !_source.SwapsPagesOut, _measure) { NewPagesAre = newPagesAre };
        _processes++;
        var live = new LiveProcess(process) { Stat = stat, Now = stat };
        _live.Add(live);
        Look(live, time);
    }

    /// <summary>
    /// The recorded process whose memory a fork inherited: its parent, or who runs in the same layout, when the parent ended before it was seen (a daemon's
    /// double fork). Every exec chooses a layout at random, so that another process has the same one by inheritance only.
    /// </summary>
    private LiveProcess? FindAncestor(ProcessStat stat) =>
        _live.Find(live => live.Stat.Pid == stat.Parent && live.Stat.Layout == stat.Layout) ?? _live.Find(live => live.Stat.Layout == stat.Layout);

    /// <summary>
    /// Whether a process is there and this user may read it. Refused in the first scan, the recording fails, unless it is of a whole node; later (a program with other
    /// rights was started), the process is left out, and that is said.
    /// </summary>
    private bool MayRead(ProcessStat stat)
    {
        try
        {
            using var pageMap = PageMaps.Open(stat.Pid);
            using var memory = ProcessMemory.Open(stat.Pid);
            return pageMap is not null && memory is not null;
        }
        catch (RecordingException exception) when (exception.Failure == RecordingFailure.NotPermitted && (_scans > 0 || _target.MayMissProcesses))
        {
            _ = _denied.Add((stat.Pid, stat.StartTicks));
            Report($"A process is left out of the recording. {exception.Message}");
            return false;
        }
    }

    /// <summary>Whether a process has not run since it was looked at, so that its memory is as it was; some are looked at nevertheless, each every so often.</summary>
    private bool HasSlept(LiveProcess live)
    {
        var before = live.Activity;
        live.Activity = _activity.Digest(in live.Stat);
        if (before is null || live.Activity != before || (_scans + live.Process.Number) % SleepersLookedAtEvery == 0)
            return false;
        _tally.Add(in live.Tally);
        return true;
    }

    private void Look(LiveProcess live, ulong time)
    {
        // What it does during the look counts as done after it.
        live.Activity ??= _activity.Digest(in live.Stat);
        var isAlive = _scan.Scan(in live.Stat, live.Process, time, _append, _cancellation);
        live.Tally = _scan.TakeTally();
        _tally.Add(in live.Tally);
        if (isAlive && !IsLastScan(time))
            _source.Provoke(live.Stat.Pid, live.Process);
        NoteWhetherEnded(live);
    }

    /// <summary>Whether no scan follows.</summary>
    private bool IsLastScan(ulong time) => _cancellation.IsCancellationRequested || time >= _options.Duration?.TotalMicroseconds;

    private void Account(TimeSpan begin)
    {
        var tally = _tally;
        _tally = default;
        tally.Add(_source.TakeTally());
        var took = _clock.Elapsed - begin;
        _scans++;
        _sightings.Add(in tally);
        _residentPagesPeak = Math.Max(_residentPagesPeak, tally.ResidentPages);
        _residentOrSwappedPagesPeak = Math.Max(_residentOrSwappedPagesPeak, tally.ResidentPages + tally.SwappedOutPages);
        _scanTime += took;
        _longestScan = took > _longestScan ? took : _longestScan;
        _residentPages = tally.ResidentPages;
        _lastScan = took;
        Report(notice: null);
    }

    private void Report(string? notice) => _progress?.Report(
        new RecordingProgress(_clock.Elapsed, _scans, _live.Count, _output.Rows, _residentPages * Environment.SystemPageSize, _lastScan, notice));

    private void Append(TraceRow row)
    {
        _output.Append(row);
        if (_output.Failure is not null)
            _stop.Cancel();
    }

    private RecordingSummary Summary(RecordingEnd end, TimeSpan recorded) => new()
    {
        Output = _options.Output,
        Node = _node,
        End = end,
        Rows = _output.Rows,
        CounterSamples = _output.Samples,
        OutputFailure = _output.Failure,
        SamplingFraction = _fraction,
        CpuBudget = _options.CpuBudget,
        Scans = _scans,
        ScansStretched = _budget.Stretched,
        ScansSkipped = _scansSkipped,
        Processes = _processes,
        ProcessesDenied = _denied.Count,
        Duration = recorded,
        ResidentBytesPeak = _residentPagesPeak * Environment.SystemPageSize,
        ResidentOrSwappedBytesPeak = _residentOrSwappedPagesPeak * Environment.SystemPageSize,
        PageSightings = _sightings,
        LongestScan = _longestScan,
        ScanTime = _scanTime,
        AccessSource = _source.Name,
        RecorderCpuTime = _budget.Used,
        StartCpuTime = _budget.Start,
        StartCounts = !RuntimeFeature.IsDynamicCodeCompiled,
        CompilationTime = System.Runtime.JitInfo.GetCompilationTime(),
        CommandExitCode = _target.ExitCode,
    };

    private static void RequireLinux()
    {
        if (!OperatingSystem.IsLinux())
            throw new RecordingException(RecordingFailure.NotSupported, "Recording reads /proc, which only Linux has. Record on Linux; traces can be studied anywhere.");
    }

    /// <summary>Refuses what a machine with that much swap, in bytes, cannot do.</summary>
    internal static void RequireSwap(RecordingOptions options, long swapBytes)
    {
        if (options.Source == AccessSourceKind.PageOut && swapBytes == 0)
            throw new RecordingException(
                RecordingFailure.NotSupported,
                "Probing by page-out needs swap, and this machine has none (/proc/swaps). Set some up, for instance zram, or record without probing.");
    }

    private static TraceHeader Header(RecordingOptions options, TargetProcesses target, AccessSource source, double fraction)
    {
        var labels = new Dictionary<string, string> { ["target"] = target.Kind };
        if (target.Command is { } command)
            labels["command"] = command;
        if (LinuxMachine.HugePages is { } hugePages)
            labels["thp"] = hugePages;
        if (options.CpuBudget is { } budget)
            labels["cpu_budget"] = budget.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in source.Labels.Concat(options.Labels))
            labels[name] = value;
        var version = typeof(RecordingSession).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        return new TraceHeader
        {
            PageSize = Environment.SystemPageSize,
            RecordedAt = DateTimeOffset.UtcNow,
            Recorder = $"fleet-estimator {version}",
            KernelRelease = LinuxMachine.KernelRelease,
            Node = options.Node ?? $"node-{Linux.RandomNumber() & 0xffffffffffff:x12}",
            MemoryBytes = LinuxMachine.MemoryBytes,
            SwapBytes = LinuxMachine.SwapBytes,
            AccessSource = source.Name,
            IntervalMicroseconds = (long)options.Interval.TotalMicroseconds,
            SamplingFraction = fraction,
            Fingerprint = PageMeasure.FingerprintName(options),
            Codec = PageMeasure.CodecName(options),
            Labels = labels,
        };
    }

    /// <summary>A recorded process that is alive, as far as is known.</summary>
    private sealed class LiveProcess(RecordedProcess process)
    {
        public RecordedProcess Process { get; } = process;

        /// <summary>Its stat at the last scan.</summary>
        public required ProcessStat Stat;

        /// <summary>Its stat now; null if it is gone.</summary>
        public ProcessStat? Now;

        /// <summary>What it had done before it was looked at; null if that is not known.</summary>
        public ulong? Activity;

        /// <summary>What the last look at it saw.</summary>
        public PageTally Tally;

        public bool HasEnded;

        /// <summary>It lives, and may no longer be read.</summary>
        public bool IsLost;
    }
}
