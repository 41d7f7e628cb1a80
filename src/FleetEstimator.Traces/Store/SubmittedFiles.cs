using System.Buffers;
using System.Security.Cryptography;

namespace FleetEstimator.Traces;

/// <summary>
/// Files that came with studies from other machines, in a trace store but not in its catalogue: kept as they are, since ingest would change digests, and reports name them. A
/// trace lies under <c>submitted/DIGEST.arrow</c>, counters under <c>submitted/DIGEST.counters.jsonl</c>, each by its own digest. Safe for use by several threads and processes at once.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="traceLimits">What may be spent on one trace; <see cref="TraceLimits.Default"/> if null.</param>
/// <param name="counterLimits">What may be spent on one counters file; <see cref="CounterLimits.Default"/> if null.</param>
public sealed class SubmittedFiles(TraceStore store, TraceLimits? traceLimits = null, CounterLimits? counterLimits = null)
{
    internal const string Folder = "submitted";
    private const string TraceSuffix = ".arrow";
    private const string CountersSuffix = ".counters.jsonl";
    private const int BufferBytes = 1 << 17;

    private readonly TraceLimits _traceLimits = traceLimits ?? TraceLimits.Default;
    private readonly CounterLimits _counterLimits = counterLimits ?? CounterLimits.Default;

    /// <summary>The store.</summary>
    public TraceStore Store => store;

    /// <summary>Whether a study that needs the file can be simulated without its being sent: it was, or is a trace of the catalogue.</summary>
    public bool Has(SubmittedFile file) =>
        TraceStore.IsDigest(file.Digest) && (store.Blobs.Exists(KeyOf(file)) || (file.Kind == SubmittedKind.Trace && store.Find(file.Digest) is not null));

    /// <summary>Takes a file in: received whole, held against its digest, read and validated, and only then there, durably. Does not read what is there already.</summary>
    /// <param name="file">What was announced.</param>
    /// <param name="content">Its bytes; exceptions of this stream pass.</param>
    /// <param name="cancellation">Gives up; nothing is kept.</param>
    /// <exception cref="TraceException">The file is not what was announced, longer than the limit, no trace or counters file; or the store cannot be written.</exception>
    public async Task Add(SubmittedFile file, Stream content, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(content);
        if (!TraceStore.IsDigest(file.Digest))
            throw new TraceException(file.Path, null, "digest", $"\"{file.Digest}\" is not a SHA-256", "Write 64 lower-case hexadecimal digits");
        if (Has(file))
            return;

        // Drafts stay while their writer says that it is at work, and are cleared away after it died.
        using var writing = store.Guarded(store.Blobs.Share);
        using var draft = store.Guarded(store.Blobs.Draft);
        await Receive(file, content, draft.Content, cancellation);
        await Validate(file, store.Guarded(draft.Finish));

        // False if the same file was sent by another client meanwhile.
        _ = store.Guarded(() => draft.Publish(KeyOf(file)));
    }

    /// <summary>The planned trace of a study on another machine: called what it is called there, and read here.</summary>
    /// <param name="trace">The trace; there, see <see cref="Has"/>.</param>
    /// <param name="counters">Its counters, or null.</param>
    /// <exception cref="TraceException">The trace is not there, or has changed since.</exception>
    public TraceFile Read(SubmittedFile trace, SubmittedFile? counters)
    {
        ArgumentNullException.ThrowIfNull(trace);
        if (Missing(counters is null ? [trace] : [trace, counters]) is [var missing, ..])
        {
            throw new TraceException(
                missing.Path, null, null, $"the cluster does not have this {(missing.Kind == SubmittedKind.Trace ? "trace" : "counters file")}, of SHA-256 {missing.Digest}", "Submit the study again, which sends it");
        }

        var file = store.Find(trace.Digest) is { } entry
            ? store.FileOf(entry) with { Path = trace.Path }
            : TraceFile.Read(store.Guarded(() => store.Blobs.Fetch(KeyOf(trace))), trace.Path, _traceLimits);
        return file.Digest == trace.Digest
            ? file with { CountersPath = counters?.Path, CountersDigest = counters?.Digest }
            : throw new TraceException(
                trace.Path, null, "digest", $"what the cluster keeps of it has changed: its SHA-256 was {trace.Digest} and is {file.Digest}", "Have fleet-estimator store verify look at the cluster's trace store");
    }

    /// <summary>Those of some files that are not there, each once.</summary>
    public IReadOnlyList<SubmittedFile> Missing(IEnumerable<SubmittedFile> files) => [.. files.DistinctBy(file => (file.Kind, file.Digest)).Where(file => !Has(file))];

    /// <summary>The digests of all that were submitted, traces and counters, in ordinal order.</summary>
    public IReadOnlyList<string> Digests() => store.Guarded(() => store.Blobs.List(Folder)).Select(DigestIn).OfType<string>().Distinct().ToList();

    /// <summary>Removes submitted files that no study needs any more. The catalogue and its traces stay.</summary>
    /// <param name="digests">Of traces and counters; those that are not there are passed over.</param>
    /// <exception cref="TraceException">The store cannot be written.</exception>
    public void Remove(IEnumerable<string> digests) => store.Guarded(() =>
    {
        store.Blobs.Delete([.. digests.Where(TraceStore.IsDigest).SelectMany(digest => (string[])[TraceKey(digest), CountersKey(digest)])]);
        return true;
    });

    /// <summary>Clears away what was half received when its process died; to be called when a silo starts. Does nothing while others write, of whose files some are half received.</summary>
    /// <exception cref="TraceException">The store cannot be written.</exception>
    public void ClearAway() => store.Guarded(() =>
    {
        store.Blobs.TryOwn()?.Dispose();
        return true;
    });

    /// <summary>Reads every submitted file again, and holds it against its digest.</summary>
    public IEnumerable<VerifiedFile> Verify() => store.Guarded(() => store.Blobs.List(Folder)).Select(Verify).OfType<VerifiedFile>();

    internal static string TraceKey(string digest) => $"{Folder}/{digest}{TraceSuffix}";

    internal static string CountersKey(string digest) => $"{Folder}/{digest}{CountersSuffix}";

    private static string KeyOf(SubmittedFile file) => file.Kind == SubmittedKind.Trace ? TraceKey(file.Digest) : CountersKey(file.Digest);

    private async Task Receive(SubmittedFile file, Stream content, Stream draft, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var left = file.Kind == SubmittedKind.Trace ? _traceLimits.FileBytesMax : _counterLimits.FileBytesMax;
            for (int got; (got = await content.ReadAsync(buffer, cancellation)) > 0;)
            {
                left -= got;
                if (left < 0)
                    throw TooLong(file);
                hash.AppendData(buffer, 0, got);
                store.Guarded(() =>
                {
                    draft.Write(buffer, 0, got);
                    return got;
                });
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) is var digest && digest != file.Digest)
            throw new TraceException(file.Path, null, "digest", $"what arrived has the SHA-256 {digest}, not {file.Digest} as announced", "It changed while it was sent, or was damaged on the way: submit the study again");
    }

    private TraceException TooLong(SubmittedFile file) => file.Kind == SubmittedKind.Trace
        ? new(file.Path, null, null, $"the file has more bytes than the limit of {_traceLimits.FileBytesMax}", TraceReader.SplitRemedy)
        : new(file.Path, null, null, $"the file has more bytes than the limit of {_counterLimits.FileBytesMax}", "Split the file, or leave samples out");

    /// <summary>Reads a file on a thread of its own: a large one takes seconds, which whoever answers calls on the threads of the pool has not.</summary>
    private Task Validate(SubmittedFile file, string local)
    {
        Action read = file.Kind == SubmittedKind.Trace ? () => TraceFile.Read(local, file.Path, _traceLimits) : () => CounterFile.Load(local, file.Path, _counterLimits);
        return Task.Factory.StartNew(read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    // Null if it was removed meanwhile.
    private VerifiedFile? Verify(string key)
    {
        if (DigestIn(key) is not { } digest)
            return new(key, "it is not named as submitted files are");
        try
        {
            var (actual, _) = TraceStore.DigestOf(store.Blobs.Fetch(key));
            return new(key, actual == digest ? null : $"its bytes have changed: their SHA-256 is {actual}");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new(key, $"it cannot be read: {exception.Message.TrimEnd('.')}");
        }
    }

    private static string? DigestIn(string key)
    {
        var digest = key[(Folder.Length + 1)..].Split('.')[0];
        return TraceStore.IsDigest(digest) && (key == TraceKey(digest) || key == CountersKey(digest)) ? digest : null;
    }
}
