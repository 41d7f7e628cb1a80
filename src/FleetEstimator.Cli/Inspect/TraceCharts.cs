using FleetEstimator.Reports.Charts;
using FleetEstimator.Traces;
using static FleetEstimator.Cli.TracePage;

namespace FleetEstimator.Cli;

/// <summary>The charts of a trace.</summary>
internal sealed class TraceCharts
{
    private const string NoDuration = "The trace is a snapshot: all of it happens at one time.";

    // Between address ranges further apart than this many pages a line is drawn.
    private const ulong FarApart = 1 << 14;

    private static readonly ChartAxis TimeAxis = new("since the start", Measure.Time);

    private readonly TraceInspection _inspection;
    private readonly TraceDetails _details;
    private readonly bool _isSnapshot;
    private readonly string _sampled;

    private TraceCharts(TraceInspection inspection)
    {
        (_inspection, _details) = (inspection, inspection.Details!);
        _isSnapshot = inspection.DurationMicroseconds == 0;
        _sampled = _details.SamplingFraction < 1 ? "sampled " : "";
    }

    /// <summary>All of them, in the order in which they are read.</summary>
    public static IEnumerable<Chart> Of(TraceInspection inspection)
    {
        var charts = new TraceCharts(inspection);
        return [charts._isSnapshot ? charts.ContentAtOnce() : charts.Content(), charts.ZeroShare(), charts.Accessed(), charts.WorkingSet(), charts.Heatmap(), charts.AfterSwapIn()];
    }

    private bool KnowsContent => _details.Capability == Capabilities.NameOf(Capability.ContentKnown);

    private string? Nothing => _inspection.Rows == 0 ? "The trace has no rows." : _isSnapshot ? NoDuration : null;

    private ShareChart ContentAtOnce()
    {
        var point = _details.Timeline is [var only] ? only : default;
        (string Name, long Pages)[] parts = KnowsContent
            ? [("zero-filled", point.Zero), ("one word repeated", point.Repeated), ("other data", point.Data), ("not known", point.Unknown)]
            : [("content not known", point.Resident)];
        return new()
        {
            Id = "content",
            Title = "Resident memory by content",
            Description = $"Distinct {_sampled}pages in memory at the time of the snapshot, by what they hold; pages that fork shares count once.",
            Nothing = _inspection.Rows == 0 ? "The trace has no rows." : point.Resident == 0 ? "Nothing was resident." : null,
            Parts = [.. parts.Select(part => part.Name)],
            Bars = [new($"{Bytes(point.Resident)} resident", [.. parts.Select(part => part.Pages / Math.Max(1.0, point.Resident))])],
            Table = new(["content", "resident"], [.. parts.Select(part => (IReadOnlyList<string>)[part.Name, WithShare(part.Pages, point.Resident)])]),
        };
    }

    private AreaChart Content()
    {
        var points = _details.Timeline;
        return new()
        {
            Id = "content",
            Title = "Resident memory by content",
            Description = $"Distinct {_sampled}pages in memory over time, by what they hold; pages that fork shares count once.",
            Across = TimeAxis,
            Up = new("resident", Measure.Bytes),
            ColumnEnds = [.. points.Select(point => (double)point.TimeMicroseconds)],
            Layers = KnowsContent
                ?
                [
                    Layer("zero-filled", point => point.Zero), Layer("one word repeated", point => point.Repeated), Layer("other data", point => point.Data),
                    Layer("not known", point => point.Unknown),
                ]
                : [Layer("content not known", point => point.Resident)],
            Table = new(
                ["until", "resident", "zero-filled", "one word repeated", "other data", "not known"],
                Rows(point => [Bytes(point.Resident), .. Contents(point).Select(pages => KnowsContent ? WithShare(pages, point.Resident) : "not known")])),
        };
    }

    private LineChart ZeroShare() => new()
    {
        Id = "zero-share",
        Title = "Zero-filled share of resident pages",
        Description = $"Zero-filled pages as a share of all {_sampled}pages in memory at the time.",
        Nothing = Nothing ?? (!KnowsContent ? "The trace does not know what pages hold." : _details.ResidentPeakPages == 0 ? "Nothing was resident." : null),
        Across = TimeAxis,
        Up = new("of resident pages", Measure.Share),
        Lines = [Line("zero-filled", point => point.Resident == 0 ? 0 : (double)point.Zero / point.Resident)],
        Table = new(["until", "zero-filled, of resident pages"], Rows(point => [WithShare(point.Zero, point.Resident)])),
    };

    private LineChart Accessed() => new()
    {
        Id = "accessed",
        Title = "Memory in use over time",
        Description = $"Memory resident, and distinct {_sampled}pages accessed in the {Interval()} before. Pages that fork shares count once as resident, "
            + "and for each process as accessed.",
        Nothing = Nothing,
        Across = TimeAxis,
        Up = new("", Measure.Bytes),
        Lines = [Line("resident", point => point.Resident * (double)_details.PageBytes), Line("accessed", point => point.Accessed * (double)_details.PageBytes)],
        Table = new(["until", "resident", "accessed"], Rows(point => [Bytes(point.Resident), Bytes(point.Accessed)])),
    };

    private LineChart WorkingSet()
    {
        var points = _details.WorkingSet;
        return new()
        {
            Id = "working-set",
            Title = "Working set by length of window",
            Description = $"Distinct {_sampled}pages, by process and address, accessed within a window: the mean over windows of that length, and from the fewest to the most.",
            Nothing = Nothing ?? (_details.AccessedPages == 0 ? "The trace has no accesses." : null),
            Across = new("length of window", Measure.Time, Logarithmic: true),
            Up = new("accessed", Measure.Bytes),
            Lines = [new("mean", [.. points.Select(point => new ChartPoint(
                point.WindowMicroseconds, point.MeanPages * _details.PageBytes, ((double)point.LeastPages * _details.PageBytes, (double)point.MostPages * _details.PageBytes)))])],
            Table = new(
                ["window", "windows", "mean", "fewest", "most"],
                [.. points.Select(point => (IReadOnlyList<string>)
                    [
                        Measures.Text(point.WindowMicroseconds, Measure.Time), Count(point.Windows), Bytes((long)point.MeanPages), Bytes(point.LeastPages), Bytes(point.MostPages),
                    ])]),
        };
    }

    private HeatChart Heatmap()
    {
        var heatmap = _details.Heatmap;
        return new()
        {
            Id = "heatmap",
            Title = "Where and when memory is accessed",
            Description = $"Each row is a stretch of {_sampled}memory that was ever in use, processes in the order they appeared, then by address; gaps are left out. A new name marks "
                + $"another process, or an address more than {Measures.Text(FarApart * (double)_details.PageBytes, Measure.Bytes)} further on.",
            Nothing = Nothing ?? (_details.AccessedPages == 0 ? "The trace has no accesses." : null),
            Across = TimeAxis,
            ColumnEnds = [.. heatmap.ColumnEnds.Select(end => (double)end)],
            Rows = [.. heatmap.Rows.Select(row => (IReadOnlyList<double>)[.. row.Accessed.Select(pages => (double)pages / row.Pages)])],
            Bands = Bands(heatmap.Rows),
            Full = "of the row's pages accessed",
            Table = new(
                ["from", "pages ever in use", "accessed per column: mean", "most"],
                [.. heatmap.Rows.Select(row => (IReadOnlyList<string>)
                    [
                        $"process {row.FirstProcess}, {Address(row.FirstPage)}", Count(row.Pages), Measures.Text(row.Accessed.Average() / row.Pages, Measure.Share),
                        Measures.Text((double)row.Accessed.Max() / row.Pages, Measure.Share),
                    ])]),
        };
    }

    private ShareChart AfterSwapIn()
    {
        var mix = _details.AfterSwapIn;
        var notStored = mix.ZeroFilled.Loads + mix.ZeroFilled.NotKnown;
        var later = notStored == 0 ? "" : $" Of the {Count(notStored)} zero-filled pages that did not come back by a store, {Count(mix.ZeroFilledStoredLater)} "
            + $"({Measures.Text((double)mix.ZeroFilledStoredLater / notStored, Measure.Share)}) were stored to later.";
        return new()
        {
            Id = "after-swap-in",
            Title = "First access after swap-in",
            Description = "Pages that came back from swap, by the access that brought them back; a page counts each time. A zero-filled page that comes back by a load needs no memory "
                + "if the zero page is mapped; one that comes back by a store does." + later,
            Nothing = mix.Pages > 0 ? null : _details.LimitPages > 0
                ? "No page came back from swap under this limit."
                : "No page came back from swap in this trace. With --limit 70% the model shows what would under a memory limit.",
            Parts = ["load", "not known which", "store"],
            Bars = [Bar("zero-filled pages", mix.ZeroFilled), Bar("other pages", mix.Other)],
            Table = mix.Pages == 0 ? ChartTable.Empty : new(
                ["pages that came back", "all", "by a load", "not known which", "by a store"],
                [Row("zero-filled", mix.ZeroFilled), Row("other", mix.Other)]),
        };

        ShareBar Bar(string name, FirstAccesses first) => new(
            $"{name}: {Count(first.Pages)} came back",
            first.Pages == 0 ? [] : [first.Loads / (double)first.Pages, first.NotKnown / (double)first.Pages, first.Stores / (double)first.Pages]);

        IReadOnlyList<string> Row(string name, FirstAccesses first) =>
            [name, Count(first.Pages), CountWithShare(first.Loads, first.Pages), CountWithShare(first.NotKnown, first.Pages), CountWithShare(first.Stores, first.Pages)];
    }

    private List<HeatBand> Bands(IReadOnlyList<HeatmapRow> rows)
    {
        var bands = new List<HeatBand>();
        for (var index = 0; index < rows.Count; index++)
        {
            var (row, before) = (rows[index], index == 0 ? null : rows[index - 1]);
            if (before is { } && before.LastProcess == row.FirstProcess && before.FirstProcess == row.LastProcess && row.FirstPage - before.EndPage < FarApart)
                bands[^1] = bands[^1] with { Rows = bands[^1].Rows + 1 };
            else if (row.FirstProcess != row.LastProcess)
                bands.Add(new($"{row.FirstProcess} to {row.LastProcess}", 1));
            else
                bands.Add(new(before is null || before.LastProcess != row.FirstProcess ? $"process {row.FirstProcess}" : Address(row.FirstPage), 1));
        }

        return bands;
    }

    private string Address(ulong page) => $"0x{(UInt128)page * (ulong)_details.PageBytes:x}";

    private static IEnumerable<long> Contents(TimelinePoint point) => [point.Zero, point.Repeated, point.Data, point.Unknown];

    private static string CountWithShare(long part, long whole) => whole == 0 ? "0" : $"{Count(part)} ({Measures.Text((double)part / whole, Measure.Share)})";

    private string WithShare(long pages, long whole) => whole == 0 ? "0" : $"{Bytes(pages)} ({Measures.Text((double)pages / whole, Measure.Share)})";

    private string Bytes(long pages) => TracePage.Bytes(pages, _details);

    private string Interval()
    {
        var points = _details.Timeline;
        return _isSnapshot ? "time" : $"{Measures.Text(_inspection.DurationMicroseconds / (double)points.Count, Measure.Time)}";
    }

    private ChartLayer Layer(string name, Func<TimelinePoint, long> pages) => new(name, [.. _details.Timeline.Select(point => (double)pages(point) * _details.PageBytes)]);

    private ChartLine Line(string name, Func<TimelinePoint, double> value) => new(name, [.. _details.Timeline.Select(point => new ChartPoint(point.TimeMicroseconds, value(point)))]);

    private IReadOnlyList<IReadOnlyList<string>> Rows(Func<TimelinePoint, IReadOnlyList<string>> cells) =>
        [.. _details.Timeline.Select(point => (IReadOnlyList<string>)[Measures.Text(point.TimeMicroseconds, Measure.Time), .. cells(point)])];
}
