using System.Text.Json;

namespace FleetEstimator.Traces;

/// <summary>What became of a file that was to be ingested.</summary>
/// <param name="Path">The file.</param>
/// <param name="Entry">The trace as it is in the store now; null if the file was refused.</param>
/// <param name="IsNew">Whether this file put it there.</param>
/// <param name="Refusal">Why it was refused, or null.</param>
public sealed record IngestOutcome(string Path, CatalogueEntry? Entry, bool IsNew, TraceException? Refusal);

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

    /// <summary>Adds one trace, with the counters file beside it if there is one. What is wrong with the file is told in the outcome, and leaves nothing behind.</summary>
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
            return new(path, known, IsNew: false, null);

        using var draft = _store.Blobs.Draft();
        var entry = Normalise(path, labels, draft.Content);
        if (new FileInfo(path) is var after && (!after.Exists || (after.Length, after.LastWriteTimeUtc) != (before.Length, before.LastWriteTimeUtc)))
            throw new TraceException(path, null, null, "the file changed while it was read", "Ingest it again when it is complete");
        var key = TraceStore.EntryKey(entry.Digest);
        if (_store.Find(entry.Digest) is { } same)
            return new(path, same, IsNew: false, null);

        entry = entry with { Counters = AddCounters(path, entry) };
        draft.Publish(TraceStore.TraceKey(entry.Digest));
        using var entryDraft = _store.Blobs.Draft();
        JsonSerializer.Serialize(entryDraft.Content, entry, CatalogueJson.Default.CatalogueEntry);
        var isNew = entryDraft.Publish(key);
        entry = isNew ? entry : _store.Find(entry.Digest) ?? entry;
        _bySource[entry.Source.Digest] = entry;
        return new(path, entry, isNew, null);
    }

    /// <summary>The trace that was made of the same bytes, or null. Reads the file only if one of the same length was ingested.</summary>
    private CatalogueEntry? FindSource(FileInfo file)
    {
        if (!file.Exists || !_bySource.Values.Any(entry => entry.Source.Bytes == file.Length))
            return null;
        var (digest, _) = TraceReader.Guard(file.FullName, new TracePart(), () => TraceStore.DigestOf(file.FullName));
        return _bySource.TryGetValue(digest, out var known) && _store.Blobs.Exists(TraceStore.EntryKey(known.Digest)) ? known : null;
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

    private StoredCounters? AddCounters(string tracePath, CatalogueEntry entry)
    {
        var path = CounterFile.PathBeside(tracePath);
        if (path == tracePath || !File.Exists(path))
            return null;
        var counters = CounterFile.Load(path);
        if (counters.Header.Node != entry.Node)
        {
            throw new TraceException(
                path, null, "node", $"the counters are of node \"{counters.Header.Node}\", the trace beside them of \"{entry.Node}\"",
                "Move the counters file away, or give it the name of its own trace");
        }

        using var draft = _store.Blobs.Draft();
        using var digested = new DigestStream(draft.Content);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read))
            file.CopyTo(digested);
        var stored = new StoredCounters(digested.Digest(), digested.Position, counters.Samples.Count);
        draft.Publish(TraceStore.CounterKey(stored.Digest));
        return stored;
    }

    private static SortedDictionary<string, string> Merged(IReadOnlyDictionary<string, string> own, IReadOnlyDictionary<string, string> given)
    {
        var merged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in own.Concat(given))
            merged[name] = value;
        return merged;
    }
}
