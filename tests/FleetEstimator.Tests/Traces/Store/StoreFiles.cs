using FleetEstimator.Paging;
using FleetEstimator.Traces;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces.Store;

/// <summary>Traces to ingest, and what a store must always be.</summary>
internal static class StoreFiles
{
    public static readonly Dictionary<string, string> NoLabels = [];

    /// <summary>Writes a trace of a node, whose rows depend on <paramref name="seed"/>.</summary>
    public static string Write(string path, string node, int seed = 1, int rows = 20, TraceCompression compression = TraceCompression.Zstd, TraceHeader? header = null)
    {
        var random = new Random(seed);
        using var writer = TraceWriter.Create(path, (header ?? Header) with { Node = node }, compression);
        writer.Append(Row(0, OperationKind.Map, 1, 0, 1_000));
        for (var row = 1; row < rows; row++)
            writer.Append(Row((ulong)row, OperationKind.Write, 1, (ulong)random.Next(900), 1, (PageContent)random.Next(4), 0));
        writer.Complete();
        return path;
    }

    public static IngestOutcome Ingest(this TraceStore store, string path, Dictionary<string, string>? labels = null) =>
        new TraceIngest(store, TimeProvider.System).Add(path, labels ?? NoLabels);

    /// <summary>Every file of a store but its lock, by path below it.</summary>
    public static string[] FilesOf(string store) =>
        [.. Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(store, file)).Where(file => file != ".lock").Order(StringComparer.Ordinal)];
}
