using System.Reflection;
using System.Security.Cryptography;

namespace FleetEstimator.Traces.Import;

/// <summary>One import under way: the files, what the user asked for, where rows go, and what a person should know of it afterwards.</summary>
internal sealed class ImportJob(ImportRequest request, IReadOnlyList<ImportFile> files, IImportSink sink, ImportLimits limits)
{
    private readonly List<string> _notes = [];
    private readonly Dictionary<string, long> _leftOut = new(StringComparer.Ordinal);

    /// <summary>The files, at least one; exactly one unless the format takes several.</summary>
    public IReadOnlyList<ImportFile> Files => files;

    /// <summary>The first file.</summary>
    public ImportFile File => files[0];

    /// <summary>Values of the format's own options.</summary>
    public ImportOptions Options => request.Options;

    /// <summary>What may be spent.</summary>
    public ImportLimits Limits => limits;

    /// <summary>Bytes in a page, unless the file says.</summary>
    public int PageSize => request.PageSize ?? 4096;

    /// <summary>What a person should know.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>What was read and is not in the trace, with how much of it.</summary>
    public IReadOnlyDictionary<string, long> LeftOut => _leftOut;

    /// <summary>The trace, once an importer has begun one.</summary>
    public ImportedTrace? Trace { get; private set; }

    /// <summary>The counters file, once an importer has begun one.</summary>
    public ImportedCounters? Counters { get; private set; }

    /// <summary>Adds a sentence for the person who imports.</summary>
    public void Note(string sentence) => _notes.Add(sentence);

    /// <summary>Counts what is read and left out of the trace; <paramref name="what"/> names it with its reason, plural.</summary>
    public void LeaveOut(string what, long count = 1)
    {
        if (count > 0)
            _leftOut[what] = _leftOut.GetValueOrDefault(what) + count;
    }

    /// <summary>Begins the trace: what its header says comes from the file, unless the user said otherwise.</summary>
    /// <param name="capability">What the file can say.</param>
    /// <param name="accessSource">Where its accesses come from.</param>
    /// <param name="source">What the file says of the recorded node.</param>
    public ImportedTrace BeginTrace(Capability capability, string accessSource, NodeFacts source = default)
    {
        if (request.PageSize is { } size && source.PageSize is { } own && size != own)
            throw OtherPageSize(own, size);
        var header = new TraceHeader
        {
            PageSize = source.PageSize ?? PageSize,
            RecordedAt = RecordedAt(source),
            Recorder = Recorder,
            KernelRelease = request.KernelRelease ?? source.KernelRelease ?? "unknown",
            Node = Node,
            MemoryBytes = request.MemoryBytes ?? source.MemoryBytes ?? 0,
            SwapBytes = request.SwapBytes ?? source.SwapBytes ?? 0,
            AccessSource = accessSource,
            IntervalMicroseconds = source.IntervalMicroseconds,
            Capability = capability,
            Labels = Labels,
        };
        return Trace = new ImportedTrace(this, sink.Begin(header), header);
    }

    /// <summary>Begins a trace that was exported: the file has its header, which the user may amend.</summary>
    public ImportedTrace BeginTrace(TraceHeader exported)
    {
        if (request.PageSize is { } size && size != exported.PageSize)
            throw OtherPageSize(exported.PageSize, size);
        var header = exported with
        {
            RecordedAt = request.RecordedAt ?? exported.RecordedAt,
            KernelRelease = request.KernelRelease ?? exported.KernelRelease,
            Node = request.Node ?? exported.Node,
            MemoryBytes = request.MemoryBytes ?? exported.MemoryBytes,
            SwapBytes = request.SwapBytes ?? exported.SwapBytes,
            Labels = exported.Labels.Concat(request.Labels).GroupBy(label => label.Key, label => label.Value, StringComparer.Ordinal)
                .ToDictionary(label => label.Key, label => label.Last(), StringComparer.Ordinal),
        };
        return Trace = new ImportedTrace(this, sink.Begin(header), header) { JoinsRows = false };
    }

    /// <summary>Begins a counters file.</summary>
    public ImportedCounters BeginCounters(NodeFacts source, IReadOnlyDictionary<string, string> settings)
    {
        var header = new CounterHeader
        {
            Node = Node,
            RecordedAt = RecordedAt(source),
            Recorder = Recorder,
            KernelRelease = request.KernelRelease ?? source.KernelRelease ?? "unknown",
            PageSize = source.PageSize ?? PageSize,
            MemoryBytes = request.MemoryBytes ?? source.MemoryBytes ?? 0,
            SwapBytes = request.SwapBytes ?? source.SwapBytes ?? 0,
            Settings = settings,
        };
        return Counters = new ImportedCounters(header, sink.Begin(header));
    }

    /// <summary>The file is wrong as a whole.</summary>
    public ImportException Wrong(string problem, string remedy) => Wrong(null, null, problem, remedy);

    /// <summary>A place of the first file is wrong.</summary>
    public ImportException Wrong(string? place, string? field, string problem, string remedy) => new(File.Name, place, field, problem, remedy);

    private static ImportException OtherPageSize(int own, int asked) =>
        ImportOptions.Wrong("page-size", $"the file has pages of {own} bytes, not {asked}", "Leave the option out");

    private string Recorder =>
        $"fleet-estimator {typeof(ImportJob).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion} import {request.Importer.Format}";

    private Dictionary<string, string> Labels => new(request.Labels) { ["imported"] = request.Importer.Format };

    /// <summary>What the user calls the node; otherwise the same for the same files, so that an import can be repeated.</summary>
    private string Node => field ??= request.Node ?? NodeOf();

    private string NodeOf()
    {
        if (!files.All(file => file.Stream.CanSeek))
            return $"import-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
            file.AppendTo(hash);
        return $"import-{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6))}";
    }

    private DateTimeOffset RecordedAt(NodeFacts source) =>
        request.RecordedAt ?? source.RecordedAt ?? files.Select(file => file.LastWrite).Max() ?? DateTimeOffset.UnixEpoch;
}

/// <summary>What a file says of the node it comes from; null where it does not.</summary>
internal readonly record struct NodeFacts
{
    public int? PageSize { get; init; }

    public DateTimeOffset? RecordedAt { get; init; }

    public string? KernelRelease { get; init; }

    public long? MemoryBytes { get; init; }

    public long? SwapBytes { get; init; }

    /// <summary>Microseconds between observations; 0 = every access at its own time.</summary>
    public long IntervalMicroseconds { get; init; }
}

/// <summary>Takes the rows of a trace in order; tells which rule of the format a row breaks, if one does.</summary>
internal delegate RowFault? RowSink(in TraceRow row);

/// <summary>Where an import goes: to a file, or to memory in tests.</summary>
internal interface IImportSink
{
    RowSink Begin(TraceHeader header);

    Action<CounterSample> Begin(CounterHeader header);
}
