using System.Globalization;

namespace FleetEstimator.Traces;

/// <summary>The header as the schema metadata of the Arrow file: the keys, and how each value is written.</summary>
internal static class TraceMetadata
{
    public const string LabelPrefix = "label.";

    /// <summary>Every key and value of <paramref name="header"/>, in the order the format lists them, labels last in ordinal order.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Write(TraceHeader header)
    {
        List<KeyValuePair<string, string>> pairs =
        [
            new("fleet-estimator.format", TraceFormat.Name),
            new("fleet-estimator.version", TraceFormat.Version),
            new("page_size", header.PageSize.ToString(CultureInfo.InvariantCulture)),
            new("recorded_at", header.RecordedAt.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture)),
            new("recorder", header.Recorder),
            new("kernel_release", header.KernelRelease),
            new("node", header.Node),
            new("memory_bytes", header.MemoryBytes.ToString(CultureInfo.InvariantCulture)),
            new("swap_bytes", header.SwapBytes.ToString(CultureInfo.InvariantCulture)),
            new("access_source", header.AccessSource),
            new("interval_us", header.IntervalMicroseconds.ToString(CultureInfo.InvariantCulture)),
            new("sampling_fraction", header.SamplingFraction.ToString("R", CultureInfo.InvariantCulture)),
            new("fingerprint", header.Fingerprint),
            new("codec", header.Codec),
        ];
        foreach (var (name, value) in header.Labels.OrderBy(label => label.Key, StringComparer.Ordinal))
            pairs.Add(new(LabelPrefix + name, value));
        return pairs;
    }
}
