using FleetEstimator.Reports;
using FleetEstimator.Reports.Charts;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary>Says how two traces differ.</summary>
internal static class DiffPage
{
    private static readonly ChartAxis TimeAxis = new("since the start", Measure.Time);

    public static ChartPage Of(Trace a, TraceInspection ofA, Trace b, TraceInspection ofB, TraceDiff diff)
    {
        var (nameOfA, nameOfB) = Names(a.FilePath, b.FilePath);
        (string Name, TraceDetails Details)[] both = [(nameOfA, ofA.Details!), (nameOfB, ofB.Details!)];
        return new()
        {
            Title = $"{nameOfA} and {nameOfB}",
            Kind = "two traces",
            Facts = [("A", a.FilePath), ("B", b.FilePath), ("Rows", Sameness(diff))],
            Notes =
            [
                .. TracePage.Notes(a.Header, ofA.Details!).Select(note => "A: " + note),
                .. TracePage.Notes(b.Header, ofB.Details!).Select(note => "B: " + note),
                .. ofA.Details!.LimitPages > 0
                    ? new[] { $"Both were replayed as linux-6.12 on zram under a memory limit of {TracePage.Bytes(ofA.Details.LimitPages, ofA.Details)}: what is resident and what is swapped is the model's answer, not what was recorded." }
                    : [],
            ],
            Charts = Charts(both),
            Tables =
            [
                ("Figures", new(["figure", "A", "B", "B - A"], [.. diff.Figures.Select(Row)])),
                .. diff.FirstDifference is { A: { } rowOfA, B: { } rowOfB } difference
                    ? new[] { ($"Row {TracePage.Count(difference.Row)}, the first that differs", new ChartTable(["column", "A", "B"], [.. Columns(rowOfA, rowOfB)])) }
                    : [],
                .. diff.Metadata.Count == 0 ? [] : new[]
                {
                    ("Metadata that differ", new ChartTable(["key", "A", "B"], [.. diff.Metadata.Select(pair =>
                        (IReadOnlyList<string>)[pair.Key, Shorten(pair.Value.A), Shorten(pair.Value.B)])])),
                },
            ],
        };
    }

    private static (string, string) Names(string a, string b)
    {
        var (nameOfA, nameOfB) = (Path.GetFileName(a), Path.GetFileName(b));
        return nameOfA == nameOfB ? ($"A: {nameOfA}", $"B: {nameOfB}") : (nameOfA, nameOfB);
    }

    private static string Sameness(TraceDiff diff) => diff.FirstDifference switch
    {
        null => "the same, every column of every row",
        { A: null } end => $"the same up to row {TracePage.Count(end.Row)} (the first is 0), where A ends",
        { B: null } end => $"the same up to row {TracePage.Count(end.Row)} (the first is 0), where B ends",
        var difference => $"differ from row {TracePage.Count(difference.Row)} on (the first is 0)",
    };

    private static IEnumerable<IReadOnlyList<string>> Columns(RowValues a, RowValues b) =>
    [
        ["time_us", $"{a.Time}", $"{b.Time}"],
        ["op", a.Operation, b.Operation],
        ["process", $"{a.Process}", $"{b.Process}"],
        ["page", $"{a.Page}", $"{b.Page}"],
        ["pages", $"{a.Pages}", $"{b.Pages}"],
        ["content", $"{a.Content}", $"{b.Content}"],
        ["fill", $"{a.Fill}", $"{b.Fill}"],
        ["compressed_bytes", $"{a.CompressedBytes}", $"{b.CompressedBytes}"],
    ];

    private static LineChart[] Charts((string Name, TraceDetails Details)[] both)
    {
        var nothing = both.All(trace => trace.Details.WorkingSet.Count > 0) ? null : "One of the traces has no rows, or no duration.";
        var noContent = nothing ?? (both.All(trace => trace.Details.Capability == Capabilities.NameOf(Capability.ContentKnown)) ? null : "One of the traces does not know what pages hold.");
        return
        [
            Chart("resident", "Resident memory", "Distinct pages in memory over time.", new("resident", Measure.Bytes), nothing,
                details => details.Timeline.Select(point => new ChartPoint(point.TimeMicroseconds, (double)point.Resident * details.PageBytes))),
            Chart("zero-share", "Zero-filled share of resident pages", "Zero-filled pages as a share of all pages in memory at the time.", new("of resident pages", Measure.Share), noContent,
                details => details.Timeline.Select(point => new ChartPoint(point.TimeMicroseconds, point.Resident == 0 ? 0 : (double)point.Zero / point.Resident))),
            Chart("working-set", "Working set by length of window", "Distinct pages accessed within a window, mean over windows of that length.", new("accessed", Measure.Bytes), nothing,
                details => details.WorkingSet.Select(point => new ChartPoint(point.WindowMicroseconds, point.MeanPages * details.PageBytes)),
                new("length of window", Measure.Time, Logarithmic: true)),
        ];

        LineChart Chart(string id, string title, string description, ChartAxis up, string? nothing, Func<TraceDetails, IEnumerable<ChartPoint>> points, ChartAxis? across = null)
        {
            List<ChartLine> lines = nothing is null ? [.. both.Select(trace => new ChartLine(trace.Name, [.. points(trace.Details)]))] : [];
            return new()
            {
                Id = id,
                Title = title,
                Description = description,
                Nothing = nothing,
                Across = across ?? TimeAxis,
                Up = up,
                Lines = lines,
                Table = new(
                    ["trace, at", "value"],
                    [.. lines.SelectMany(line => line.Points.Select(point => (IReadOnlyList<string>)
                        [$"{line.Name}, {Measures.Text(point.X, Measure.Time)}", Measures.Text(point.Y, up.Measure)]))]),
            };
        }
    }

    internal static IReadOnlyList<string> Row(FigureDifference figure) =>
        [figure.Figure, Text(figure.A, figure.Unit), Text(figure.B, figure.Unit), Difference(figure)];

    internal static string Text(double? value, string unit) => value is not { } figure ? "none" : unit switch
    {
        InspectionFigures.Share => Measures.Text(figure, Measure.Share),
        InspectionFigures.Bytes => Measures.Text(figure, Measure.Bytes),
        InspectionFigures.Time => Measures.Text(figure, Measure.Time),
        _ => FigureFormat.Count((long)figure),
    };

    private static string Difference(FigureDifference figure)
    {
        if (figure.Difference is not { } difference)
            return "";
        if (difference == 0)
            return "same";
        var sign = difference > 0 ? "+" : "−";
        if (figure.Unit == InspectionFigures.Share)
            return $"{sign}{Math.Abs(difference) * 100:0.00} points";
        if (figure.A is 0 or null)
            return sign + Text(Math.Abs(difference), figure.Unit);
        var percent = Math.Abs(difference / figure.A.Value) * 100;
        return percent < 0.05 ? $"{sign}<0.1%" : $"{sign}{percent:0.0}%";
    }

    private static string Shorten(string? value) => value is null ? "none" : value.Length <= 40 ? value : value[..37] + "...";
}
