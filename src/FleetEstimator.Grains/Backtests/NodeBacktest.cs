using FleetEstimator.Estimation;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Backtests;

/// <summary>
/// Replays a recording under its node's own settings and holds the model's swap traffic against what the node's kernel counted meanwhile. A pure function of the two files.
/// </summary>
public static class NodeBacktest
{
    /// <summary>Parts of the time that are shown, unless told otherwise.</summary>
    public const int DefaultWindows = 10;

    private const ulong SlackMicroseconds = 1_000_000;

    /// <summary>Backtests a file of a recording; without counters the result says so, and the trace is not loaded.</summary>
    /// <param name="file">The file.</param>
    /// <param name="traces">Where it and its counters lie.</param>
    /// <exception cref="TraceException">The trace or its counters have changed, or the counters file cannot be used.</exception>
    public static RecordingBacktest Run(TraceFile file, ITraceSource traces)
    {
        ArgumentNullException.ThrowIfNull(file);
        return file.CountersPath is not null
            ? Run(file.Load(traces), file.LoadCounters(traces))
            : new() { Node = file.Header.Node, RecordedAt = file.Header.RecordedAt, Digest = file.Digest, Reason = RecordingBacktest.NoCounters };
    }

    /// <summary>Backtests a trace with the counters that were recorded with it.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="countersPath">The counters file.</param>
    /// <param name="windows">Most parts of the time to show, at least 1.</param>
    /// <exception cref="TraceException">The counters file cannot be used, or is another recording's.</exception>
    public static RecordingBacktest Run(Trace trace, string countersPath, int windows = DefaultWindows)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentOutOfRangeException.ThrowIfLessThan(windows, 1);
        return Run(trace, CounterFile.Load(countersPath), windows);
    }

    private static RecordingBacktest Run(Trace trace, CounterFile counters, int windows = DefaultWindows)
    {
        Check(trace, counters);
        // The last sample may come just after the last row.
        var end = trace.DurationMicroseconds + Math.Max(SlackMicroseconds, (ulong)trace.Header.IntervalMicroseconds);
        var samples = counters.Samples.Where(sample => sample.TimeMicroseconds <= end).ToList();
        if (samples.Count < 2)
            return new() { Node = trace.Header.Node, RecordedAt = trace.Header.RecordedAt, Digest = trace.Digest, Reason = $"its counters file has {samples.Count} sample{(samples.Count == 1 ? "" : "s")} within the recording; a difference needs two" };
        return new Comparison(trace, counters, new KernelReadings(samples), windows).Result();
    }

    private static void Check(Trace trace, CounterFile counters)
    {
        var (mine, theirs) = (trace.Header, counters.Header);
        if (theirs.Node != mine.Node)
            throw new TraceException(counters.FilePath, null, "node", $"it is of node \"{theirs.Node}\", the trace of node \"{mine.Node}\"", "Give the counters that were recorded with the trace");
        if (theirs.PageSize != mine.PageSize)
            throw new TraceException(counters.FilePath, null, "page_size", $"it is {theirs.PageSize}, in the trace {mine.PageSize}", "Give the counters that were recorded with the trace");
    }

    private sealed class Comparison(Trace trace, CounterFile counters, KernelReadings kernel, int windows)
    {
        private readonly RecordedNode _node = RecordedNode.Of(counters.Header);
        private readonly Workload _workload = new(trace.Header.Node, [trace]);
        private readonly IReadOnlyList<long> _times = kernel.Times;
        private readonly bool _isPerturbed = trace.Header.Labels.TryGetValue("perturbed", out var perturbed) && perturbed == "yes";

        private int Last => _times.Count - 1;

        private bool HasObservedSwapOuts => !_isPerturbed && trace.Kinds.Contains(OperationKind.ObservedSwapOut);

        public RecordingBacktest Result()
        {
            var replay = new BacktestReplay(_node, _times, _isPerturbed);
            var driven = Drive(_workload);
            var runs = new List<BacktestRun>
            {
                Compare(BacktestMode.Driven, _isPerturbed ? "the recorder's own page-outs after each scan" : "the swap-outs in the recording", driven, Drive),
            };
            if (!_isPerturbed)
            {
                var (source, limits) = Limits(driven);
                var free = new BacktestReplay(_node.WithSwapLimit(kernel.SwapLimit), _times, _isPerturbed);
                runs.Add(Compare(BacktestMode.Free, source, free.Run(_workload, BacktestMode.Free, limits), half => free.Run(half, BacktestMode.Free, Limits(Drive(half)).Pages)));
            }

            return new RecordingBacktest
            {
                Node = trace.Header.Node,
                RecordedAt = trace.Header.RecordedAt,
                Digest = trace.Digest,
                CountersDigest = counters.Digest,
                KernelRelease = counters.Header.KernelRelease,
                Mechanism = _node.Mechanism.Name,
                Settings = _node.Words,
                Source = kernel.Source,
                FromMicroseconds = _times[0],
                ToMicroseconds = _times[^1],
                Runs = runs,
                Caveats = [.. Caveats(), .. _node.Differences],
            };

            BacktestReadings Drive(Workload workload) => replay.Run(workload, BacktestMode.Driven, null);
        }

        /// <summary>How much memory the recorded kernel had for what is modelled, at each sample, in pages; null: the recording's own rows say.</summary>
        private (string Source, IReadOnlyList<long>? Pages) Limits(BacktestReadings driven)
        {
            if (trace.Kinds.Contains(OperationKind.Limit))
                return ("the limits in the recording", null);
            // What the group used beside the recorded pages (files, the kernel's, copied-on-write pages of programs) takes its part of the limit.
            if (kernel.RoomBelowLimit() is { } room)
                return ("the cgroup's limit, less what the group used beside the recorded memory", [.. room.Select((bytes, index) => Math.Max(1, driven.FramesHeld[index] + (bytes / trace.Header.PageSize)))]);
            // Where the kernel took pages away, what it left is what there was room for.
            return ("as much memory as the recorded processes kept wherever pages of theirs were swapped out",
                [.. Enumerable.Range(0, _times.Count).Select(index => index > 0 && SwappedOut(driven, index) ? Math.Max(1, driven.FramesHeld[index]) : 0)]);
        }

        private static bool SwappedOut(BacktestReadings driven, int index) => BacktestCounter.Outs.Any(counter => driven.Between(index - 1, index, counter.Of).First() > 0);

        /// <param name="mode">What decided which pages left.</param>
        /// <param name="drivenBy">That in words.</param>
        /// <param name="model">What came of it.</param>
        /// <param name="replay">Does the same with a part of the recording, from which the memory that part has follows anew.</param>
        private BacktestRun Compare(BacktestMode mode, string drivenBy, BacktestReadings model, Func<Workload, BacktestReadings> replay)
        {
            var sampling = _workload.Share.IsWhole ? null : Halves(replay);
            return new BacktestRun
            {
                Mode = mode,
                DrivenBy = drivenBy,
                Totals = Errors(model, 0, Last, sampling),
                Windows = [.. WindowEdges().Select(edges => new BacktestWindow(_times[edges.From], _times[edges.To], Errors(model, edges.From, edges.To, null)))],
            };
        }

        /// <summary>The recording's random halves, two for each split, from which the error of page sampling follows as it does in studies.</summary>
        private List<BacktestReadings> Halves(Func<Workload, BacktestReadings> replay) =>
            [.. Enumerable.Range(0, 2 * PageBlocks.Splits).Select(half => replay(_workload.Half(half / 2, half % 2)))];

        private List<CounterError> Errors(BacktestReadings model, int from, int to, List<BacktestReadings>? halves)
        {
            var (outs, ins) = (Group(BacktestCounter.SwappedOut, BacktestCounter.Outs), Group(BacktestCounter.SwappedIn, BacktestCounter.Ins));
            return [.. outs.Take(1).Concat(ins.Take(1)).Concat(outs.Skip(1)).Concat(ins.Skip(1)).Concat(Group(null, BacktestCounter.ReadAhead)).Where(error => !error.IsEmpty)];

            // A sum has the parts that the kernel counts.
            List<CounterError> Group(string? sum, IReadOnlyList<BacktestCounter> all)
            {
                var counted = all.Where(counter => kernel.Between(from, to, counter.Name) is not null).ToList();
                var errors = counted.ConvertAll(counter => ErrorOf(counter, kernel.Between(from, to, counter.Name)!.Value));
                if (sum is null || counted.Count == 0)
                    return errors;
                return [ErrorOf(new BacktestCounter(sum, model => counted.Sum(counter => counter.Of(model))), errors.Sum(error => error.Counted)), .. errors];
            }

            CounterError ErrorOf(BacktestCounter counter, long counted)
            {
                var modelled = model.Between(from, to, counter.Of).ToList();
                return new CounterError
                {
                    Counter = counter.Name,
                    Counted = counted,
                    ModelledLow = modelled.Min(),
                    ModelledHigh = modelled.Max(),
                    PageSamplingError = halves is null ? null : SamplingError(halves, from, to, counter.Of),
                };
            }
        }

        private double SamplingError(List<BacktestReadings> halves, int from, int to, Func<Counters, long> of)
        {
            // Of the two ways to take unknown accesses, the one that errs more.
            var figures = halves.ConvertAll(half => half.Between(from, to, of).ToArray());
            var variance = Enumerable.Range(0, figures[0].Length).Max(lane => figures.Chunk(2).Average(pair =>
            {
                var difference = (double)(pair[0][lane] - pair[1][lane]);
                return difference * difference / 4;
            }));
            return Math.Sqrt((1 - _workload.Share.Value) * variance);
        }

        private IEnumerable<(int From, int To)> WindowEdges()
        {
            var count = Math.Min(windows, Last);
            return Enumerable.Range(0, count).Select(window => (From: (int)((long)window * Last / count), To: (int)((long)(window + 1) * Last / count)));
        }

        private IEnumerable<string> Caveats()
        {
            if (_isPerturbed)
                yield return "The recorder paged the processes out to see what they access, so it caused the swap traffic itself: this is a backtest of the perturbed kernel, and says nothing of what it would have reclaimed.";
            else if (!HasObservedSwapOuts)
                yield return "The recording holds no swap-outs: if the kernel counted some, they were other processes', of memory that is not recorded, or shorter than the time between scans.";
            if (kernel.IsOfWholeNode)
                yield return "The kernel's figures are of the whole node: swap traffic of processes that were not recorded, and of shared memory, is in them.";
            else
                yield return "The kernel's figures are of the cgroup: swap traffic of its shared memory, and of processes that left it, is in them.";
            if (trace.Header.IntervalMicroseconds > 0)
                yield return $"Accesses are known to {Period.ToText(trace.Header.IntervalMicroseconds)}: what left and came back between two scans was counted by the kernel and is not in the recording; several accesses in between count as one.";
            if (_workload.HasUnknownAccesses)
                yield return "Some accesses may have been loads or stores: modelled figures reach from all loads to all stores.";
            if (trace.Header.Capability < Capability.ContentKnown)
                yield return $"The recording is {Capabilities.NameOf(trace.Header.Capability)}: contents are taken for data, so counters of zero-filled pages, and of those written to the device, cannot be compared.";
            if (!_workload.Share.IsWhole)
                yield return $"The recording holds {Percentage.ToText(_workload.Share.Value)} of the pages: modelled figures are scaled up and have the standard errors shown, from {_workload.CountBlocks()} blocks of 2 MiB; with fewer than {ErrorComponents.FewBlocks} they are rough.";
            if (!_isPerturbed)
                yield return "The model does not know how old pages were when the recording began.";
            if (_node.Mechanism.Zeromap && kernel.Between(0, Last, "swpout_zero") is null)
                yield return "The kernel does not count zero-filled pages apart (swpout_zero, swpin_zero); they are in no figure.";
        }
    }
}
