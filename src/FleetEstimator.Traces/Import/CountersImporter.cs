using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Kernel counters over time: dumps of /proc/vmstat or of a cgroup's memory.stat, each after a line that says when, or what Prometheus answers to
/// query_range of node_exporter's node_vmstat_*. Evidence to hold results against, never simulated.
/// </summary>
internal sealed class CountersImporter : Importer
{
    private const string PrometheusPrefix = "node_vmstat_";

    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"u8);

    /// <inheritdoc/>
    public override string Format => "counters";

    /// <inheritdoc/>
    public override string Description => "Counters over time: dumps of /proc/vmstat or memory.stat, or Prometheus query_range JSON of node_vmstat_*.";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.CounterOnly];

    /// <inheritdoc/>
    public override string FilesDescription =>
        "Text: before each dump a line with its time, as date +%s.%N or date -Iseconds prints it. JSON: answers of /api/v1/query_range, several files together.";

    /// <inheritdoc/>
    public override bool TakesSeveralFiles => true;

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options =>
    [
        new("cgroup", "NAME", "The text is a cgroup's memory.stat, and its counters go under that name; default: it is /proc/vmstat."),
        new("instance", "ADDRESS", "Of answers with several instances: the one to take."),
        new("every", "SECONDS", "The text has no times: its dumps were taken so many seconds apart."),
    ];

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        var series = new Series(job);
        foreach (var file in job.Files)
        {
            var stream = new PeekStream(file.Stream);
            if (stream.Peek(64).TrimStart(" \t\r\n"u8) is [(byte)'{', ..])
                ReadPrometheus(job, file, stream, series);
            else
                ReadText(job, file, stream, series);
        }

        series.Write();
    }

    private static void ReadText(ImportJob job, ImportFile file, Stream stream, Series series)
    {
        var every = job.Options.Has("every") ? job.Options.Whole("every", 0, 1, 31_622_400) : (long?)null;
        var lines = new TextLines(stream, file.Name, job.Limits);
        long dumps = 0;
        long? time = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (lines.Next(out var line))
        {
            ImportException Wrong(string? field, string problem, string remedy) => new(file.Name, $"line {lines.Number}", field, problem, remedy);
            if (line.IsEmpty)
                continue;
            var space = line.IndexOf((byte)' ');
            if (space > 0 && Utf8Parser.TryParse(line[(space + 1)..], out long value, out var length) && length == line.Length - space - 1 && IsName(line[..space]))
            {
                var name = Encoding.ASCII.GetString(line[..space]);
                if (value < 0)
                {
                    // The kernel prints differences over CPUs that may be negative for a moment.
                    job.LeaveOut("values below 0");
                    continue;
                }

                if (!seen.Add(name))
                {
                    if (every is null)
                        throw Wrong(name, "it stands there twice in one dump", "Write a line with the time before each dump, or give --every SECONDS");
                    dumps++;
                    time = dumps * every.Value * 1_000_000;
                    seen.Clear();
                    seen.Add(name);
                }

                time ??= every is null ? throw Wrong(null, "there is no time before the first dump", "Write a line with the time before each dump (date +%s.%N), or give --every SECONDS") : 0;
                series.Add(time.Value, name, value, file, Wrong);
            }
            else if (TryTime(Encoding.UTF8.GetString(line), out var micros))
            {
                if (every is not null)
                    throw Wrong(null, "the dumps have times", "Leave --every out");
                time = micros;
                seen.Clear();
            }
            else
            {
                throw Wrong(null, $"\"{Encoding.UTF8.GetString(line[..Math.Min(line.Length, 40)])}\" is neither NAME VALUE nor a time", "Give dumps of /proc/vmstat or memory.stat with a line of their time before each");
            }
        }
    }

    /// <summary>Seconds since 1970, perhaps with a fraction, or a time after RFC 3339.</summary>
    private static bool TryTime(string text, out long microseconds)
    {
        microseconds = 0;
        text = text.Trim().TrimStart('#', '@').Trim();
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            if (seconds > 18_000_000_000m)
                return false;
            microseconds = (long)(seconds * 1_000_000);
            return true;
        }

        if (text.Length < 19 || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) || time < DateTimeOffset.UnixEpoch)
            return false;
        microseconds = (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return true;
    }

    private static bool IsName(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(NameBytes);

    private static void ReadPrometheus(ImportJob job, ImportFile file, Stream stream, Series series)
    {
        ImportException Wrong(string? field, string problem, string remedy) => new(file.Name, null, field, problem, remedy);
        const string remedy = "Give the answer of Prometheus to /api/v1/query_range?query={__name__=~\"node_vmstat_.*\"}&start=…&end=…&step=…";
        using var document = JsonDocument.Parse(WholeFile.Read(stream, file.Name, job.Limits.WholeBytesMax));
        var root = document.RootElement;
        if (root.TryGetProperty("status", out var status) && status.ValueEquals("error"u8))
            throw Wrong("status", $"the answer is an error: {(root.TryGetProperty("error", out var error) ? error.ToString() : "no reason given")}", "Ask Prometheus again");
        if (!root.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Object || !data.TryGetProperty("resultType", out var type) || !data.TryGetProperty("result", out var result) || result.ValueKind != JsonValueKind.Array)
            throw Wrong("data", "the answer has no data.result", remedy);
        if (!type.ValueEquals("matrix"u8))
            throw Wrong("data.resultType", $"it is {type}, not matrix: an answer to query, one moment, not query_range", remedy);
        var wanted = job.Options.Text("instance");
        string? taken = null;
        foreach (var metric in result.EnumerateArray())
        {
            if (metric.ValueKind != JsonValueKind.Object || !metric.TryGetProperty("metric", out var labels) || labels.ValueKind != JsonValueKind.Object || !metric.TryGetProperty("values", out var values) || values.ValueKind != JsonValueKind.Array)
                throw Wrong("data.result", "an element has no metric or no values", remedy);
            var name = labels.TryGetProperty("__name__", out var label) ? label.ToString() : "";
            if (name.Length == 0)
                throw Wrong("metric", "a series has no name: functions such as rate() take it off, and a rate is no counter", remedy);
            var instance = labels.TryGetProperty("instance", out label) ? label.ToString() : "";
            if (wanted is not null && instance != wanted)
            {
                job.LeaveOut("series of other instances");
                continue;
            }

            if (!name.StartsWith(PrometheusPrefix, StringComparison.Ordinal))
            {
                job.LeaveOut($"series that are not {PrometheusPrefix}*");
                continue;
            }

            taken ??= instance;
            if (taken != instance)
                throw Wrong("instance", $"there are several nodes in it, {taken} and {instance}", "Import one node at a time: --instance ADDRESS");
            foreach (var pair in values.EnumerateArray())
            {
                if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || pair[0].ValueKind != JsonValueKind.Number || !pair[0].TryGetDecimal(out var seconds) || seconds is < 0 or > 18_000_000_000m
                    || !decimal.TryParse(pair[1].ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || value is < 0 or > long.MaxValue || value != decimal.Truncate(value))
                {
                    throw Wrong(name, $"{(pair.GetRawText() is { Length: <= 60 } text ? text : "a value")} is not [SECONDS, \"COUNT\"]", remedy);
                }

                series.Add((long)(seconds * 1_000_000), name[PrometheusPrefix.Length..], (long)value, file, Wrong);
            }
        }
    }

    /// <summary>Values by time, and their way into the counters file.</summary>
    private sealed class Series(ImportJob job)
    {
        // What the model's results are held against; node_exporter leaves some out by default.
        private static readonly string[] Needed = ["pswpin", "pswpout", "swpin_zero", "swpout_zero", "zswpin", "zswpout", "thp_zero_page_alloc"];

        private readonly SortedDictionary<long, Dictionary<string, long>> _samples = [];
        private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
        private int _values;

        public void Add(long microseconds, string name, long value, ImportFile file, Func<string?, string, string, ImportException> wrong)
        {
            if (++_values > job.Limits.ItemsMax)
                throw wrong(null, $"there are more than {job.Limits.ItemsMax} values", "Import a shorter part of the recording");
            if (!_samples.TryGetValue(microseconds, out var sample))
                _samples.Add(microseconds, sample = new(StringComparer.Ordinal));
            if (!_names.TryGetValue(name, out var shared))
                _names.Add(name, shared = name);
            if (!sample.TryAdd(shared, value))
                throw wrong(name, $"there are two values of it at {microseconds / 1e6:0.######} s", "Give each node's counters once");
        }

        public void Write()
        {
            if (_samples.Count == 0)
                throw job.Wrong("there is no counter in it", "Give dumps of /proc/vmstat or memory.stat, or Prometheus's answer to query_range of node_vmstat_*");
            var cgroup = job.Options.Text("cgroup");
            var first = _samples.First().Key;
            CheckGrowth(cgroup);
            var counters = job.BeginCounters(
                new NodeFacts { RecordedAt = first > 1_000_000_000_000 ? DateTimeOffset.UnixEpoch.AddTicks(first * TimeSpan.TicksPerMicrosecond) : null }, new Dictionary<string, string>());
            foreach (var (time, values) in _samples)
            {
                counters.Append(new CounterSample
                {
                    TimeMicroseconds = (ulong)(time - first),
                    Vmstat = cgroup is null ? values : new Dictionary<string, long>(),
                    Cgroups = cgroup is null ? null : new Dictionary<string, IReadOnlyDictionary<string, long>> { [cgroup] = values },
                });
            }

            job.Note("counters are evidence to hold a study's results against (backtest); they cannot be simulated");
            if (_samples.Count == 1)
                job.Note("there is one sample: nothing can be said from it before a second");
            var missing = cgroup is null ? Needed.Where(name => !_names.ContainsKey(name)).ToList() : [];
            if (missing.Count > 0)
            {
                job.Note($"not in it: {string.Join(", ", missing)}. node_exporter leaves most of these out unless told --collector.vmstat.fields='^(oom_kill|pgpg|pswp|pg.*fault|swp|zswp|thp_zero_page).*'; "
                    + "kernels before 6.12 have no swpin_zero and swpout_zero");
            }
        }

        // A cumulative counter that falls: the node was restarted, and what lies between cannot be subtracted.
        private void CheckGrowth(string? cgroup)
        {
            if (cgroup is not null)
                return;
            Dictionary<string, long>? before = null;
            foreach (var (time, values) in _samples)
            {
                foreach (var name in (string[])["pswpin", "pswpout", "pgfault", "pgmajfault", "swpin_zero", "swpout_zero"])
                {
                    if (before is not null && before.TryGetValue(name, out var earlier) && values.TryGetValue(name, out var now) && now < earlier)
                    {
                        throw job.Wrong(
                            $"at {time / 1e6:0.######} s", name, $"it falls from {earlier} to {now}: the node was restarted, or these are several nodes", "Import the time before and after apart");
                    }
                }

                before = values;
            }
        }
    }
}
