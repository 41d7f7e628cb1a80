using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FleetEstimator.Traces;

/// <summary>
/// A store of traces and its catalogue. A trace lies under <c>traces/DIGEST.arrow</c>, its counters under <c>counters/DIGEST.jsonl</c>, and what is known
/// of it under <c>catalogue/DIGEST.json</c>: a trace is in the store from the moment its catalogue entry is. What became known of it later lies under
/// <c>additions/</c>, what came with studies from other machines under <c>submitted/</c> (<see cref="SubmittedFiles"/>). Safe for use by several processes at once.
/// </summary>
public sealed class TraceStore
{
    internal const string TraceFolder = "traces";
    internal const string CounterFolder = "counters";
    internal const string CatalogueFolder = "catalogue";
    internal const string AdditionFolder = "additions";

    /// <summary>The file by which the folder of a store is told.</summary>
    public const string MarkerKey = "trace-store.json";

    private static readonly TimeSpan SweepPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SweepPoll = TimeSpan.FromMilliseconds(50);

    private TraceStore(IBlobStore blobs) => Blobs = blobs;

    internal IBlobStore Blobs { get; }

    /// <summary>The store's place as the user named it.</summary>
    public string Name => Blobs.Name;

    /// <summary>Opens the store in a folder.</summary>
    /// <exception cref="TraceException">There is none, or a newer program made it.</exception>
    public static TraceStore Open(string folder) => Guard(folder, () =>
    {
        var blobs = new BlobFolder(folder);
        RequireMarker(blobs);
        return new TraceStore(blobs);
    });

    /// <summary>Opens the store in a folder, or makes one of a folder that is empty or not there.</summary>
    /// <exception cref="TraceException">The folder holds other things, cannot be written, or a newer program made the store.</exception>
    public static TraceStore OpenOrCreate(string folder) => Guard(folder, () =>
    {
        var blobs = new BlobFolder(folder);
        if (!blobs.Exists(MarkerKey))
        {
            // A store that another process is just making, or died making, has its lock and drafts only.
            if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any(entry => !BlobFolder.IsOwn(entry)) && !blobs.Exists(MarkerKey)))
                throw new TraceException(folder, null, null, "this is not a trace store, and not an empty folder to make one in", "Give the folder of a store, or one that does not exist yet");
            using var writing = blobs.Share();
            new TraceStore(blobs).Publish(MarkerKey, StoreMarker.Current, CatalogueJson.Default.StoreMarker);
        }

        RequireMarker(blobs);
        return new TraceStore(blobs);
    });

    /// <summary>Every entry of the catalogue, by class, node and time of recording.</summary>
    /// <exception cref="TraceException">An entry is damaged.</exception>
    public IReadOnlyList<CatalogueEntry> Catalogue(CatalogueFilter? filter = null) => Guard(Blobs.Name, () =>
    {
        var entries = Blobs.List(CatalogueFolder).Select(TryReadEntry).OfType<CatalogueEntry>();
        return (IReadOnlyList<CatalogueEntry>)
        [
            .. entries.Where(entry => filter?.Takes(entry) != false)
                .OrderBy(entry => entry.Class, StringComparer.Ordinal)
                .ThenBy(entry => entry.Node, StringComparer.Ordinal)
                .ThenBy(entry => entry.RecordedAt)
                .ThenBy(entry => entry.Digest, StringComparer.Ordinal),
        ];
    });

    /// <summary>The entry of a stored trace; null if there is none.</summary>
    /// <param name="digest">Its digest in full.</param>
    public CatalogueEntry? Find(string digest) => IsDigest(digest) ? Guard(Blobs.Name, () => TryReadEntry(EntryKey(digest))) : null;

    /// <summary>The stored trace of an entry as recordings know it: loading it checks its digest.</summary>
    public TraceFile FileOf(CatalogueEntry entry) => Guard(Blobs.Name, () => new TraceFile
    {
        Path = Blobs.Fetch(TraceKey(entry.Digest)),
        Header = entry.Header,
        RowCount = (int)entry.Rows,
        DurationMicroseconds = entry.DurationMicroseconds,
        Digest = entry.Digest,
        CountersPath = CountersOf(entry),
        CountersDigest = entry.Counters?.Digest,
    });

    /// <summary>A local file with the counters of an entry; null if it has none.</summary>
    public string? CountersOf(CatalogueEntry entry) =>
        entry.Counters is { } counters ? Guard(Blobs.Name, () => Blobs.Fetch(CounterKey(counters.Digest))) : null;

    /// <summary>Keeps zero shares of a stored trace, instead of those that were known.</summary>
    /// <exception cref="TraceException">The store cannot be written.</exception>
    public void Keep(CatalogueEntry entry, ZeroShares zeroShare) => Guard(Blobs.Name, () =>
    {
        using var writing = Blobs.Share();
        var key = LateZeroShareKey(entry.Digest);
        Blobs.Delete([key]);
        return Publish(key, zeroShare, CatalogueJson.Default.ZeroShares);
    });

    /// <summary>Removes traces, their entries first.</summary>
    /// <returns>Whether their bytes are gone as well; otherwise an ingest is at work, and the next one that is alone clears them away.</returns>
    public bool Remove(IReadOnlyCollection<CatalogueEntry> entries) => Guard(Blobs.Name, () =>
    {
        Blobs.Delete([.. entries.Select(entry => EntryKey(entry.Digest))]);
        for (var waited = TimeSpan.Zero; waited < SweepPatience; waited += SweepPoll)
        {
            if (TrySweep())
                return true;
            Thread.Sleep(SweepPoll);
        }

        return false;
    });

    /// <summary>
    /// Clears away what ingests that died have left: drafts, and whatever has no entry. False if another ingest is at work, which may be about to write
    /// the entry.
    /// </summary>
    internal bool TrySweep()
    {
        using var owned = Blobs.TryOwn();
        if (owned is null)
            return false;
        var entries = Blobs.List(CatalogueFolder).Select(TryReadEntry).OfType<CatalogueEntry>().ToList();
        var used = entries.SelectMany(KeysOf).ToHashSet(StringComparer.Ordinal);
        Blobs.Delete([.. ((string[])[TraceFolder, CounterFolder, AdditionFolder]).SelectMany(Blobs.List).Where(key => !used.Contains(key))]);
        return true;
    }

    /// <summary>Makes JSON a blob of the store, at once and durably. False when there is one of that key already, which stays as it is.</summary>
    internal bool Publish<T>(string key, T value, JsonTypeInfo<T> type)
    {
        using var draft = Blobs.Draft();
        JsonSerializer.Serialize(draft.Content, value, type);
        return draft.Publish(key);
    }

    private static IEnumerable<string> KeysOf(CatalogueEntry entry)
    {
        yield return TraceKey(entry.Digest);
        yield return LateCountersKey(entry.Digest);
        yield return LateZeroShareKey(entry.Digest);
        if (entry.Counters is { } counters)
            yield return CounterKey(counters.Digest);
    }

    internal static string TraceKey(string digest) => $"{TraceFolder}/{digest}.arrow";

    internal static string CounterKey(string digest) => $"{CounterFolder}/{digest}.jsonl";

    internal static string EntryKey(string digest) => $"{CatalogueFolder}/{digest}.json";

    /// <summary>Counters that came later than their trace.</summary>
    internal static string LateCountersKey(string digest) => $"{AdditionFolder}/{digest}.counters.json";

    /// <summary>Zero shares of a trace whose entry has none, or has those of another version of the model.</summary>
    internal static string LateZeroShareKey(string digest) => $"{AdditionFolder}/{digest}.zero_share.json";

    /// <summary>SHA-256 of a file and its length.</summary>
    internal static (string Digest, long Bytes) DigestOf(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, bytes) = (new byte[1 << 18], 0L);
        for (int got; (got = stream.Read(buffer)) > 0; bytes += got)
            hash.AppendData(buffer, 0, got);
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), bytes);
    }

    // Null if it was removed meanwhile.
    private CatalogueEntry? TryReadEntry(string key)
    {
        if (TryRead(key, CatalogueJson.Default.CatalogueEntry) is not { } entry)
            return null;
        if (EntryKey(entry.Digest) != key || Capabilities.Find(entry.Capability) is null)
            throw Damaged(key, "it is not about the trace of that name", null);
        return entry with
        {
            Counters = entry.Counters ?? TryRead(LateCountersKey(entry.Digest), CatalogueJson.Default.StoredCounters),
            ZeroShare = TryRead(LateZeroShareKey(entry.Digest), CatalogueJson.Default.ZeroShares) ?? entry.ZeroShare,
        };
    }

    // Null if there is none.
    private T? TryRead<T>(string key, JsonTypeInfo<T> type)
        where T : class
    {
        if (!Blobs.Exists(key))
            return null;
        try
        {
            using var stream = File.OpenRead(Blobs.Fetch(key));
            return JsonSerializer.Deserialize(stream, type) ?? throw Damaged(key, "it is null", null);
        }
        catch (JsonException exception)
        {
            throw Damaged(key, exception.Message.TrimEnd('.'), exception);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private TraceException Damaged(string key, string problem, Exception? exception) => new(
        Path.Combine(Blobs.Name, key), null, null, $"the catalogue entry is damaged: {problem}", "Delete it and ingest the recording again", exception);

    private static void RequireMarker(BlobFolder blobs)
    {
        if (!blobs.Exists(MarkerKey))
            throw new TraceException(blobs.Name, null, null, "this is not a trace store", "Give the folder of a store; fleet-estimator ingest makes one");
        StoreMarker? marker = null;
        try
        {
            marker = JsonSerializer.Deserialize(File.ReadAllBytes(blobs.Fetch(MarkerKey)), CatalogueJson.Default.StoreMarker);
        }
        catch (JsonException)
        {
            // Told below.
        }

        if (marker != StoreMarker.Current)
            throw new TraceException(blobs.Name, null, MarkerKey, "this is not a trace store of version 1", "Use the program that made it, or ingest into a new store");
    }

    /// <summary>Whether a text is a SHA-256 as the store writes it: digests from outside become names of files.</summary>
    public static bool IsDigest(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Whatever this store's place sets off leaves here as a <see cref="TraceException"/>.</summary>
    internal T Guarded<T>(Func<T> action) => Guard(Blobs.Name, action);

    /// <summary>Whatever the place sets off leaves here as a <see cref="TraceException"/>.</summary>
    private static T Guard<T>(string place, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TraceException(
                place, null, null, $"the trace store cannot be used: {exception.Message.TrimEnd('.')}", "Give the folder of a store that can be read and written", exception);
        }
    }
}
