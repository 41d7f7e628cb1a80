namespace FleetEstimator.Traces;

/// <summary>A trace file that was read once: enough to say what it is, and to load it again and know that it is the same.</summary>
public sealed record TraceFile
{
    /// <summary>Where it is: the folder the search began in, and the path below it.</summary>
    public required string Path { get; init; }

    /// <summary>What the trace says about itself.</summary>
    public required TraceHeader Header { get; init; }

    /// <summary>Number of rows.</summary>
    public required int RowCount { get; init; }

    /// <summary>Time of the last row in microseconds since the start of the recording.</summary>
    public required ulong DurationMicroseconds { get; init; }

    /// <summary>SHA-256 of the file's bytes, see <see cref="Trace.Digest"/>.</summary>
    public required string Digest { get; init; }

    /// <summary>The kernel's counters recorded with it (<see cref="CounterFile"/>); null if there are none.</summary>
    public string? CountersPath { get; init; }

    /// <summary>Loads the file, whose bytes must be what they were.</summary>
    /// <exception cref="TraceException">It cannot be read any more, or has changed.</exception>
    public Trace Load(TraceLimits? limits = null)
    {
        var trace = Trace.Load(Path, limits);
        return trace.Digest == Digest ? trace : throw new TraceException(
            Path,
            null,
            "digest",
            $"the file has changed since it was ingested: its SHA-256 was {Digest} and is {trace.Digest}",
            "Ingest it again, or restore the file");
    }
}

/// <summary>
/// Everything that was recorded on one node: the sampling unit of every estimate. Several files are replayed one after another in this order, each
/// from the time the one before it ended; the time between them is left out. Process numbers belong to their file: when a file ends, so do the
/// processes that are still alive in it (<see cref="Trace.ProcessesAtEnd"/>), since a recorder that begins anew numbers and maps them anew.
/// </summary>
public sealed record Recording
{
    /// <summary>The node's label.</summary>
    public required string Node { get; init; }

    /// <summary>The node's files in order of <see cref="TraceHeader.RecordedAt"/>, then of path; at least one.</summary>
    public required IReadOnlyList<TraceFile> Files { get; init; }
}

/// <summary>The recordings that patterns find below a folder. Every file has been read and validated; none is kept in memory.</summary>
/// <remarks>
/// The traces of a fleet do not fit into memory together, so a set holds what it takes to load a file when its turn comes, and the digest that
/// proves it unchanged.
/// </remarks>
public sealed class RecordingSet
{
    private RecordingSet(IReadOnlyList<Recording> recordings) => Recordings = recordings;

    /// <summary>One per node, in ordinal order of the node's label; at least one.</summary>
    public IReadOnlyList<Recording> Recordings { get; }

    /// <summary>Finds and reads trace files.</summary>
    /// <param name="baseFolder">The folder that patterns are relative to.</param>
    /// <param name="patterns">
    /// Paths with <c>/</c> between folders; <c>*</c> stands for any characters of a name, <c>?</c> for one, <c>**</c> for any number of folders.
    /// A file that several patterns match is taken once. <c>store:FOLDER?class=NAME…</c> stands for traces of a store, see <see cref="StorePattern"/>.
    /// </param>
    /// <param name="limits">What may be spent on one file; <see cref="TraceLimits.Default"/> if null.</param>
    /// <exception cref="TraceException">A pattern matches no file, a file is not usable, or the files of a node contradict each other.</exception>
    public static RecordingSet Find(string baseFolder, IEnumerable<string> patterns, TraceLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(baseFolder);
        ArgumentNullException.ThrowIfNull(patterns);
        var found = new SortedDictionary<string, TraceFile?>(StringComparer.Ordinal);
        foreach (var pattern in patterns)
        {
            // What lies in a store has been read; its digest is checked when it is loaded.
            foreach (var (path, file) in Traces(baseFolder, pattern))
                found[path] = file ?? found.GetValueOrDefault(path);
        }

        return new(
            [.. found.Select(pair => pair.Value ?? Read(pair.Key, limits))
                .GroupBy(file => file.Header.Node, StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(RecordingOf)]);
    }

    /// <summary>The files that a pattern finds, in no particular order; at least one. They have not been read.</summary>
    /// <param name="baseFolder">The folder the pattern is relative to.</param>
    /// <param name="pattern">See <see cref="Find"/>.</param>
    /// <exception cref="TraceException">There is none, or a folder cannot be read.</exception>
    public static IReadOnlyList<string> Match(string baseFolder, string pattern) => [.. Traces(baseFolder, pattern).Select(trace => trace.Path)];

    private static IEnumerable<(string Path, TraceFile? Known)> Traces(string baseFolder, string pattern) =>
        StorePattern.Parse(pattern) is { } store
            ? store.Find(baseFolder, pattern).Select(file => (file.Path, (TraceFile?)file))
            : MatchFiles(baseFolder, pattern).Select(path => (path, (TraceFile?)null));

    private static IReadOnlyList<string> MatchFiles(string baseFolder, string pattern)
    {
        IReadOnlyList<string> paths;
        try
        {
            paths = FilePattern.Match(baseFolder, pattern);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TraceException(
                pattern, null, null, $"a folder cannot be read: {exception.Message.TrimEnd('.')}", "Make it readable, or name another", exception);
        }

        return paths.Count > 0 ? paths : throw new TraceException(
            pattern, null, null, $"no file matches the pattern in {baseFolder}",
            "Patterns are relative to that folder; * stands for any characters of a name and ** for any number of folders");
    }

    private static TraceFile Read(string path, TraceLimits? limits)
    {
        var trace = Trace.Load(path, limits);
        return new()
        {
            Path = path,
            Header = trace.Header,
            RowCount = trace.RowCount,
            DurationMicroseconds = trace.DurationMicroseconds,
            Digest = trace.Digest,
            CountersPath = File.Exists(CounterFile.PathBeside(path)) ? CounterFile.PathBeside(path) : null,
        };
    }

    private static Recording RecordingOf(IGrouping<string, TraceFile> files)
    {
        List<TraceFile> ordered = [.. files.OrderBy(file => file.Header.RecordedAt).ThenBy(file => file.Path, StringComparer.Ordinal)];
        if (ordered.Find(file => file.Header.PageSize != ordered[0].Header.PageSize) is { } other)
        {
            throw new TraceException(
                other.Path,
                null,
                "metadata page_size",
                $"the page size is {other.Header.PageSize}, but {ordered[0].Header.PageSize} in {ordered[0].Path} of the same node \"{files.Key}\"",
                "Give different nodes different labels");
        }

        return new() { Node = files.Key, Files = ordered };
    }
}
