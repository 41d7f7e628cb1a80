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
            ("digest", false), ("class", false), ("node", false), ("kernel", false), ("recorded", false), ("duration", true), ("rows", true), ("stored", true), ("zero", true), ("labels", false));
        foreach (var entry in entries)
        {
            table.Row(
                Short(entry), entry.Class ?? "-", entry.Node, entry.KernelRelease, entry.RecordedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
                Duration(entry.DurationMicroseconds), entry.Rows.ToString("N0", CultureInfo.InvariantCulture), Size(entry.StoredBytes), Share(entry.ContentPages.ZeroShare),
                string.Join(' ', entry.Labels.Where(label => label.Key != CatalogueEntry.ClassLabel).Select(label => $"{label.Key}={label.Value}")));
        }

        var (zero, known) = entries.Aggregate((Zero: 0.0, Known: 0.0), (sum, entry) =>
            (sum.Zero + entry.ContentPages.Zero, sum.Known + entry.ContentPages.Zero + entry.ContentPages.Repeated + entry.ContentPages.Data));
        return $"{table}\n\n{entries.Count:N0} traces of {entries.Select(entry => entry.Node).Distinct(StringComparer.Ordinal).Count():N0} nodes, {Size(entries.Sum(entry => entry.StoredBytes))}. "
            + $"zero: zero-filled pages as a share of those whose content a trace states, each time it states it; of all together {Share(known > 0 ? zero / known : null)}. Times are UTC.";
    }
}
