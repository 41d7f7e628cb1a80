namespace FleetEstimator.Traces;

/// <summary>What became of a file that was to be ingested.</summary>
/// <param name="Path">The file.</param>
/// <param name="Entry">The trace as it is in the store now; null if the file was refused.</param>
/// <param name="IsNew">Whether this file put it there.</param>
/// <param name="Refusal">Why it was refused, or null.</param>
public sealed record IngestOutcome(string Path, CatalogueEntry? Entry, bool IsNew, TraceException? Refusal)
{
    /// <summary>What became of the counters file beside a trace that was in the store already.</summary>
    public LateCounters LateCounters { get; init; }
}

/// <summary>What became of a counters file beside a trace that is in a store already.</summary>
public enum LateCounters : byte
{
    /// <summary>There is none, or the store has it.</summary>
    None,

    /// <summary>The trace had no counters, and has these now.</summary>
    Added,

    /// <summary>The store has other counters of the trace, and keeps them.</summary>
    OthersKept,
}

/// <summary>
/// Adds traces to a store. A file is read, validated and written anew batch by batch: the same header and rows as columns and types of version 1 and
/// nothing else, in batches of one size and one compression, so that equal recordings have equal bytes. Not safe for use by several threads at once;
/// any number of processes may ingest into one store.
/// </summary>
public sealed class TraceIngest
{
    internal const TraceCompression StoredCompression = TraceCompression.Zstd;

    // Higher levels save a tenth and take half as long again; LZ4 takes half as long and more than twice the space (tests/FleetEstimator.Benchmarks/results/ingest.md).
    internal const int StoredLevel = -1;

    private readonly TraceStore _store;
    private readonly TimeProvider _time;
    private readonly TraceLimits _limits;
    private readonly Dictionary<string, CatalogueEntry> _bySource;

    /// <summary>Begins to ingest; clears away what ingests that died have left.</summary>
    /// <param name="store">The store.</param>
    /// <param name="time">What time it is, for the catalogue.</param>
    /// <param name="limits">What may be spent on one file; <see cref="TraceLimits.Default"/> if null.</param>
    /// <exception cref="TraceException">The store is damaged.</exception>
    public TraceIngest(TraceStore store, TimeProvider time, TraceLimits? limits = null)
    {
        (_store, _time, _limits) = (store, time, limits ?? TraceLimits.Default);
        store.TrySweep();
        _bySource = store.Catalogue().DistinctBy(entry => entry.Source.Digest).ToDictionary(entry => entry.Source.Digest);
    }

    /// <summary>Adds one trace, with the counters file beside it if there is one, also to a trace that came without. What is wrong with the file is told in the outcome, and leaves nothing behind.</summary>
    /// <param name="path">The file.</param>
    /// <param name="labels">Labels for the catalogue, over those of the trace.</param>
    /// <exception cref="IOException">The store cannot be written.</exception>
    public IngestOutcome Add(string path, IReadOnlyDictionary<string, string> labels)
    {
        try
        {
            return AddTrace(path, labels);
        }
        catch (TraceException refusal)
        {
            return new(path, null, IsNew: false, refusal);
        }
    }

    private IngestOutcome AddTrace(string path, IReadOnlyDictionary<string, string> labels)
    {
        using var writing = _store.Blobs.Share();
        var before = new FileInfo(path);
        if (FindSource(before) is { } known)
            return AlreadyThere(path, known);

        using var draft = _store.Blobs.Draft();
        var entry = Normalise(path, labels, draft.Content);
        RequireUnchanged(before);
        if (_store.Find(entry.Digest) is { } same)
            return AlreadyThere(path, same);

        if (FindCounters(path) is { } counters)
            entry = entry with { Counters = AddCounters(counters, entry.Node) };
        draft.Publish(TraceStore.TraceKey(entry.Digest));
        entry = entry with { ZeroShare = entry.ZeroShare ?? TraceReplay.ZeroSharesOf(_store.Blobs.Fetch(TraceStore.TraceKey(entry.Digest)), _limits) };
        while (!_store.Publish(TraceStore.EntryKey(entry.Digest), entry, CatalogueJson.Default.CatalogueEntry))
        {
            // Another ingest was first, unless what it added has been removed again.
            if (_store.Find(entry.Digest) is { } first)
                return AlreadyThere(path, first);
        }

        _bySource[entry.Source.Digest] = entry;
        return new(path, entry, IsNew: true, null);
    }

    /// <summary>The trace that was made of the same bytes, or null. Reads the file only if one of the same length was ingested.</summary>
    private CatalogueEntry? FindSource(FileInfo file)
    {
        if (!file.Exists || !_bySource.Values.Any(entry => entry.Source.Bytes == file.Length))
            return null;
        return _bySource.TryGetValue(DigestOf(file.FullName), out var known) ? _store.Find(known.Digest) : null;
    }

    /// <summary>Nothing is to be added but counters that the trace came without.</summary>
    private IngestOutcome AlreadyThere(string path, CatalogueEntry entry)
    {
        var outcome = new IngestOutcome(path, entry, IsNew: false, null);
        if (FindCounters(path) is not { } file)
            return outcome;
        if (entry.Counters is null)
        {
            var counters = AddCounters(file, entry.Node);
            var isAdded = _store.Publish(TraceStore.LateCountersKey(entry.Digest), counters, CatalogueJson.Default.StoredCounters);
            entry = _store.Find(entry.Digest) ?? entry;
            if (isAdded)
                return outcome with { Entry = entry, LateCounters = LateCounters.Added };
        }

        return outcome with { Entry = entry, LateCounters = entry.Counters?.Digest == DigestOf(file) ? LateCounters.None : LateCounters.OthersKept };
    }

    private CatalogueEntry Normalise(string path, IReadOnlyDictionary<string, string> labels, Stream destination)
    {
        using var scan = TraceScan.Open(path, _limits);
        using var digested = new DigestStream(destination);
        using var writer = new TraceBatchWriter(digested, TraceMetadata.Write(scan.Header), StoredCompression, TraceWriter.DefaultBatchRows, StoredLevel);
        var facts = TraceFacts.Of(scan, writer.Append);
        writer.End();
        return CatalogueEntry.Of(scan.Header, facts, digested.Digest(), digested.Position) with
        {
            Labels = Merged(scan.Header.Labels, labels),
            Source = new(Path.GetFileName(path), scan.Digest(), scan.FileBytes),
            IngestedAt = _time.GetUtcNow(),
        };
    }

    private static string? FindCounters(string tracePath) =>
        CounterFile.PathBeside(tracePath) is var path && path != tracePath && File.Exists(path) ? path : null;

    private StoredCounters AddCounters(string path, string node)
    {
        var before = new FileInfo(path);
        var counters = CounterFile.Load(path);
        if (counters.Header.Node != node)
        {
            throw new TraceException(
                path, null, "node", $"the counters are of node \"{counters.Header.Node}\", the trace beside them of \"{node}\"",
                "Move the counters file away, or give it the name of its own trace");
        }

        using var draft = _store.Blobs.Draft();
        using var digested = new DigestStream(draft.Content);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read))
            file.CopyTo(digested);
        RequireUnchanged(before);
        var stored = new StoredCounters(digested.Digest(), digested.Position, counters.Samples.Count);
        draft.Publish(TraceStore.CounterKey(stored.Digest));
        return stored;
    }

    private static void RequireUnchanged(FileInfo before)
    {
        if (new FileInfo(before.FullName) is var after && (!after.Exists || (after.Length, after.LastWriteTimeUtc) != (before.Length, before.LastWriteTimeUtc)))
            throw new TraceException(before.ToString(), null, null, "the file changed while it was read", "Ingest it again when it is complete");
    }

    private static string DigestOf(string path) => TraceReader.Guard(path, new TracePart(), () => TraceStore.DigestOf(path)).Digest;

    private static SortedDictionary<string, string> Merged(IReadOnlyDictionary<string, string> own, IReadOnlyDictionary<string, string> given)
    {
        var merged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in own.Concat(given))
            merged[name] = value;
        return merged;
    }
}
