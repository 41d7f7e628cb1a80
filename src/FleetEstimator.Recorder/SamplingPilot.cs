using System.Globalization;
using System.Runtime.CompilerServices;
using FleetEstimator.Paging;

namespace FleetEstimator.Recorder;

/// <summary>
/// Looks at a few blocks before the recording begins, to learn what a page costs here, and chooses the fraction of blocks with which a scan fits into the CPU budget.
/// The fraction stands in the header and holds for the whole recording; what it does not foresee (memory that grows) stretches intervals.
/// </summary>
internal static class SamplingPilot
{
    // Blocks expected in the smallest sample: fewer would tell little of anything (the standard error of a mean over 64 blocks is an eighth of their deviation),
    // so that intervals are stretched rather than the sample made smaller still. Only a recording so short that not even two scans of them fit has fewer.
    private const double BlocksMin = 64;
    private const double BlocksLeast = 16;

    // Pages the pilot looks at, 16 MiB.
    private const double PilotPages = 4096;

    // Counters, rows and the trace's own file are not part of the pilot's scans.
    private const double Headroom = 0.8;

    // Below this, leaving blocks out is not worth the variance.
    private const double WorthSampling = 0.8;

    private const int PagesPerBlock = 512;

    private static readonly TimeSpan _pageCostUsual = TimeSpan.FromMicroseconds(0.6);

    // Several times that: memory for which even that is affordable needs no pilot.
    private static readonly TimeSpan _pageCostMost = TimeSpan.FromMicroseconds(3);

    /// <summary>The fraction of blocks to record, above 0 and up to 1.</summary>
    /// <param name="target">Whose memory. A command that has not started holds none yet: everything is recorded, and intervals stretch.</param>
    /// <param name="source">What tells accesses.</param>
    /// <param name="measure">What else a page costs; null: nothing.</param>
    /// <param name="budget">What is allowed; what the pilot takes counts. Everything is recorded without one.</param>
    /// <param name="interval">The interval asked for.</param>
    /// <param name="cpuTime">CPU time of this process.</param>
    /// <exception cref="RecordingException">This user may not look.</exception>
    internal static double ChooseFraction(TargetProcesses target, AccessSource source, PageMeasure? measure, CpuBudget budget, TimeSpan interval, Func<TimeSpan> cpuTime)
    {
        if (budget.PerScan(interval) is not { } perScan)
            return 1;
        var processes = new List<ProcessStat>();
        var begin = cpuTime();
        if (target.HasStarted)
            target.Find(processes);
        var finding = cpuTime() - begin;
        var pagesOf = processes.ToDictionary(process => process.Pid, process => AnonymousPages(process.Pid));
        var pages = pagesOf.Values.Sum();
        if (pages * _pageCostMost <= perScan / 2)
            return 1;
        // What finding and opening all of them costs, without pages; and what a page of the largest costs. Looking at all of them again and again would cost a node's many processes more.
        var withoutPages = finding + CostOfScan(processes, source, measure, fraction: null, rounds: 1, cpuTime).CpuTime;
        var largest = processes.MaxBy(process => pagesOf[process.Pid]);
        var without = CostOfScan([largest], source, measure, fraction: null, rounds: 2, cpuTime);
        var with = CostOfScan([largest], source, measure, Math.Min(1, PilotPages / Math.Max(1, pagesOf[largest.Pid])), rounds: 2, cpuTime);
        // By chance no block, or so few that their cost drowns in the rest.
        var isMeasured = with.Pages > 0 && with.CpuTime > without.CpuTime;
        var perPage = isMeasured ? (with.CpuTime - without.CpuTime) / with.Pages : _pageCostUsual;
        var least = Math.Clamp(budget.PerScanOfTwo is { } ofTwo ? Affordable(ofTwo) : double.PositiveInfinity, BlocksLeast * PagesPerBlock, BlocksMin * PagesPerBlock);
        var fraction = Math.Max(Affordable(perScan), least) / pages;
        return fraction < WorthSampling ? fraction : 1;

        double Affordable(TimeSpan scan) => ((scan * Headroom) - withoutPages) / perPage;
    }

    /// <summary>Looks at this process, so that everything a scan runs is compiled: the first scan then costs what the others do. Nothing where all is compiled already.</summary>
    internal static void WarmUp(AccessSource source, PageMeasure? measure)
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled)
            return;
        using var scan = new ProcessScan(new BlockSample(1, 0, Environment.SystemPageSize), source);
        var process = new RecordedProcess(1, writesSwapOuts: true, measure);
        if (scan.Stat(Environment.ProcessId) is not { } self)
            return;
        for (var round = 0; round < 2; round++)
            _ = scan.Scan(in self, process, 0, static _ => { }, CancellationToken.None);
    }

    /// <summary>CPU time of the last of several looks at processes, from the second on when most pages are as they were, and the pages looked at.</summary>
    private static (TimeSpan CpuTime, long Pages) CostOfScan(List<ProcessStat> processes, AccessSource source, PageMeasure? measure, double? fraction, int rounds, Func<TimeSpan> cpuTime)
    {
        // A fraction that no hash is below: what remains is what a scan costs without pages.
        using var scan = new ProcessScan(new BlockSample(fraction ?? double.Epsilon, Linux.RandomNumber(), Environment.SystemPageSize), source);
        var recorded = processes.Select((stat, index) => (Stat: stat, Process: new RecordedProcess((uint)index + 1, writesSwapOuts: true, measure) { NewPagesAre = OperationKind.Observe })).ToList();
        var before = cpuTime();
        for (var round = 0; round < rounds; round++)
        {
            _ = scan.TakeTally();
            before = cpuTime();
            foreach (var (stat, process) in recorded)
                TryScan(scan, in stat, process);
        }

        var tally = scan.TakeTally();
        return (cpuTime() - before, tally.ResidentPages);
    }

    private static void TryScan(ProcessScan scan, in ProcessStat stat, RecordedProcess process)
    {
        try
        {
            _ = scan.Scan(in stat, process, 0, static _ => { }, CancellationToken.None);
        }
        catch (RecordingException exception) when (exception.Failure == RecordingFailure.NotPermitted)
        {
            // The first scan says so.
        }
    }

    /// <summary>Private anonymous pages that a process has in memory (RssAnon of /proc/PID/status); 0 if it is gone.</summary>
    private static long AnonymousPages(int pid)
    {
        try
        {
            foreach (var line in File.ReadLines($"/proc/{pid}/status"))
            {
                if (line.StartsWith("RssAnon:", StringComparison.Ordinal))
                    return long.Parse(line.AsSpan("RssAnon:".Length).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture) * 1024 / Environment.SystemPageSize;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended, or may not be read, which the first scan says.
        }

        return 0;
    }
}
