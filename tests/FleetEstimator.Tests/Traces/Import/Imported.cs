using System.IO.Compression;
using System.Text;
using System.Text.Json;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

/// <summary>An import into memory: what came out, each row held against the rules of the format.</summary>
internal sealed class Imported : IImportSink
{
    private readonly List<TraceRow> _rows = [];
    private readonly List<CounterSample> _samples = [];

    private Imported()
    {
    }

    public TraceHeader Header { get; private set; } = null!;

    public CounterHeader CounterHeader { get; private set; } = null!;

    public ImportSummary Summary { get; private set; } = null!;

    public IReadOnlyList<TraceRow> Rows => _rows;

    public IReadOnlyList<CounterSample> Samples => _samples;

    /// <summary>Imports text or bytes.</summary>
    public static Imported Of(string format, ImportFile[] files, ImportOptions? options = null, ImportLimits? limits = null)
    {
        var imported = new Imported();
        var request = new ImportRequest { Importer = Importer.Find(format)!, Options = options ?? new ImportOptions() };
        var job = ImportRun.Run(request, files, imported, limits);
        imported.Summary = ImportSummary.Of(request, job, "out.arrow");
        return imported;
    }

    public static Imported Of(string format, string text, ImportOptions? options = null, ImportLimits? limits = null) =>
        Of(format, [ImportFile.FromBytes("in", Encoding.UTF8.GetBytes(text))], options, limits);

    public static Imported Fixture(string format, string name, ImportOptions? options = null) => Of(format, [File(name)], options);

    /// <summary>An import that is refused.</summary>
    public static ImportException Refused(string format, string text, ImportOptions? options = null, ImportLimits? limits = null) =>
        Assert.Throws<ImportException>(() => Of(format, text, options, limits));

    /// <summary>A fixture as a file; with holes if it was stored so, inflated if it is compressed.</summary>
    public static ImportFile File(string name) => name.EndsWith(".sparse.gz", StringComparison.Ordinal) ? Sparse(Bytes(name), name) : ImportFile.FromBytes(name, Bytes(name));

    public static byte[] Bytes(string name)
    {
        var bytes = System.IO.File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Traces", "Import", "Fixtures", name));
        if (!name.EndsWith(".gz", StringComparison.Ordinal))
            return bytes;
        using var inflated = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        var result = new MemoryStream();
        inflated.CopyTo(result);
        return result.ToArray();
    }

    /// <summary>Pages by operation and content, such as <c>observe zero</c>.</summary>
    public SortedDictionary<string, long> Pages()
    {
        var pages = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var row in _rows)
        {
            var name = $"{TraceFormat.NameOf(row.Operation.Kind)} {row.Operation.Content.ToString().ToLowerInvariant()}";
            pages[name] = pages.GetValueOrDefault(name) + row.Operation.Pages;
        }

        return pages;
    }

    RowSink IImportSink.Begin(TraceHeader header)
    {
        Header = header;
        var rules = new TraceRules(header.PageSize, TraceLimits.Default.MappingsMax);
        return (in TraceRow row) =>
        {
            var fault = rules.Take(row.TimeMicroseconds, row.Operation);
            if (fault is null)
                _rows.Add(row);
            return fault;
        };
    }

    Action<CounterSample> IImportSink.Begin(CounterHeader header)
    {
        CounterHeader = header;
        return _samples.Add;
    }

    private static ImportFile Sparse(byte[] json, string name)
    {
        using var document = JsonDocument.Parse(json);
        var bytes = new byte[document.RootElement.GetProperty("length").GetInt64()];
        var (holes, end) = (new List<(long, long)>(), 0L);
        foreach (var stretch in document.RootElement.GetProperty("data").EnumerateArray())
        {
            var (offset, data) = (stretch[0].GetInt64(), stretch[1].GetBytesFromBase64());
            if (offset > end)
                holes.Add((end, offset));
            data.CopyTo(bytes, offset);
            end = offset + data.Length;
        }

        if (end < bytes.Length)
            holes.Add((end, bytes.Length));
        return ImportFile.FromBytes(name, bytes, holes);
    }
}
