using System.IO.Compression;
using System.Text.Json;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Records of damo, DAMON's user space tool, in the types json_compressed (zlib), json and perf_script; and what perf script prints of
/// <c>damon:damon_aggregated</c>. The type perf_data is perf's own binary file: perf decodes it, as it does for damo.
/// </summary>
internal sealed class DamoImporter : Importer
{
    // Records inflate to some 10 to 30 times their size, and a megabyte of other data to a gigabyte.
    private const long InflatedToMax = 100;
    private const long InflatedBytesAlways = 64 << 20;

    /// <inheritdoc/>
    public override string Format => "damo";

    /// <inheritdoc/>
    public override string Description => "DAMON access patterns: damo records of all four types, or perf script's print of damon:damon_aggregated.";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.AccessOnly];

    /// <inheritdoc/>
    public override string FilesDescription => "A damo record (json_compressed, json, perf_script, perf_data), or the output of perf script. Type perf_data needs perf to be installed.";

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options =>
    [
        new("min-accesses", "N", "Leave out regions that fewer samples of an interval found accessed; default 1."),
    ];

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        var stream = new PeekStream(job.File.Stream);
        var head = stream.Peek(16);
        var regions = new AccessedRegions(job);
        if (PerfScript.Decodes(head))
        {
            using var perf = PerfScript.Run(job.File, "-F", "time,event,trace");
            ReadText(job, perf.Output, regions);
            perf.CheckExit();
        }
        else if (head is [0x78, var flags, ..] && ((0x78 << 8) | flags) % 31 == 0)
        {
            using var inflated = new ZLibStream(stream, CompressionMode.Decompress, leaveOpen: true);
            ReadJson(job, inflated, regions, job.File.Stream.CanSeek ? Math.Max(InflatedBytesAlways, job.File.Stream.Length * InflatedToMax) : long.MaxValue);
        }
        else if (head.TrimStart(" \t\r\n"u8) is [(byte)'[' or (byte)'{', ..])
        {
            ReadJson(job, stream, regions, long.MaxValue);
        }
        else
        {
            ReadText(job, stream, regions);
        }
    }

    private static void ReadJson(ImportJob job, Stream stream, AccessedRegions regions, long bytesMax)
    {
        var bytes = WholeFile.Read(stream, job.File.Name, Math.Min(bytesMax, job.Limits.WholeBytesMax));
        using var document = JsonDocument.Parse(bytes);
        long snapshotMicroseconds = 0;
        var element = 0;
        foreach (var record in Items(job, document.RootElement, "the file"))
        {
            var place = $"record {element++}";
            var target = Number(job, record, "target_id", place, otherwise: (ulong)(element - 1));
            var snapshots = Items(job, Member(job, record, "snapshots", place), $"{place}, snapshots").ToList();
            for (var index = 0; index < snapshots.Count; index++)
            {
                var where = $"{place}, snapshot {index}";
                var snapshot = snapshots[index];
                var end = Number(job, snapshot, "end_time", where);
                var start = Number(job, snapshot, "start_time", where, otherwise: end);
                if (end > start)
                    snapshotMicroseconds = Math.Max(snapshotMicroseconds, (long)((end - start) / 1000));
                foreach (var region in Items(job, Member(job, snapshot, "regions", where), $"{where}, regions"))
                    ReadRegion(job, region, target, end, where, regions);
            }
        }

        regions.WriteTo(Capability.AccessOnly, snapshotMicroseconds);
    }

    private static void ReadRegion(ImportJob job, JsonElement region, ulong target, ulong end, string place, AccessedRegions regions)
    {
        if (region.ValueKind != JsonValueKind.Object || !region.TryGetProperty("nr_accesses", out var accesses) || accesses.ValueKind == JsonValueKind.Null)
        {
            job.LeaveOut("regions without a count of accesses");
            return;
        }

        // Before damo 1.8 the count stood there by itself.
        var samples = accesses.ValueKind == JsonValueKind.Object ? Member(job, accesses, "samples", place) : accesses;
        var count = samples.ValueKind switch
        {
            JsonValueKind.Number when samples.TryGetInt64(out var whole) => whole,
            JsonValueKind.Number when samples.TryGetDouble(out var real) && real is >= -1 and < 1e15 => (long)real,
            JsonValueKind.String when long.TryParse(samples.GetString()!.Replace(",", "", StringComparison.Ordinal), out var text) => text,
            _ => throw job.Wrong(place, "nr_accesses.samples", $"{Excerpt(samples)} is not a count of samples", "Record with a damo that counts samples, or convert with damo convert_record_format"),
        };
        regions.Add(target, end, Number(job, region, "start", place), Number(job, region, "end", place), count, (field, problem, remedy) => job.Wrong(place, field, problem, remedy));
    }

    private static JsonElement Member(ImportJob job, JsonElement element, string name, string place) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member)
            ? member
            : throw job.Wrong(place, name, "it is missing", "Give a record as damo writes it; damo convert_record_format makes one of older files");

    private static JsonElement.ArrayEnumerator Items(ImportJob job, JsonElement element, string place) =>
        element.ValueKind == JsonValueKind.Array
            ? element.EnumerateArray()
            : throw job.Wrong(place, null, $"a list is expected, not {Excerpt(element)}", "Give a record as damo writes it");

    /// <summary>A number as damo writes it: digits, digits in a string, perhaps with commas; of a time perhaps with a fraction.</summary>
    private static ulong Number(ImportJob job, JsonElement element, string name, string place, ulong? otherwise = null)
    {
        if (otherwise is { } value && (!element.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null))
            return value;
        member = Member(job, element, name, place);
        if (member.ValueKind == JsonValueKind.Number && member.TryGetUInt64(out var number))
            return number;
        var text = member.ValueKind == JsonValueKind.String ? member.GetString()!.Replace(",", "", StringComparison.Ordinal) : member.GetRawText();
        if (ulong.TryParse(text, System.Globalization.NumberStyles.None, null, out number))
            return number;
        if (double.TryParse(text, System.Globalization.NumberStyles.AllowDecimalPoint | System.Globalization.NumberStyles.AllowExponent, null, out var real) && real is >= 0 and < 1.8e19)
            return (ulong)real;
        throw job.Wrong(place, name, $"{Excerpt(member)} is not a whole number", "Write the record raw, as damo record does");
    }

    private static string Excerpt(JsonElement element)
    {
        var text = element.GetRawText();
        return text.Length <= 40 ? text : text[..40] + "…";
    }

    /// <summary>Lines such as <c>kdamond.0 77 [001] 22775.760633: damon:damon_aggregated: target_id=0 nr_regions=10 4096-8192: 0 17</c>.</summary>
    private static void ReadText(ImportJob job, Stream stream, AccessedRegions regions)
    {
        var lines = new TextLines(stream, job.File.Name, job.Limits);
        while (lines.Next(out var line))
        {
            var at = line.IndexOf("damon_aggregated:"u8);
            if (at < 0)
            {
                if (!line.IsEmpty && line[0] != '#')
                    job.LeaveOut("lines without damon_aggregated");
                continue;
            }

            var number = lines.Number;
            ImportException Wrong(string field, string problem, string remedy) => job.Wrong($"line {number}", field, problem, remedy);
            if (!PerfText.TryTimeBefore(line, at, out var time))
                throw Wrong("time", "there is no time in seconds before the event", "Print the event with perf script and its default fields, or with -F time,event,trace");
            var rest = new TextFields(line[(at + "damon_aggregated:"u8.Length)..]);
            if (!rest.Named("target_id="u8, out var target) || !rest.Named("nr_regions="u8, out _))
                throw Wrong("target_id", "target_id=N nr_regions=N is expected after the event", "Print the event with perf script's default fields");
            if (!rest.Number(out var start) || !rest.Take('-') || !rest.Number(out var end) || !rest.Take(':') || !rest.SignedNumber(out var accesses))
                throw Wrong("region", "START-END: ACCESSES is expected", "Print the event with perf script's default fields");
            regions.Add(target, time, start, end, accesses, Wrong);
        }

        regions.WriteTo(Capability.AccessOnly);
    }
}
