using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using FleetEstimator.Recorder.Calibration;

namespace FleetEstimator.Recorder;

/// <summary>A region that DAMON reports: addresses [<paramref name="Start"/>, <paramref name="End"/>) in bytes, and in how many samples of the last aggregation it was accessed.</summary>
internal readonly record struct DamonRegion(ulong Start, ulong End, int Accesses);

/// <summary>
/// DAMON's administration in sysfs (Documentation/admin-guide/mm/damon/usage.rst): one kernel thread, one context, and for each target a scheme that does nothing but
/// report regions. It is one user's at a time, and taken only when nobody's monitoring runs. The journal takes it back after kill -9.
/// </summary>
internal sealed class DamonSysfs : IDisposable
{
    /// <summary>Where the journal is, beside that of calibration.</summary>
    internal const string DefaultFolder = UndoJournal.DefaultFolder + "/damon";

    // Since regions are reported, the lock of all of DAMON's files is held for up to two aggregations.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(8);
    private static readonly Version _firstWithRegions = new(6, 2);

    private readonly ProcFile _file = new();
    private readonly string _thread;
    private readonly UndoJournal _journal;

    private DamonSysfs(string thread, UndoJournal journal) => (_thread, _journal) = (thread, journal);

    private string Context => $"{_thread}/contexts/0";

    /// <summary>The operations sets this kernel has: vaddr, fvaddr, paddr.</summary>
    internal string[] Operations => Read($"{Context}/avail_operations").Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether the kernel thread runs.</summary>
    internal bool IsOn => Read($"{_thread}/state") == "on";

    /// <summary>Whether DAMON can be used now.</summary>
    internal static Availability Check(KernelTree kernel)
    {
        var threads = Threads(kernel);
        if (!Directory.Exists(threads))
        {
            return Directory.Exists($"{kernel.Sys}/kernel/mm/damon")
                ? new("This kernel's DAMON has no sysfs interface.", "It needs CONFIG_DAMON_SYSFS (Linux 5.18).")
                : new("This kernel has no DAMON.", "It needs CONFIG_DAMON_SYSFS with CONFIG_DAMON_VADDR or CONFIG_DAMON_PADDR, and root.");
        }

        if (KernelRelease(kernel) is { } release && release < _firstWithRegions)
            return new($"Linux {release} does not report regions in sysfs.", "It needs Linux 6.2.");
        if (!int.TryParse(KernelTree.Text($"{threads}/nr_kdamonds"), CultureInfo.InvariantCulture, out var count) || !IsWritable($"{threads}/nr_kdamonds"))
            return new($"{threads} may not be changed by this user.", "Run as root.");
        for (var thread = 0; thread < count; thread++)
        {
            if (KernelTree.Text($"{threads}/{thread}/state") == "on")
                return new("Another program uses DAMON.", $"It is one user's at a time: stop it, or write off to {threads}/{thread}/state if nobody does.");
        }

        return default;
    }

    /// <summary>Takes DAMON, with everything off and one empty context.</summary>
    /// <param name="kernel">Where sysfs is.</param>
    /// <param name="folder">Where the journal is.</param>
    /// <exception cref="RecordingException">Another recording has it.</exception>
    internal static DamonSysfs Take(KernelTree kernel, string folder)
    {
        var journal = OpenJournal(folder);
        try
        {
            foreach (var step in journal.Steps.ToList())
                TakeBack(journal, step);
            var threads = Threads(kernel);
            // What another program left behind switched off is not kept: a program that starts DAMON writes all of it.
            journal.Add(new Undo(UndoKind.EndDamon, threads));
            Write($"{threads}/nr_kdamonds", "1");
            Write($"{threads}/0/contexts/nr_contexts", "1");
            return new DamonSysfs($"{threads}/0", journal);
        }
        catch (Exception exception)
        {
            journal.Dispose();
            if (exception is IOException or UnauthorizedAccessException)
                throw new RecordingException(RecordingFailure.NotSupported, $"DAMON cannot be set up: {exception.Message} Use --source content.", exception);
            throw;
        }
    }

    /// <summary>Takes back what a recording left that was killed; nothing if there is none, or one is under way.</summary>
    internal static void CleanUp(string folder)
    {
        if (!File.Exists(Path.Combine(folder, "journal")))
            return;
        try
        {
            using var journal = UndoJournal.Open(folder);
            foreach (var step in journal.Steps.ToList())
                TakeBack(journal, step);
        }
        catch (CalibrationException)
        {
            // A recording under way holds the journal, or this user may not: DAMON is then seen to be in use.
        }
    }

    /// <summary>Starts to monitor.</summary>
    /// <param name="operations">vaddr or paddr.</param>
    /// <param name="pids">vaddr: the processes, one target each. paddr: empty.</param>
    /// <param name="regions">paddr: the memory to monitor, in bytes. vaddr: empty, the kernel finds them.</param>
    /// <param name="timing">How often.</param>
    internal void TurnOn(string operations, IReadOnlyList<int> pids, IReadOnlyList<(ulong Start, ulong End)> regions, DamonTiming timing)
    {
        Write($"{Context}/operations", operations);
        Write($"{Context}/monitoring_attrs/intervals/sample_us", timing.SampleMicroseconds);
        Write($"{Context}/monitoring_attrs/intervals/aggr_us", timing.AggregationMicroseconds);
        Write($"{Context}/monitoring_attrs/intervals/update_us", Math.Max(timing.AggregationMicroseconds, 1_000_000));
        Write($"{Context}/monitoring_attrs/nr_regions/max", timing.RegionsMax);
        Write($"{Context}/monitoring_attrs/nr_regions/min", DamonTiming.RegionsMin);
        var targets = Math.Max(1, pids.Count);
        // Zero first, so that nothing is left of the targets before.
        Write($"{Context}/targets/nr_targets", 0);
        Write($"{Context}/targets/nr_targets", targets);
        Write($"{Context}/schemes/nr_schemes", 0);
        Write($"{Context}/schemes/nr_schemes", targets);
        for (var target = 0; target < targets; target++)
        {
            if (pids.Count > 0)
                Write($"{Context}/targets/{target}/pid_target", pids[target]);
            Write($"{Context}/targets/{target}/regions/nr_regions", regions.Count);
            for (var region = 0; region < regions.Count; region++)
            {
                Write($"{Context}/targets/{target}/regions/{region}/start", regions[region].Start);
                Write($"{Context}/targets/{target}/regions/{region}/end", regions[region].End);
            }

            WriteScheme(target, targets);
        }

        Write($"{_thread}/state", "on");
        // Now it is known which kernel thread is ours.
        var starting = _journal.Steps[^1];
        _journal.Add(starting with { Value = Read($"{_thread}/pid") });
        _journal.Remove(starting);
    }

    /// <summary>Ends monitoring, if it runs.</summary>
    internal void TurnOff()
    {
        try
        {
            if (IsOn)
                Write($"{_thread}/state", "off");
        }
        catch (IOException) when (!IsOn)
        {
            // Its last process has ended, and with it the kernel thread.
        }
    }

    /// <summary>Waits until the kernel has reported the regions of an aggregation, one to two aggregations from now, and reads them.</summary>
    /// <returns>Null if monitoring has ended.</returns>
    internal IReadOnlyList<DamonRegion[]>? WaitForRegions(int targets)
    {
        try
        {
            Write($"{_thread}/state", "update_schemes_tried_regions");
            return IsOn ? ReadRegions(targets) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The regions reported last, target by target, each in ascending order.</summary>
    internal IReadOnlyList<DamonRegion[]> ReadRegions(int targets) =>
        [.. Enumerable.Range(0, targets).Select(target => ReadRegions($"{Context}/schemes/{target}/tried_regions"))];

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            foreach (var step in _journal.Steps.ToList())
                TakeBack(_journal, step);
        }
        finally
        {
            _journal.Dispose();
        }
    }

    private static string Threads(KernelTree kernel) => $"{kernel.Sys}/kernel/mm/damon/admin/kdamonds";

    private static UndoJournal OpenJournal(string folder)
    {
        try
        {
            return UndoJournal.Open(folder);
        }
        catch (CalibrationException exception)
        {
            throw new RecordingException(RecordingFailure.NotSupported, $"DAMON cannot be used: {exception.Message} Or use --source content.", exception);
        }
    }

    /// <summary>Ends the kernel thread that a journal says is ours, and forgets it. One that another program started since is left alone.</summary>
    private static void TakeBack(UndoJournal journal, Undo step)
    {
        var isOn = File.Exists($"{step.Path}/0/state") && Read($"{step.Path}/0/state") == "on";
        if (isOn && Read($"{step.Path}/0/pid") == step.Value)
        {
            Write($"{step.Path}/0/state", "off");
            isOn = false;
        }

        if (!isOn && File.Exists($"{step.Path}/nr_kdamonds"))
            Write($"{step.Path}/nr_kdamonds", "0");
        journal.Remove(step);
    }

    private void WriteScheme(int target, int targets)
    {
        var scheme = $"{Context}/schemes/{target}";
        Write($"{scheme}/action", "stat");
        Write($"{scheme}/access_pattern/sz/min", 0);
        Write($"{scheme}/access_pattern/sz/max", ulong.MaxValue);
        Write($"{scheme}/access_pattern/nr_accesses/min", DamonTiming.AccessesMin);
        Write($"{scheme}/access_pattern/nr_accesses/max", uint.MaxValue);
        Write($"{scheme}/access_pattern/age/min", 0);
        Write($"{scheme}/access_pattern/age/max", uint.MaxValue);
        if (targets == 1)
            return;
        // Regions do not say whose they are: a scheme for each target passes over all others.
        Write($"{scheme}/filters/nr_filters", 1);
        Write($"{scheme}/filters/0/type", "target");
        Write($"{scheme}/filters/0/damon_target_idx", target);
        Write($"{scheme}/filters/0/matching", "N");
    }

    private DamonRegion[] ReadRegions(string folder)
    {
        var regions = new List<DamonRegion>();
        foreach (var region in Directory.EnumerateDirectories(folder))
            regions.Add(new DamonRegion(ReadNumber($"{region}/start"), ReadNumber($"{region}/end"), (int)ReadNumber($"{region}/nr_accesses")));
        regions.Sort((one, other) => one.Start.CompareTo(other.Start));
        return [.. regions];
    }

    /// <summary>One of thousands of small files.</summary>
    private ulong ReadNumber(string path) =>
        Utf8Parser.TryParse(_file.Read(path, out var errno), out ulong number, out _) && errno == 0 ? number : throw new IOException($"{path} cannot be read: {Linux.Describe(errno)}.");

    private static Version? KernelRelease(KernelTree kernel)
    {
        var text = KernelTree.Text($"{kernel.Proc}/sys/kernel/osrelease") ?? "";
        var numbers = text.Split('.', '-');
        return numbers.Length >= 2 && int.TryParse(numbers[0], CultureInfo.InvariantCulture, out var major) && int.TryParse(numbers[1], CultureInfo.InvariantCulture, out var minor)
            ? new Version(major, minor)
            : null;
    }

    private static bool IsWritable(string path)
    {
        var descriptor = Linux.Open(path, Linux.ReadWrite | Linux.CloseOnExec);
        if (descriptor >= 0)
            _ = Linux.Close(descriptor);
        return descriptor >= 0;
    }

    private static string Read(string path) => WhileBusy(() => File.ReadAllText(path).Trim());

    private static void Write<T>(string path, T value)
        where T : IFormattable => Write(path, value.ToString(null, CultureInfo.InvariantCulture));

    private static void Write(string path, string value) => WhileBusy(() =>
    {
        File.WriteAllText(path, value);
        return value;
    });

    /// <summary>DAMON's files do not wait for one another: they say busy, also for the moment another thread of ours takes.</summary>
    private static string WhileBusy(Func<string> access)
    {
        for (var waiting = Stopwatch.StartNew(); ; Thread.Sleep(5))
        {
            try
            {
                return access();
            }
            catch (IOException exception) when (exception.HResult == Linux.Busy && waiting.Elapsed < _patience)
            {
                // Again.
            }
        }
    }
}

/// <summary>How often DAMON looks, and at how many regions at once.</summary>
/// <param name="SampleMicroseconds">Time between two looks at one page of each region.</param>
/// <param name="AggregationMicroseconds">Time over which looks are counted.</param>
/// <param name="RegionsMax">Most regions.</param>
internal readonly record struct DamonTiming(long SampleMicroseconds, long AggregationMicroseconds, int RegionsMax)
{
    internal const int RegionsMin = 200;

    private const int SamplesPerAggregation = 20;

    /// <summary>
    /// Aggregates over the time between two scans, at most 2 s: regions adapt, and monitoring ends, after whole aggregations only. 20 samples each, as DAMON's own
    /// defaults have it, 20 times less often.
    /// </summary>
    internal static DamonTiming For(TimeSpan interval)
    {
        var aggregation = Math.Clamp((long)interval.TotalMicroseconds, 100_000, 2_000_000);
        return new DamonTiming(aggregation / SamplesPerAggregation, aggregation, 1000);
    }

    /// <summary>Least accesses that say anything: a scan of the recorder's own touches two samples at least.</summary>
    internal const int AccessesMin = 3;

    internal int Samples => (int)(AggregationMicroseconds / SampleMicroseconds);
}
