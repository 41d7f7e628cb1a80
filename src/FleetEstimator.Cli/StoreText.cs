using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary>Catalogue entries as people read them.</summary>
internal static class StoreText
{
    private const int ShortDigits = 12;

    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The beginning of a trace's digest, enough to name it.</summary>
    public static string Short(CatalogueEntry entry) => entry.Digest[..ShortDigits];

    /// <summary>A size to about three digits.</summary>
    public static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var (value, unit) = ((double)bytes, 0);
        for (; value >= 1000 && unit < units.Length - 1; unit++)
            value /= 1024;
        return $"{value.ToString(unit == 0 ? "0" : value < 10 ? "0.00" : value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture)} {units[unit]}";
    }

    /// <summary>A length of time to its second.</summary>
    public static string Duration(ulong microseconds)
    {
        var seconds = microseconds / 1e6;
        return seconds < 120 ? $"{seconds.ToString("0.0", CultureInfo.InvariantCulture)} s"
            : seconds < 7200 ? $"{(seconds / 60).ToString("0.0", CultureInfo.InvariantCulture)} min"
            : $"{(seconds / 3600).ToString("0.0", CultureInfo.InvariantCulture)} h";
    }

    /// <summary>A share in percent, or a dash.</summary>
    public static string Share(double? share) => share is { } value ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture) + "%" : "-";

    /// <summary>Several entries, one a line.</summary>
    public static string List(IReadOnlyList<CatalogueEntry> entries)
    {
        var table = new ColumnText(
            ("digest", false), ("class", false), ("node", false), ("kernel", false), ("recorded", false), ("duration", true), ("rows", true), ("stored", true),
            ("zero/resident", true), ("zero/out", true), ("zero/in", true), ("labels", false));
        foreach (var entry in entries)
        {
            table.Row(
                Short(entry), entry.Class ?? "-", entry.Node, entry.KernelRelease, Time(entry.RecordedAt),
                Duration(entry.DurationMicroseconds), entry.Rows.ToString("N0", CultureInfo.InvariantCulture), Size(entry.StoredBytes),
                ZeroShare(entry, shares => shares.ResidentPages, "?", "-"), ZeroShare(entry, shares => shares.SwappedOutPages, "?", "-"), ZeroShare(entry, shares => shares.SwappedInPages, "?", "-"),
                LabelsOf(entry));
        }

        var unknown = entries.Count(entry => entry.ZeroShare is null);
        return $"{table}\n\n{entries.Count:N0} traces of {entries.Select(entry => entry.Node).Distinct(StringComparer.Ordinal).Count():N0} nodes, {Size(entries.Sum(entry => entry.StoredBytes))}. Times are UTC.\n"
            + "Zero-filled pages, as a share of resident pages over time, of pages swapped out and of pages swapped in, as inspect finds them: by the trace's own limits and\n"
            + "page-outs. - no such pages, ? not known"
            + (unknown == 0 ? "." : $"; of {unknown:N0} traces because an earlier version ingested them (store verify finds it out) or they touch more than 512 GiB.");
    }

    /// <summary>All that is known of an entry, a line each.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="file">Where its trace lies.</param>
    /// <param name="countersFile">Where its counters lie; null if it has none.</param>
    public static string Show(CatalogueEntry entry, string file, string? countersFile)
    {
        var lines = new ColumnText(("digest", false), (entry.Digest, false));
        lines.Row("class", entry.Class ?? "-");
        lines.Row("node", entry.Node);
        lines.Row("kernel", entry.KernelRelease);
        lines.Row("memory, swap", $"{Size(entry.MemoryBytes)}, {Size(entry.SwapBytes)}");
        lines.Row("recorded", $"{Time(entry.RecordedAt)} UTC, for {Duration(entry.DurationMicroseconds)}, by {entry.Recorder}");
        lines.Row("accesses from", $"{entry.AccessSource}, {(entry.IntervalMicroseconds > 0 ? $"every {Duration((ulong)entry.IntervalMicroseconds)}" : "exact times")}");
        lines.Row("pages", $"{entry.PageSize} B each, {Share(entry.SamplingFraction)} of them recorded");
        lines.Row("capability", entry.Capability);
        lines.Row("fingerprint, codec", $"{entry.Fingerprint}, {entry.Codec}");
        lines.Row("rows", entry.Rows.ToString("N0", CultureInfo.InvariantCulture));
        lines.Row("zero-filled, of resident pages over time", ZeroShare(entry, shares => shares.ResidentPages, "not known", "none were"));
        lines.Row("zero-filled, of pages swapped out", ZeroShare(entry, shares => shares.SwappedOutPages, "not known", "none were"));
        lines.Row("zero-filled, of pages swapped in", ZeroShare(entry, shares => shares.SwappedInPages, "not known", "none were"));
        lines.Row("labels", LabelsOf(entry) is { Length: > 0 } labels ? labels : "-");
        lines.Row("ingested", $"{Time(entry.IngestedAt)} UTC from {entry.Source.Name}, {Size(entry.Source.Bytes)}, SHA-256 {entry.Source.Digest}");
        lines.Row("trace", $"{file}, {Size(entry.StoredBytes)}");
        lines.Row("counters", entry.Counters is { } counters ? $"{countersFile}, {Size(counters.Bytes)}, {counters.Samples:N0} samples" : "-");
        return entry.ZeroShare is null ? $"{lines}\n\nThe zero-filled shares are not known because an earlier version ingested the trace (store verify finds them out) or it touches more than 512 GiB." : lines.ToString();
    }

    private static string ZeroShare(CatalogueEntry entry, Func<ZeroShares, double?> of, string notKnown, string none) =>
        entry.ZeroShare is not { } shares || entry.Capability != Capabilities.NameOf(Capability.ContentKnown) ? notKnown
            : of(shares) is { } share ? Share(share) : none;

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string LabelsOf(CatalogueEntry entry) =>
        string.Join(' ', entry.Labels.Where(label => label.Key != CatalogueEntry.ClassLabel).Select(label => $"{label.Key}={label.Value}"));
}
