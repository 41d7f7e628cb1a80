using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>A figure of two traces; null where one has none.</summary>
/// <param name="Figure">Its name, with its denominator if it is a share.</param>
/// <param name="Unit"><c>bytes</c>, <c>us</c>, <c>1</c> for shares, otherwise what is counted.</param>
/// <param name="A">Of the first trace.</param>
/// <param name="B">Of the second trace.</param>
public sealed record FigureDifference(
    [property: JsonPropertyName("figure")] string Figure,
    [property: JsonPropertyName("unit")] string Unit,
    [property: JsonPropertyName("a")] double? A,
    [property: JsonPropertyName("b")] double? B)
{
    /// <summary>B minus A; null where one has none.</summary>
    [JsonPropertyName("difference")]
    public double? Difference => B - A;
}

/// <summary>The figures by which traces are compared: what <c>inspect</c> shows, as numbers.</summary>
public static class InspectionFigures
{
    /// <summary>Unit of shares.</summary>
    public const string Share = "1";

    /// <summary>Unit of sizes.</summary>
    public const string Bytes = "bytes";

    /// <summary>Unit of times, microseconds.</summary>
    public const string Time = "us";

    /// <summary>Figures of two traces, side by side.</summary>
    public static IReadOnlyList<FigureDifference> Compare(TraceInspection a, TraceInspection b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var (ofA, ofB) = (new Figures(a), new Figures(b));
        List<FigureDifference> figures =
        [
            new("rows", "rows", a.Rows, b.Rows),
            new("processes", "processes", a.Processes, b.Processes),
            new("duration", Time, a.DurationMicroseconds, b.DurationMicroseconds),
            new("resident, mean over time", Bytes, ofA.Size(ofA.Details.ResidentMeanPages), ofB.Size(ofB.Details.ResidentMeanPages)),
            new("resident, peak", Bytes, ofA.Size(ofA.Details.ResidentPeakPages), ofB.Size(ofB.Details.ResidentPeakPages)),
            new("zero-filled, of resident pages over time", Share, a.ZeroShare.ResidentPages, b.ZeroShare.ResidentPages),
            new("zero-filled, of pages swapped out", Share, a.ZeroShare.SwappedOutPages, b.ZeroShare.SwappedOutPages),
            new("zero-filled, of pages swapped in", Share, a.ZeroShare.SwappedInPages, b.ZeroShare.SwappedInPages),
            new("one word repeated, of resident pages", Share, ofA.Of(point => point.Repeated), ofB.Of(point => point.Repeated)),
            new("other data, of resident pages", Share, ofA.Of(point => point.Data), ofB.Of(point => point.Data)),
            new("not known, of resident pages", Share, ofA.Of(point => point.Unknown), ofB.Of(point => point.Unknown)),
            new("accessed at all", Bytes, ofA.Size(ofA.Details.AccessedPages), ofB.Size(ofB.Details.AccessedPages)),
        ];
        foreach (var window in Windows(a, b))
            figures.Add(new($"working set in {Seconds(window)} s", Bytes, ofA.WorkingSet(window), ofB.WorkingSet(window)));
        figures.Add(new("pages swapped out", "pages", ofA.Details.SwappedOutPages, ofB.Details.SwappedOutPages));
        figures.Add(new("pages swapped in", "pages", ofA.Details.SwappedInPages, ofB.Details.SwappedInPages));
        figures.Add(new("came back by a store, of zero-filled pages", Share, Stores(ofA.Details.AfterSwapIn.ZeroFilled), Stores(ofB.Details.AfterSwapIn.ZeroFilled)));
        figures.Add(new("came back by a store, of other pages", Share, Stores(ofA.Details.AfterSwapIn.Other), Stores(ofB.Details.AfterSwapIn.Other)));
        foreach (var operation in a.Operations.Keys.Union(b.Operations.Keys))
        {
            figures.Add(new($"{operation}, rows", "rows", a.Operations.GetValueOrDefault(operation).Rows, b.Operations.GetValueOrDefault(operation).Rows));
            figures.Add(new($"{operation}, pages", "pages", a.Operations.GetValueOrDefault(operation).Pages, b.Operations.GetValueOrDefault(operation).Pages));
        }

        return figures;
    }

    // The lengths at which the first was looked at, as far as the second reaches.
    private static IEnumerable<double> Windows(TraceInspection a, TraceInspection b)
    {
        var (ofA, ofB) = (a.Details!.WorkingSet, b.Details!.WorkingSet);
        return ofA.Count == 0 || ofB.Count == 0 ? [] : ofA.Select(point => (double)point.WindowMicroseconds)
            .Where(window => window >= ofB[0].WindowMicroseconds * 0.9 && window <= ofB[^1].WindowMicroseconds * 1.1);
    }

    private static string Seconds(double microseconds) => (microseconds / 1e6).ToString(microseconds >= 1e6 ? "0.#" : "0.######", System.Globalization.CultureInfo.InvariantCulture);

    private static double? Stores(FirstAccesses first) => first.Pages == 0 ? null : first.Stores / (double)first.Pages;

    private sealed class Figures(TraceInspection inspection)
    {
        public TraceDetails Details { get; } = inspection.Details ?? throw new ArgumentException("The details are missing.", nameof(inspection));

        public double Size(double pages) => pages * Details.PageBytes;

        /// <summary>Pages of a content as a share of resident pages, mean over the moments of the timeline.</summary>
        public double? Of(Func<TimelinePoint, long> content)
        {
            var resident = Details.Timeline.Sum(point => point.Resident);
            return resident == 0 || Details.Capability != Capabilities.NameOf(Capability.ContentKnown) ? null : Details.Timeline.Sum(content) / (double)resident;
        }

        /// <summary>The working set in a window between those looked at, taken as linear in the logarithm of the window's length.</summary>
        public double? WorkingSet(double window)
        {
            var points = Details.WorkingSet;
            var next = 0;
            while (next < points.Count && points[next].WindowMicroseconds < window)
                next++;
            if (next == 0)
                return Size(points[0].MeanPages);
            if (next == points.Count)
                return Size(points[^1].MeanPages);
            var (before, after) = (points[next - 1], points[next]);
            var share = Math.Log(window / before.WindowMicroseconds) / Math.Log((double)after.WindowMicroseconds / before.WindowMicroseconds);
            return Size(before.MeanPages + (share * (after.MeanPages - before.MeanPages)));
        }
    }
}
