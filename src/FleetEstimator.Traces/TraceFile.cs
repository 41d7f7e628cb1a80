namespace FleetEstimator.Traces;

/// <summary>A trace file that was read once: enough to say what it is, and to load it again, also on another machine, and know that it is the same.</summary>
public sealed record TraceFile
{
    /// <summary>Where it is for the user who named it: the folder the search began in, and the path below it.</summary>
    public required string Path { get; init; }

    /// <summary>What the trace says about itself.</summary>
    public required TraceHeader Header { get; init; }

    /// <summary>Number of rows.</summary>
    public required int RowCount { get; init; }

    /// <summary>Time of the last row in microseconds since the start of the recording.</summary>
    public required ulong DurationMicroseconds { get; init; }

    /// <summary>SHA-256 of the file's bytes, see <see cref="Trace.Digest"/>.</summary>
    public required string Digest { get; init; }

    /// <summary>The kernel's counters recorded with it (<see cref="CounterFile"/>), as <see cref="Path"/>; null if there are none.</summary>
    public string? CountersPath { get; init; }

    /// <summary>SHA-256 of the counters file's bytes; null if there is none.</summary>
    public string? CountersDigest { get; init; }

    /// <summary>Loads the trace, whose bytes must be what they were.</summary>
    /// <param name="source">Where it lies. Errors are the same wherever that is.</param>
    /// <param name="limits">What may be spent on it; <see cref="TraceLimits.Default"/> if null.</param>
    /// <exception cref="TraceException">It cannot be read any more, or has changed.</exception>
    public Trace Load(ITraceSource source, TraceLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        var trace = Again(Path, Digest, source.Find(this), file => TraceReader.Load(file, Path, limits ?? TraceLimits.Default));
        RequireSame(Path, Digest, trace.Digest);
        return trace;
    }

    /// <summary>Loads the counters, whose bytes must be what they were. Only for a trace that has some.</summary>
    /// <param name="source">Where they lie. Errors are the same wherever that is.</param>
    /// <param name="limits">What may be spent on them; <see cref="CounterLimits.Default"/> if null.</param>
    /// <exception cref="TraceException">They cannot be read any more, are no counters file, or have changed.</exception>
    public CounterFile LoadCounters(ITraceSource source, CounterLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        var (path, digest) = (CountersPath!, CountersDigest!);
        var counters = Again(path, digest, source.FindCounters(this), file => CounterFile.Load(file, path, limits ?? CounterLimits.Default));
        RequireSame(path, digest, counters.Digest);
        return counters;
    }

    /// <summary>Reads a trace from the first byte to the last; it is not kept in memory.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">What the user calls it.</param>
    /// <param name="limits">What may be spent on it.</param>
    /// <exception cref="TraceException">The file is not usable.</exception>
    internal static TraceFile Read(string file, string path, TraceLimits limits)
    {
        using var scan = TraceScan.Open(file, path, limits);
        var duration = 0ul;
        while (scan.Next())
        {
            if (scan.BatchRows > 0)
                duration = scan.Batch.Times[scan.BatchRows - 1];
        }

        return new() { Path = path, Header = scan.Header, RowCount = (int)scan.Rows, DurationMicroseconds = duration, Digest = scan.Digest() };
    }

    /// <summary>Reads what was read before. What the operating system says of failures names the place on this machine, and stays inside.</summary>
    private static T Again<T>(string path, string digest, string? file, Func<string, T> read)
    {
        if (file is null)
            throw Gone(null);
        try
        {
            return read(file);
        }
        catch (TraceException exception) when (exception.InnerException is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Gone(exception);
        }
        catch (TraceException exception) when (exception.InnerException is IOException or UnauthorizedAccessException)
        {
            throw new TraceException(
                path, null, null, exception.InnerException is IOException ? "the file cannot be read any more" : "the file must not be read any more", "Make it readable, and run the study again", exception);
        }

        TraceException Gone(Exception? exception) => new(path, null, null, $"the file is not there any more; its SHA-256 was {digest}", "Restore it, and run the study again", exception);
    }

    private static void RequireSame(string path, string was, string @is)
    {
        if (was != @is)
        {
            throw new TraceException(
                path, null, "digest", $"the file has changed since it was ingested: its SHA-256 was {was} and is {@is}", "Ingest it again, or restore the file");
        }
    }
}
