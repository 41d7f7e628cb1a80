using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FleetEstimator.Traces;

/// <summary>
/// The kernel's counters of one recorded node over time, in memory. Immutable. The file stands beside a trace (<see cref="PathBeside"/>): JSON Lines, first the
/// header, then a sample a line in order of time. It was checked when it was loaded.
/// </summary>
public sealed class CounterFile
{
    private const string DamageRemedy = "Write one JSON object a line: the header, then samples; or copy the file again";

    private CounterFile(string filePath, string digest, CounterHeader header, IReadOnlyList<CounterSample> samples, bool isCutShort) =>
        (FilePath, Digest, Header, Samples, IsCutShort) = (filePath, digest, header, samples, isCutShort);

    /// <summary>The file it was loaded from, as the user gave it.</summary>
    public string FilePath { get; }

    /// <summary>SHA-256 of the file's bytes, 64 lower-case hexadecimal digits: what <c>sha256sum</c> prints.</summary>
    public string Digest { get; }

    /// <summary>What the file says about itself and its node.</summary>
    public CounterHeader Header { get; }

    /// <summary>The samples in order of time; possibly none.</summary>
    public IReadOnlyList<CounterSample> Samples { get; }

    /// <summary>Whether the last line was not whole, and was left out: the recorder was killed or its disk was full.</summary>
    public bool IsCutShort { get; }

    /// <summary>Where the counters of a trace are: X.counters.jsonl beside X.arrow.</summary>
    public static string PathBeside(string tracePath)
    {
        ArgumentNullException.ThrowIfNull(tracePath);
        const string traceSuffix = ".arrow";
        return (tracePath.EndsWith(traceSuffix, StringComparison.Ordinal) ? tracePath[..^traceSuffix.Length] : tracePath) + ".counters.jsonl";
    }

    /// <summary>Reads and checks a counters file. A last line that was cut short is left out.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What may be spent on it; <see cref="CounterLimits.Default"/> if null.</param>
    /// <exception cref="TraceException">The file cannot be read, is not a counters file, is damaged, or exceeds a limit.</exception>
    public static CounterFile Load(string path, CounterLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Load(path, path, limits ?? CounterLimits.Default);
    }

    /// <summary>Reads and checks a counters file that messages call <paramref name="path"/>.</summary>
    internal static CounterFile Load(string file, string path, CounterLimits limits) => Opened(file, path, stream => Read(stream, path, limits));

    /// <summary>SHA-256 of a file.</summary>
    /// <exception cref="TraceException">It cannot be read.</exception>
    internal static string DigestOf(string path) => Opened(path, path, stream => Convert.ToHexStringLower(SHA256.HashData(stream)));

    /// <summary>Reads counters from <paramref name="stream"/>; <paramref name="path"/> is for messages.</summary>
    internal static CounterFile Read(Stream stream, string path, CounterLimits limits)
    {
        using var hash = SHA256.Create();
        using var digested = new CryptoStream(stream, hash, CryptoStreamMode.Read, leaveOpen: true);
        var lines = new CounterLines(digested, path, limits.LineBytesMax);
        var header = ReadHeader(lines, path);
        var (samples, isCutShort) = ReadSamples(lines, path, limits);
        return new(path, Convert.ToHexStringLower(hash.Hash!), header, samples, isCutShort);
    }

    private static T Opened<T>(string file, string path, Func<Stream, T> read)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            return read(stream);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TraceException(
                path, null, null, $"the file cannot be read: {exception.Message.TrimEnd('.')}", "Give the path of a counters file that can be read", exception);
        }
    }

    private static (IReadOnlyList<CounterSample> Samples, bool IsCutShort) ReadSamples(CounterLines lines, string path, CounterLimits limits)
    {
        var samples = new List<CounterSample>();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var valuesLeft = limits.ValuesMax;
        while (lines.TryRead(out var line))
        {
            if (Parse(line, lines, path, CounterJson.Default.CounterSample) is not { } sample)
                return (samples, IsCutShort: true);
            Check(sample, samples.Count == 0 ? 0 : samples[^1].TimeMicroseconds, lines.Number, path);
            // A sample without values takes memory, too.
            valuesLeft -= 8 + sample.Vmstat.Count + (sample.Cgroups?.Values.Sum(cgroup => 8 + cgroup.Count) ?? 0);
            if (valuesLeft < 0)
                throw TraceException.AtLine(path, lines.Number, null, $"with it the file has more than {limits.ValuesMax} values", "Split the file, or leave samples out");
            samples.Add(Pooled(sample, names));
        }

        return (samples, IsCutShort: false);
    }

    private static CounterHeader ReadHeader(CounterLines lines, string path)
    {
        if (!lines.TryRead(out var line) || Parse(line, lines, path, CounterJson.Default.CounterHeader) is not { } header)
            throw TraceException.AtLine(path, 1, null, "there is no header: the file is empty or cut short", "Record the node again");
        var (field, problem) = header switch
        {
            { Format: not CounterHeader.FormatName } => ("format", $"the value is \"{header.Format}\", not \"{CounterHeader.FormatName}\""),
            { Version: not CounterHeader.FormatVersion } => ("version", $"the value is {header.Version}, not {CounterHeader.FormatVersion}"),
            { Node: "" } => ("node", "the value is empty"),
            { PageSize: < TraceFormat.PageSizeMin or > TraceFormat.PageSizeMax } => ("page_size", $"{header.PageSize} bytes is no page size"),
            { MemoryBytes: < 0 } => ("memory_bytes", $"{header.MemoryBytes} bytes is less than none"),
            { SwapBytes: < 0 } => ("swap_bytes", $"{header.SwapBytes} bytes is less than none"),
            _ when header.Settings.FirstOrDefault(setting => setting.Value is null).Key is { } name => ($"settings.{name}", "the value is null"),
            _ => default,
        };
        return field is null ? header : throw TraceException.AtLine(
            path, 1, field, problem!, field is "format" or "version" ? "Give a counters file of version 1" : "Write the value as it is on the node");
    }

    /// <summary>The object that a line holds; null if the line was cut short.</summary>
    private static T? Parse<T>(ReadOnlySpan<byte> line, CounterLines lines, string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(line, type) ?? throw TraceException.AtLine(path, lines.Number, null, "the line is null", DamageRemedy);
        }
        catch (JsonException) when (!lines.IsWhole)
        {
            return null;
        }
        catch (JsonException exception)
        {
            throw TraceException.AtLine(path, lines.Number, FieldOf(exception), Shorten(exception.Message), DamageRemedy, exception);
        }
    }

    private static void Check(CounterSample sample, ulong timeBefore, long line, string path)
    {
        if (sample.TimeMicroseconds < timeBefore)
        {
            throw TraceException.AtLine(
                path, line, "time_us", $"{sample.TimeMicroseconds} follows {timeBefore}, but time never decreases", "Write samples in the order in which they were taken");
        }

        CheckValues(sample.Vmstat, "vmstat", line, path);
        foreach (var (name, values) in sample.Cgroups ?? new Dictionary<string, IReadOnlyDictionary<string, long>>())
            CheckValues(values, $"cgroups.{name}", line, path);
    }

    private static void CheckValues(IReadOnlyDictionary<string, long>? values, string field, long line, string path)
    {
        if (values is null)
            throw TraceException.AtLine(path, line, field, "the value is null", "Leave out what was not recorded");
        foreach (var (name, value) in values)
        {
            if (value < 0)
                throw TraceException.AtLine(path, line, $"{field}.{name}", $"{value} is negative, and nothing counts below 0", "Write the counter as the kernel shows it");
        }
    }

    /// <summary>The same sample with names that all samples share.</summary>
    private static CounterSample Pooled(CounterSample sample, Dictionary<string, string> names) => sample with
    {
        Vmstat = Pooled(sample.Vmstat, names),
        Cgroups = sample.Cgroups is not { } cgroups ? null : Pooled(cgroups, names).ToDictionary(
            cgroup => cgroup.Key, IReadOnlyDictionary<string, long> (cgroup) => Pooled(cgroup.Value, names), StringComparer.Ordinal),
    };

    private static Dictionary<string, T> Pooled<T>(IReadOnlyDictionary<string, T> values, Dictionary<string, string> names)
    {
        var pooled = new Dictionary<string, T>(values.Count, StringComparer.Ordinal);
        foreach (var (name, value) in values)
        {
            if (!names.TryGetValue(name, out var shared))
                names[name] = shared = name;
            pooled[shared] = value;
        }

        return pooled;
    }

    private static string? FieldOf(JsonException exception) => exception.Path is { Length: > 2 } path ? path[2..] : null;

    /// <summary>The first sentence of a message of the JSON library; path and position follow it.</summary>
    private static string Shorten(string message)
    {
        var end = message.IndexOf(" Path:", StringComparison.Ordinal);
        return $"not as expected: {(end < 0 ? message : message[..end]).TrimEnd('.')}";
    }
}
