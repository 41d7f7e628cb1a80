namespace FleetEstimator.Traces;

/// <summary>
/// Where a trace store keeps its bytes: blobs by key, each whole or not there, never changed. Every operation is one that object stores have (S3: a
/// conditional PutObject, GetObject, ListObjectsV2, DeleteObject), so that a folder is one place among others. Safe for use by several processes at once.
/// Keys are names with <c>/</c> between them. All members throw <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when the place
/// cannot be read or written.
/// </summary>
public interface IBlobStore
{
    /// <summary>The place as the user named it.</summary>
    string Name { get; }

    /// <summary>The keys that begin with <paramref name="folder"/> and a slash, in ordinal order.</summary>
    IReadOnlyList<string> List(string folder);

    /// <summary>Whether there is a blob of that key.</summary>
    bool Exists(string key);

    /// <summary>A local file with the blob's bytes, to be read only: the blob itself, or a copy of it.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    string Fetch(string key);

    /// <summary>Begins a blob whose key is not known yet.</summary>
    IBlobDraft Draft();

    /// <summary>Removes those of the blobs that are there, durably.</summary>
    void Delete(IReadOnlyCollection<string> keys);

    /// <summary>Says that a writer is at work until the result is disposed of, or its process dies. Waits for an owner to end.</summary>
    IDisposable Share();

    /// <summary>Excludes writers until the result is disposed of, and clears away drafts of writers that died; null while any is at work.</summary>
    IDisposable? TryOwn();
}

/// <summary>A blob being written. Disposed of without being published, it leaves nothing behind.</summary>
public interface IBlobDraft : IDisposable
{
    /// <summary>Where its bytes go.</summary>
    Stream Content { get; }

    /// <summary>Ends its bytes, durably.</summary>
    /// <returns>A local file with them, to be read only, until the draft is published or disposed of.</returns>
    string Finish();

    /// <summary>Makes it a blob, at once and durably. False when there is one of that key already, which stays as it is. Ends the draft.</summary>
    bool Publish(string key);
}
