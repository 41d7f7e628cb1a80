using FleetEstimator.Paging;
using FleetEstimator.Recorder;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

/// <summary>Sessions adopt orphans, which concerns the whole test process: one at a time.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class RecordingSessions;

[Collection(typeof(RecordingSessions))]
public sealed class RecordingSessionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public RecordingSessionTests() => LinuxOnly.RequirePageMap();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void RecordsARunningProcess_ItsMemoryAsItWasAndAsItChanges()
    {
        using var memory = new OwnMemory(32);
        for (var page = 0; page < 8; page++)
            memory.Fill(page, 0);
        memory.Fill(8, 77);
        var options = Options(new RecordingTarget.Process(Environment.ProcessId)) with
        {
            // Long enough for the first scan on a busy machine: the second is due when the first has long ended.
            Duration = TimeSpan.FromSeconds(2),
            Interval = TimeSpan.FromSeconds(2),
            Node = "here",
            Labels = new Dictionary<string, string> { ["class"] = "web", ["command"] = "mine" },
        };

        var summary = RecordingSession.Run(options, new OnProgress(progress => memory.Fill(7, (ulong)progress.Scans)), CancellationToken.None);

        Assert.Equal(RecordingEnd.DurationReached, summary.End);
        Assert.Equal(2, summary.Scans);
        Assert.Equal(1, summary.Processes);
        Assert.InRange(summary.ZeroShareOfResidentPages!.Value, 0.000001, 1);
        Assert.Equal(1, summary.ZeroShareOfResidentPages!.Value + summary.RepeatedShareOfResidentPages!.Value + summary.DataShareOfResidentPages!.Value, 0.01);
        var trace = Trace.Load(options.Output);
        Assert.Equal(summary.Rows, trace.RowCount);
        Assert.Equal("here", trace.Header.Node);
        Assert.Equal("content-diff", trace.Header.AccessSource);
        Assert.Equal(2_000_000, trace.Header.IntervalMicroseconds);
        Assert.Equal("web", trace.Header.Labels["class"]);
        Assert.Equal("mine", trace.Header.Labels["command"]);
        Assert.DoesNotContain("perturbed", trace.Header.Labels.Keys);
        Assert.Equal(
            [
                (OperationKind.Map, 0UL, 32u, PageContent.Unknown, 0UL),
                (OperationKind.Observe, 0UL, 8u, PageContent.Zero, 0UL),
                (OperationKind.Observe, 8UL, 1u, PageContent.Repeated, 77UL),
                (OperationKind.Write, 7UL, 1u, PageContent.Repeated, 1UL),
            ],
            RecordedRows.Within(Rows(trace), memory.Range));
        Assert.Equal([1u], trace.ProcessesAtEnd.ToArray());
    }

    [Fact]
    public void RecordsACommandWithItsForks_UntilAllHaveEnded()
    {
        // A subshell runs in memory inherited from the shell; sleep replaces what it inherits; the last subshell outlives the command.
        var options = Options(Shell("(sleep 1; true) & sleep 0.5; (sleep 1; true) & exit 7"));

        var summary = RecordingSession.Run(options, null, CancellationToken.None);

        Assert.Equal(RecordingEnd.ProcessesEnded, summary.End);
        Assert.Equal(7, summary.CommandExitCode);
        Assert.InRange(summary.Duration.TotalSeconds, 1.4, 60);
        Assert.InRange(summary.Processes, 3, 100);
        var trace = Trace.Load(options.Output);
        var rows = Rows(trace);
        Assert.Empty(trace.ProcessesAtEnd.ToArray());
        Assert.Equal("sh", trace.Header.Labels["command"]);
        Assert.Equal(summary.Processes, rows.Count(row => row.Operation.Kind == OperationKind.Exit));
        Assert.Contains(rows, row => row.Operation is { Kind: OperationKind.Fork, Process: 1 });
        Assert.DoesNotContain(rows, row => row.Operation.Kind == OperationKind.Observe);
        Assert.True(ReplaysWithoutContradiction(rows));
    }

    [Fact]
    public void LookingLeavesSharedWhatForkShares()
    {
        // The subshell inherits the variable of its parent and waits.
        var options = Options(Shell("x=$(head -c 8000000 /dev/zero | tr '\\0' a); (sleep 600; true); true")) with { Duration = TimeSpan.FromSeconds(1.5) };
        var shared = new List<long>();

        var summary = RecordingSession.Run(options, new OnProgress(_ => shared.Add(SharedBytesBelow(Environment.ProcessId))), CancellationToken.None);

        Assert.InRange(summary.Scans, 3, 1000);
        // 8 MB in the shell and in the subshell; for a moment also in what the subshell forks.
        Assert.InRange(shared[^1], 12_000_000, long.MaxValue);
    }

    [Fact]
    public void EndsTheCommand_WhenTheDurationIsReached()
    {
        var options = Options(Shell("sleep 600 & sleep 600")) with { Duration = TimeSpan.FromMilliseconds(300) };

        var summary = RecordingSession.Run(options, null, CancellationToken.None);

        Assert.Equal(RecordingEnd.DurationReached, summary.End);
        Assert.Null(summary.CommandExitCode);
        Assert.NotEmpty(Trace.Load(options.Output).ProcessesAtEnd.ToArray());
        var left = new List<ProcessStat>();
        TargetProcesses.Open(new RecordingTarget.Process(Environment.ProcessId, WithDescendants: true)).Find(left);
        Assert.DoesNotContain(left, process => process.Pid != Environment.ProcessId && File.ReadAllText($"/proc/{process.Pid}/cmdline").Contains("sleep\0600", StringComparison.Ordinal));
    }

    [Fact]
    public void ATraceIsComplete_WhenTheCallerCancels()
    {
        using var cancellation = new CancellationTokenSource();
        var options = Options(new RecordingTarget.Process(Environment.ProcessId)) with { Interval = TimeSpan.FromHours(1) };

        var summary = RecordingSession.Run(options, new OnProgress(_ => cancellation.Cancel()), cancellation.Token);

        Assert.Equal(RecordingEnd.Interrupted, summary.End);
        Assert.Equal(summary.Rows, Trace.Load(options.Output).RowCount);
    }

    [Fact]
    public void ASampleIsAValidTraceOfThatFraction()
    {
        var options = Options(Shell("x=$(head -c 30000000 /dev/zero | tr '\\0' a); (sleep 0.3; true); (sleep 0.3; true)")) with { SamplingFraction = 0.4 };

        var summary = RecordingSession.Run(options, null, CancellationToken.None);

        var trace = Trace.Load(options.Output);
        Assert.Equal((0.4, 0.4), (summary.SamplingFraction, trace.Header.SamplingFraction));
        // 30 MB and a copy are in 28 blocks or so: all of them, or none, would be no sample.
        Assert.InRange(summary.ResidentBytesPeak, 1, 45_000_000);
        Assert.True(ReplaysWithoutContradiction(Rows(trace)));
    }

    [Fact]
    public void TheKernelsCountersStandBesideTheTrace()
    {
        var options = Options(Shell("sleep 0.3"));

        var summary = RecordingSession.Run(options, null, CancellationToken.None);

        var counters = CounterFile.Load(CounterFile.PathBeside(options.Output));
        var trace = Trace.Load(options.Output);
        Assert.Equal((summary.Node, trace.Header.RecordedAt), (counters.Header.Node, counters.Header.RecordedAt));
        Assert.Contains("swappiness", counters.Header.Settings.Keys);
        // One a scan, and one at the end.
        Assert.Equal((summary.Scans + 1, summary.CounterSamples), (counters.Samples.Count, (long)counters.Samples.Count));
        Assert.Equal(trace.DurationMicroseconds, counters.Samples[^1].TimeMicroseconds);
        Assert.True(counters.Samples[^1].Vmstat["pgfault"] > counters.Samples[0].Vmstat["pgfault"]);
    }

    [Fact]
    public void ABudgetIsSaidInTheTrace_AndWithoutMuchMemoryNothingIsLeftOut()
    {
        var options = Options(Shell("sleep 0.2")) with { CpuBudget = 0.5 };
        var summary = RecordingSession.Run(options, null, CancellationToken.None);
        var header = Trace.Load(options.Output).Header;
        Assert.Equal(("0.5", 1.0), (header.Labels["cpu_budget"], header.SamplingFraction));
        Assert.Equal(0.5, summary.CpuBudget);
        Assert.Equal(summary.RecorderCpuTime / summary.Duration, summary.RecorderCpuShare);
    }

    [Fact]
    public void ThePilotChoosesAFractionThatTheBudgetAllows_ButNoSampleOfAFewBlocks()
    {
        // 400 MiB in 200 blocks: an absurd budget still leaves 64 of them, and a recording that cannot pay for two looks at those, 16.
        using var memory = new OwnMemory(100 * 1024);
        for (var page = 0; page < memory.Pages; page++)
            memory.Fill(page, (ulong)page);
        var target = TargetProcesses.Open(new RecordingTarget.Process(Environment.ProcessId));
        using var source = new ContentSource();
        var small = Choose(0.0001, null);
        Assert.InRange(small, 0.01, 0.33);
        // The test's own heap, which is looked at, too, comes and goes.
        Assert.InRange(Choose(0.0001, TimeSpan.FromSeconds(1)), small / 5, small / 3);
        Assert.InRange(Choose(0.0001, TimeSpan.FromDays(10)), small * 0.8, small * 1.25);
        Assert.Equal(1, Choose(1000, null));
        Assert.Equal(1, Choose(null, null));

        double Choose(double? share, TimeSpan? duration) =>
            SamplingPilot.ChooseFraction(target, source, null, new CpuBudget(share, duration, CpuTime), TimeSpan.FromSeconds(2), CpuTime);

        static TimeSpan CpuTime() => Environment.CpuUsage.TotalTime;
    }

    [Fact]
    public void AFullDiskLeavesACompleteShorterTrace()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Mounting a small file system takes root.");
        var disk = _folder["disk"];
        _ = Directory.CreateDirectory(disk);
        if (!Run("mount", "-t", "tmpfs", "-o", "size=5400k", "none", disk))
            Assert.Skip("No file system can be mounted here.");
        try
        {
            using var memory = new OwnMemory(40_000);
            var options = Options(new RecordingTarget.Process(Environment.ProcessId)) with { Output = Path.Combine(disk, "a.arrow") };
            using var cancellation = new CancellationTokenSource();

            var summary = RecordingSession.Run(options, new OnProgress(ChangeEverything), cancellation.Token);

            Assert.Equal(RecordingEnd.DiskFull, summary.End);
            Assert.Contains("No space left", summary.OutputFailure!, StringComparison.Ordinal);
            var trace = Trace.Load(options.Output);
            Assert.Equal(summary.Rows, trace.RowCount);
            Assert.Equal(OperationKind.Settle, trace.Kinds[^1]);
            // The scan that filled the disk is not whole, so what is recorded ends where it began, with the counters read then.
            Assert.Equal((ulong)summary.Duration.TotalMicroseconds, trace.DurationMicroseconds);
            Assert.Equal(trace.DurationMicroseconds, CounterFile.Load(CounterFile.PathBeside(options.Output)).Samples[^1].TimeMicroseconds);
            Assert.False(CounterFile.Load(CounterFile.PathBeside(options.Output)).IsCutShort);
            Assert.Equal(2, Directory.EnumerateFileSystemEntries(disk).Count());

            void ChangeEverything(RecordingProgress progress)
            {
                // Words that do not compress: a row for every page of every scan.
                for (var page = 0; page < memory.Pages; page++)
                    memory.Fill(page, (ulong)Random.Shared.NextInt64());
                if (progress.Scans == 100)
                    cancellation.Cancel();
            }
        }
        finally
        {
            _ = Run("umount", disk);
        }
    }

    [Fact]
    public void RecordsTheMembersOfACgroup()
    {
        var parent = new[] { "/sys/fs/cgroup/memory", "/sys/fs/cgroup" }.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "cgroup.procs")));
        var folder = Path.Combine(parent ?? "/nonexistent", $"fleet-estimator-test-{Environment.ProcessId}");
        try
        {
            _ = Directory.CreateDirectory(Path.Combine(folder, "below"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"No cgroup can be made here: {exception.Message}");
        }

        try
        {
            // The shell itself joins the lower group, and the recording ends when the group is empty and gone.
            using var shell = System.Diagnostics.Process.Start("sh", ["-c", $"echo $$ > {folder}/below/cgroup.procs; exec sleep 600"]);
            while (!File.ReadAllText($"{folder}/below/cgroup.procs").Contains($"{shell.Id}", StringComparison.Ordinal))
                Thread.Sleep(5);
            var options = Options(new RecordingTarget.Cgroup(folder)) with { Duration = TimeSpan.FromSeconds(1) };
            var summary = RecordingSession.Run(options, new OnProgress(progress => KillAfterThirdScan(progress, shell)), CancellationToken.None);

            Assert.Equal(1, summary.Processes);
            Assert.Equal(RecordingEnd.DurationReached, summary.End);
            var rows = Rows(Trace.Load(options.Output));
            Assert.Equal(OperationKind.Map, rows[0].Operation.Kind);
            Assert.Equal(OperationKind.Exit, rows[^2].Operation.Kind);
            Assert.Equal(OperationKind.Settle, rows[^1].Operation.Kind);
            if (File.Exists(Path.Combine(folder, "memory.stat")))
            {
                var group = Assert.Single(CounterFile.Load(CounterFile.PathBeside(options.Output)).Samples[0].Cgroups!);
                Assert.Equal(Path.GetFileName(folder), group.Key);
                Assert.Contains("current", group.Value.Keys);
            }

            shell.WaitForExit();
        }
        finally
        {
            Directory.Delete(Path.Combine(folder, "below"));
            Directory.Delete(folder);
        }
    }

    [Fact]
    public void ProbingWritesAccesses_AndSaysThatItPerturbs()
    {
        LinuxOnly.RequireSwap();
        var options = Options(Shell("sleep 600")) with { Duration = TimeSpan.FromMilliseconds(400), Source = AccessSourceKind.PageOut };

        var summary = RecordingSession.Run(options, null, CancellationToken.None);

        var trace = Trace.Load(options.Output);
        Assert.Equal("page-out", trace.Header.AccessSource);
        Assert.Equal("yes", trace.Header.Labels["perturbed"]);
        Assert.InRange(summary.PageSightings.ProbedPages, 1, long.MaxValue);
        Assert.DoesNotContain(Rows(trace), row => row.Operation.Kind == OperationKind.ObservedSwapOut);
    }

    [Fact]
    public void ProbingWithoutSwapIsRefused()
    {
        var probing = Options(Shell("true")) with { Source = AccessSourceKind.PageOut };
        var exception = Assert.Throws<RecordingException>(() => RecordingSession.RequireSwap(probing, swapBytes: 0));
        Assert.Equal(RecordingFailure.NotSupported, exception.Failure);
        Assert.Contains("swap", exception.Message, StringComparison.Ordinal);
        RecordingSession.RequireSwap(probing, swapBytes: 4096);
    }

    [Fact]
    public void AMissingTargetIsRefused()
    {
        Refuses(RecordingFailure.NoSuchTarget, "no process 2147483647", Options(new RecordingTarget.Process(int.MaxValue)));
        Refuses(RecordingFailure.NoSuchTarget, "not a control group", Options(new RecordingTarget.Cgroup(_folder.Path)));
        Refuses(RecordingFailure.NoSuchTarget, "no-such-program", Options(new RecordingTarget.Command(["no-such-program"])));
        // The kernel's thread that starts all others.
        if (File.Exists("/proc/2/stat") && File.ReadAllText("/proc/2/comm").StartsWith("kthreadd", StringComparison.Ordinal))
            Refuses(RecordingFailure.NoSuchTarget, "no process 2 ", Options(new RecordingTarget.Process(2)));
    }

    [Fact]
    public void AnOutputThatCannotBeWrittenIsRefused() =>
        Refuses(RecordingFailure.Output, "cannot be written", Options(Shell("true")) with { Output = _folder["missing/a.arrow"] });

    [Fact]
    public void AFullDiskEndsTheRecording_AndLeavesNothing()
    {
        if (!File.Exists("/dev/full"))
            Assert.Skip("There is no /dev/full to write to.");
        _ = File.CreateSymbolicLink(_folder["a.arrow.partial"], "/dev/full");
        Refuses(RecordingFailure.Output, "No space left", Options(Shell("true")));
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        var options = Options(Shell("true"));
        Refuses(RecordingFailure.Options, "interval", options with { Interval = TimeSpan.Zero });
        Refuses(RecordingFailure.Options, "duration", options with { Duration = TimeSpan.FromSeconds(-1) });
        Refuses(RecordingFailure.Options, "label", options with { Node = "" });
        Refuses(RecordingFailure.Options, "command", options with { Target = new RecordingTarget.Command([]) });
        Refuses(RecordingFailure.Options, "process id", options with { Target = new RecordingTarget.Process(0) });
        Refuses(RecordingFailure.Options, "CPU budget", options with { CpuBudget = 0 });
        Refuses(RecordingFailure.Options, "sampling fraction", options with { SamplingFraction = 1.5 });
        Refuses(RecordingFailure.Options, "sampling fraction", options with { SamplingFraction = double.NaN });
        Refuses(RecordingFailure.Options, "Fingerprints", options with { FingerprintBits = 8 });
        Refuses(RecordingFailure.Options, "label", options with { Labels = new Dictionary<string, string> { [""] = "x" } });
    }

    /// <summary>Bytes that descendants share, counted in each of them.</summary>
    private static long SharedBytesBelow(int pid)
    {
        var descendants = new List<ProcessStat>();
        TargetProcesses.Open(new RecordingTarget.Process(pid, WithDescendants: true)).Find(descendants);
        var bytes = 0L;
        foreach (var path in descendants.Where(process => process.Pid != pid).Select(process => $"/proc/{process.Pid}/smaps_rollup").Where(File.Exists))
        {
            foreach (var line in File.ReadLines(path).Where(line => line.StartsWith("Shared_Dirty:", StringComparison.Ordinal)))
                bytes += 1024 * long.Parse(line.AsSpan("Shared_Dirty:".Length).TrimEnd("kB").Trim(), System.Globalization.CultureInfo.InvariantCulture);
        }

        return bytes;
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static RecordingTarget.Command Shell(string script) => new(["sh", "-c", script]);

    private static void KillAfterThirdScan(RecordingProgress progress, System.Diagnostics.Process process)
    {
        if (progress.Scans == 3)
            process.Kill();
    }

    private static List<TraceRow> Rows(Trace trace) => [.. Enumerable.Range(0, trace.RowCount).Select(trace.Row)];

    private static bool ReplaysWithoutContradiction(List<TraceRow> rows)
    {
        var replay = new RecordedRows();
        foreach (var row in rows)
            replay.Append(row);
        return true;
    }

    private RecordingOptions Options(RecordingTarget target) => new() { Target = target, Output = _folder["a.arrow"], Interval = TimeSpan.FromMilliseconds(50) };

    private void Refuses(RecordingFailure failure, string message, RecordingOptions options)
    {
        var exception = Assert.Throws<RecordingException>(() => RecordingSession.Run(options, null, CancellationToken.None));
        Assert.Equal(failure, exception.Failure);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    private sealed class OnProgress(Action<RecordingProgress> act) : IProgress<RecordingProgress>
    {
        public void Report(RecordingProgress value) => act(value);
    }
}
