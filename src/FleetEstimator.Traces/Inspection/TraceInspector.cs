using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>
/// Looks at a trace in one pass: counts its rows, replays it to know what is resident, swapped and zero-filled, and keeps a ledger of when pages were
/// accessed.
/// </summary>
internal sealed class TraceInspector
{
    private const int HeatmapRowsMax = 96;

    private readonly Trace _trace;
    private readonly long _limitPages;
    private readonly bool _knowsContent;
    private readonly TraceReplay _replay;
    private readonly TimeWindows _windows;
    private readonly PageLedger _ledger;
    private readonly SwapInTally _swapIns;
    private readonly List<TimelinePoint> _timeline = [];
    private readonly OperationTotals[] _totals = new OperationTotals[(int)OperationKind.Settle + 1];
    private readonly HashSet<uint> _processes = [];
    private uint _lastProcess;

    private TraceInspector(Trace trace, long limitPages)
    {
        _trace = trace;
        _limitPages = limitPages;
        _knowsContent = trace.Header.Capability == Capability.ContentKnown;
        _windows = TimeWindows.Of(trace);
        _ledger = new(_windows);
        _swapIns = new(_ledger);
        _replay = new(trace.Header, limitPages, _swapIns);
    }

    /// <summary>Looks at a trace; with a limit of the node's memory in pages beside its own, if that is above 0.</summary>
    public static TraceInspection Inspect(Trace trace, long limitPages)
    {
        trace.RequireReplayable();
        var inspector = new TraceInspector(trace, limitPages);
        inspector.Pass();
        return inspector.Result();
    }

    private void Pass()
    {
        var window = 0;
        for (var row = 0; row < _trace.RowCount; row++)
        {
            var time = _trace.Times[row];
            for (; time > _windows.EndOf(window); window++)
                EndWindow(window);
            var operation = _trace[row];
            Count(in operation);
            try
            {
                _replay.Take(time, in operation);
                Note(in operation, window);
            }
            catch (Exception exception) when (exception is NotSupportedException or OutOfMemoryException)
            {
                throw _trace.TooLarge(
                    row, exception is OutOfMemoryException ? "there is not enough memory to replay the trace up to it" : $"up to it more than {Trace.ReplayedPagesMax} pages were in use", exception);
            }
        }

        if (_trace.RowCount > 0)
            EndWindow(window);
    }

    private void Count(in Operation operation)
    {
        ref var total = ref _totals[(int)operation.Kind];
        total = new(total.Rows + 1, total.Pages + operation.Pages);
        if (operation.Kind is OperationKind.Reclaim or OperationKind.Limit or OperationKind.Settle)
            return;
        if (operation.Process != _lastProcess || _processes.Count == 0)
            _processes.Add(_lastProcess = operation.Process);
        if (operation.Kind == OperationKind.Fork)
            _processes.Add((uint)operation.Page);
    }

    private void Note(in Operation operation, int window)
    {
        var (process, page, pages) = (operation.Process, operation.Page, operation.Pages);
        switch (operation.Kind)
        {
            case OperationKind.Read or OperationKind.Write or OperationKind.Access:
                _ledger.Access(process, page, pages, window);
                if (operation.Kind == OperationKind.Write)
                    _swapIns.Stored(process, page, pages);
                break;
            case OperationKind.Observe:
                _ledger.See(process, page, pages);
                break;
            case OperationKind.Discard or OperationKind.Unmap:
                _swapIns.Gone(process, page, pages);
                break;
            case OperationKind.Exit:
                _ledger.Exit(process);
                break;
        }
    }

    private void EndWindow(int window)
    {
        if (window + 1 < _windows.Count && (window + 1) >> _windows.ColumnShift == window >> _windows.ColumnShift)
            return;
        var contents = _replay.Node.Contents(0);
        var resident = contents.Zero + contents.Repeated + contents.Data + contents.Incompressible;
        _timeline.Add(_knowsContent
            ? new(_windows.EndOf(window), resident, contents.Zero, contents.Repeated, contents.Data, contents.Incompressible, 0)
            : new(_windows.EndOf(window), resident, 0, 0, 0, resident, 0));
    }

    private TraceInspection Result()
    {
        var usage = _replay.Node.Usage(0);
        var counters = _replay.Node.Counters(0);
        var pageBytes = _trace.Header.PageSize;
        var last = _timeline.Count > 0 ? _timeline[^1].Resident : 0;
        var accessed = _ledger.AccessedByColumn.ToArray();
        return new()
        {
            Rows = _trace.RowCount,
            Processes = _processes.Count,
            DurationMicroseconds = _trace.DurationMicroseconds,
            Operations = Enum.GetValues<OperationKind>().Where(kind => _totals[(int)kind].Rows > 0).ToDictionary(TraceFormat.NameOf, kind => _totals[(int)kind]),
            ZeroShare = _replay.ZeroShares,
            Metadata = _trace.Metadata,
            Details = new()
            {
                PageBytes = pageBytes,
                SamplingFraction = _trace.Header.SamplingFraction,
                Capability = Capabilities.NameOf(_trace.Header.Capability),
                LimitPages = _limitPages,
                ResidentPeakPages = Math.Max(usage.RssPeakBytes / pageBytes, last),
                ResidentMeanPages = usage.Microseconds > 0 ? usage.RssMeanBytes / pageBytes : last,
                SwappedOutPages = counters.SwapOuts + counters.ZeroSwapOuts,
                SwappedInPages = counters.SwapIns + counters.ZeroSwapIns,
                AccessedPages = _ledger.DistinctAccessed,
                Timeline = [.. _timeline.Select((point, column) => point with { Accessed = accessed[column] })],
                WorkingSet = WorkingSet(),
                AfterSwapIn = _swapIns.Result,
                Heatmap = AccessHeatmap.Of(_ledger, _windows, HeatmapRowsMax),
            },
        };
    }

    private List<WorkingSetPoint> WorkingSet()
    {
        var points = new List<WorkingSetPoint>();
        for (var level = 0; level < _windows.Levels && _trace.DurationMicroseconds > 0; level++)
        {
            // Whole windows only.
            var count = _windows.Count >> level;
            var pages = _ledger.Accessed(level)[..count].ToArray();
            points.Add(new(_windows.EndOf((count << level) - 1) / (ulong)count, count, pages.Average(), pages.Min(), pages.Max()));
        }

        // The longest windows joined in pairs leave out the end of the trace.
        var (duration, all) = (_trace.DurationMicroseconds, _ledger.DistinctAccessed);
        if (points.Count > 0 && points[^1].WindowMicroseconds < duration)
            points.Add(new(duration, 1, all, all, all));
        return points;
    }
}
