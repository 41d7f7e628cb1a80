namespace FleetEstimator.Traces;

/// <summary>Where the files of recordings lie on this machine. What a file is called, in messages and wherever files have an order, is <see cref="TraceFile.Path"/> all the same.</summary>
public interface ITraceSource
{
    /// <summary>A local file that should have the bytes of a trace, to be read only; null if there is none.</summary>
    string? Find(TraceFile file);

    /// <summary>A local file that should have the bytes of its counters, to be read only; null if there is none.</summary>
    string? FindCounters(TraceFile file);
}

/// <summary>Files where the user has them: for studies that are planned and simulated on one machine.</summary>
public sealed class LocalTraces : ITraceSource
{
    /// <summary>The one there is.</summary>
    public static LocalTraces Instance { get; } = new();

    private LocalTraces()
    {
    }

    /// <inheritdoc/>
    public string? Find(TraceFile file) => File.Exists(file.Path) ? file.Path : null;

    /// <inheritdoc/>
    public string? FindCounters(TraceFile file) => File.Exists(file.CountersPath) ? file.CountersPath : null;
}
