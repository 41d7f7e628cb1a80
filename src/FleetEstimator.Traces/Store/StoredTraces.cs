namespace FleetEstimator.Traces;

/// <summary>Files of recordings by digest, in a trace store: ingested ones, and those that were submitted with studies.</summary>
public sealed class StoredTraces(TraceStore store) : ITraceSource
{
    /// <inheritdoc/>
    public string? Find(TraceFile file) => Find(SubmittedFiles.TraceKey(file.Digest), TraceStore.TraceKey(file.Digest));

    /// <inheritdoc/>
    public string? FindCounters(TraceFile file) =>
        file.CountersDigest is not { } digest ? null : Find(SubmittedFiles.CountersKey(digest), TraceStore.CounterKey(digest));

    private string? Find(params string[] keys)
    {
        try
        {
            return keys.FirstOrDefault(store.Blobs.Exists) is { } key ? store.Blobs.Fetch(key) : null;
        }
        catch (FileNotFoundException)
        {
            // Removed just now.
            return null;
        }
    }
}
