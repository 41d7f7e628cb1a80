namespace FleetEstimator.Traces;

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
    private readonly IReadOnlyDictionary<string, IReadOnlyList<TraceFile>> _matched;

    private RecordingSet(IReadOnlyList<Recording> recordings, IReadOnlyDictionary<string, IReadOnlyList<TraceFile>> matched) => (Recordings, _matched) = (recordings, matched);

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
        var matched = patterns.Distinct(StringComparer.Ordinal).ToDictionary(pattern => pattern, pattern => Traces(baseFolder, pattern).ToList(), StringComparer.Ordinal);

        // What lies in a store has been read; its digest is checked when it is loaded.
        var files = new SortedDictionary<string, TraceFile?>(StringComparer.Ordinal);
        foreach (var (path, known) in matched.Values.SelectMany(traces => traces))
            files[path] = known ?? files.GetValueOrDefault(path);
        foreach (var path in files.Keys.Where(path => files[path] is null).ToList())
            files[path] = Read(path, limits ?? TraceLimits.Default);
        return Of(matched.ToDictionary(entry => entry.Key, entry => (IReadOnlyList<TraceFile>)entry.Value.ConvertAll(trace => files[trace.Path]!), StringComparer.Ordinal));
    }

    /// <summary>The recordings of files that have been found and read, by pattern.</summary>
    /// <exception cref="TraceException">The files of a node contradict each other, or one path is that of several.</exception>
    public static RecordingSet Of(IReadOnlyDictionary<string, IReadOnlyList<TraceFile>> matched)
    {
        ArgumentNullException.ThrowIfNull(matched);
        return new(
            [.. matched.Values.SelectMany(files => files)
                .GroupBy(file => file.Path, StringComparer.Ordinal)
                .Select(OneOf)
                .GroupBy(file => file.Header.Node, StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(RecordingOf)],
            matched);
    }

    /// <summary>The files that one of its patterns matches, in no particular order; at least one.</summary>
    public IReadOnlyList<TraceFile> Matched(string pattern) => _matched[pattern];

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

    private static TraceFile Read(string path, TraceLimits limits)
    {
        var file = TraceFile.Read(path, path, limits);
        var counters = CounterFile.PathBeside(path);
        return !File.Exists(counters) ? file : file with { CountersPath = counters, CountersDigest = CounterFile.DigestOf(counters) };
    }

    private static TraceFile OneOf(IGrouping<string, TraceFile> same) => same.DistinctBy(file => (file.Digest, file.CountersDigest)).Take(2).ToList() is [var file]
        ? file
        : throw new TraceException(same.Key, null, "digest", "the file changed while the study was planned", "Start again when it is complete");

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
