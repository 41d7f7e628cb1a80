using System.Globalization;
using System.Numerics;

namespace FleetEstimator.Traces;

/// <summary>The header as the schema metadata of the Arrow file: the keys, and how each value is written and read.</summary>
internal static class TraceMetadata
{
    private const string LabelPrefix = "label.";
    private const string CapabilityKey = LabelPrefix + Capabilities.Label;
    private const string Format = "fleet-estimator.format";
    private const string Version = "fleet-estimator.version";

    // RFC 3339 in the two parts that .NET parses; the fraction may have any number of digits.
    private const string SecondsFormat = "yyyy-MM-dd'T'HH:mm:ss";

    /// <summary>Every key and value of <paramref name="header"/>, in the order the format lists them, labels last in ordinal order.</summary>
    /// <exception cref="ArgumentException">A value is none that a trace can have.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Write(TraceHeader header)
    {
        List<KeyValuePair<string, string>> pairs =
        [
            new(Format, TraceFormat.Name),
            new(Version, TraceFormat.Version),
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
            new(CapabilityKey, Capabilities.NameOf(header.Capability)),
        ];
        foreach (var (name, value) in header.Labels.OrderBy(label => label.Key, StringComparer.Ordinal))
            pairs.Add(new(LabelPrefix + name, value));
        try
        {
            // One set of rules: what the reader would refuse is not written.
            Read(pairs, "header");
        }
        catch (TraceException exception)
        {
            throw new ArgumentException(exception.Message, nameof(header), exception);
        }

        return pairs;
    }

    /// <summary>Whether metadata says that it is a trace's.</summary>
    public static bool IsTrace(IReadOnlyDictionary<string, string> metadata) => metadata.TryGetValue(Format, out var name) && name == TraceFormat.Name;

    /// <summary>Reads the metadata of a file. Keys the format does not know are ignored.</summary>
    /// <exception cref="TraceException">A key is missing, stands there twice, or has a value that is none.</exception>
    public static TraceHeader Read(IReadOnlyList<KeyValuePair<string, string>> metadata, string filePath)
    {
        var values = new Values(metadata, filePath);
        values.Expect(Format, TraceFormat.Name, "Only page-content traces can be read; convert the file first");
        values.Expect(Version, TraceFormat.Version, "Write the trace in version 1, or read it with a newer version of this program");
        return new()
        {
            PageSize = values.PageSize("page_size"),
            RecordedAt = values.Time("recorded_at"),
            Recorder = values.Text("recorder"),
            KernelRelease = values.Text("kernel_release"),
            Node = values.Text("node"),
            MemoryBytes = values.Whole("memory_bytes"),
            SwapBytes = values.Whole("swap_bytes"),
            AccessSource = values.Text("access_source"),
            IntervalMicroseconds = values.Whole("interval_us"),
            SamplingFraction = values.Fraction("sampling_fraction"),
            Fingerprint = values.Text("fingerprint"),
            Codec = values.Text("codec"),
            Capability = values.Capability(),
            Labels = values.Labels(),
        };
    }

    private sealed class Values(IReadOnlyList<KeyValuePair<string, string>> metadata, string filePath)
    {
        private readonly ILookup<string, string> _values = metadata.ToLookup(pair => pair.Key, pair => pair.Value);

        public void Expect(string key, string expected, string remedy)
        {
            if (Required(key) is var value && value != expected)
                throw Fail(key, $"the value is \"{value}\", not \"{expected}\"", remedy);
        }

        public string Text(string key)
        {
            var text = Required(key);
            return string.IsNullOrWhiteSpace(text) ? throw Fail(key, "the value is empty", "Write a value that is not empty") : text;
        }

        public long Whole(string key)
        {
            var text = Required(key);
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw Fail(key, $"\"{text}\" is not a whole number from 0 to {long.MaxValue}", "Write decimal digits only");
        }

        public int PageSize(string key)
        {
            var size = Whole(key);
            return size is >= TraceFormat.PageSizeMin and <= TraceFormat.PageSizeMax && BitOperations.IsPow2(size)
                ? (int)size
                : throw Fail(
                    key,
                    $"{size} bytes is not a power of two from {TraceFormat.PageSizeMin} to {TraceFormat.PageSizeMax}",
                    "Write the page size of the recorded node, on most machines 4096");
        }

        public double Fraction(string key)
        {
            var text = Required(key);
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1
                ? number
                : throw Fail(key, $"\"{text}\" is not a number above 0 and up to 1", "Write the share of pages recorded, 1 for every page");
        }

        public DateTimeOffset Time(string key)
        {
            var text = Required(key);
            return TryTime(text.ToUpperInvariant(), out var time)
                ? time
                : throw Fail(key, $"\"{text}\" is not a time after RFC 3339", "Write it like 2025-01-31T23:59:59Z, with the offset from UTC");
        }

        public Capability Capability()
        {
            if (!_values.Contains(CapabilityKey))
                return Traces.Capability.ContentKnown;
            var text = Required(CapabilityKey);
            return Capabilities.Find(text) ?? throw Fail(
                CapabilityKey, $"\"{text}\" is not a capability", $"Write one of {string.Join(", ", Capabilities.Names)}, or leave the key out for content-known");
        }

        public Dictionary<string, string> Labels() => _values
            .Where(pair => pair.Key.StartsWith(LabelPrefix, StringComparison.Ordinal) && pair.Key != CapabilityKey)
            .ToDictionary(pair => pair.Key[LabelPrefix.Length..], pair => Required(pair.Key));

        // "2025-01-31T23:59:59.123456789+01:00": seconds, an optional fraction of which .NET keeps seven digits, Z or an offset.
        private static bool TryTime(string text, out DateTimeOffset time)
        {
            time = default;
            const int secondsLength = 19;
            if (text.Length <= secondsLength || text[10] is not ('T' or ' '))
                return false;
            var seconds = $"{text[..10]}T{text[11..secondsLength]}";
            var rest = text.AsSpan(secondsLength);
            var fraction = ReadOnlySpan<char>.Empty;
            if (rest[0] == '.')
            {
                var digits = rest[1..].IndexOfAnyExceptInRange('0', '9');
                if (digits <= 0)
                    return false;
                fraction = rest.Slice(1, Math.Min(digits, 7));
                rest = rest[(1 + digits)..];
            }

            if (rest is not ("Z" or [('+' or '-'), _, _, ':', _, _]))
                return false;
            var normalised = $"{seconds}.{fraction}{new string('0', 7 - fraction.Length)}{(rest is "Z" ? "+00:00" : rest)}";
            return DateTimeOffset.TryParseExact(
                normalised, SecondsFormat + ".fffffffzzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
        }

        private string Required(string key) => _values[key].ToList() switch
        {
            [] => throw Fail(key, "the key is missing", $"Add {key} to the schema metadata of the file"),
            [var value] => value,
            _ => throw Fail(key, "the key stands there several times", "Keep one of them"),
        };

        private TraceException Fail(string key, string problem, string remedy) => new(filePath, null, $"metadata {key}", problem, remedy);
    }
}
