using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>What an import came to, for a person who checks whether the file was read right.</summary>
public sealed record ImportSummary
{
    /// <summary>The file written.</summary>
    public required string Output { get; init; }

    /// <summary>The format that was read.</summary>
    public required string Format { get; init; }

    /// <summary>Label of the node.</summary>
    public required string Node { get; init; }

    /// <summary>Name of the <see cref="Traces.Capability"/>.</summary>
    public required string Capability { get; init; }

    /// <summary>Bytes in a page.</summary>
    public required int PageSize { get; init; }

    /// <summary>Rows of the trace; samples of a counters file.</summary>
    public required long Rows { get; init; }

    /// <summary>Processes, or address spaces; 0 for counters.</summary>
    public int Processes { get; init; }

    /// <summary>Different pages that were used or observed.</summary>
    public long DistinctPages { get; init; }

    /// <summary>Pages of all mappings together.</summary>
    public long MappedPages { get; init; }

    /// <summary>The last time in microseconds.</summary>
    public required ulong DurationMicroseconds { get; init; }

    /// <summary>Rows and pages by name of the operation.</summary>
    public IReadOnlyDictionary<string, OperationTotals> Operations { get; init; } = new Dictionary<string, OperationTotals>();

    /// <summary>Of pages read, written and accessed: the share read; null if there is none.</summary>
    public double? ReadShare { get; init; }

    /// <summary>Of pages read, written and accessed: the share written.</summary>
    public double? WriteShare { get; init; }

    /// <summary>Of counters of vmstat: by how much each grew. Only those that did.</summary>
    public IReadOnlyDictionary<string, long> Growth { get; init; } = new Dictionary<string, long>();

    /// <summary>What was read and is not in the output, each with how much of it.</summary>
    public required IReadOnlyDictionary<string, long> LeftOut { get; init; }

    /// <summary>What a person should know before using it.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    internal static ImportSummary Of(ImportRequest request, ImportJob job, string output) => job switch
    {
        { Trace: { } trace } => Of(request, job, trace, output),
        { Counters: { } counters } => new ImportSummary
        {
            Output = output,
            Format = request.Importer.Format,
            Node = counters.Header.Node,
            Capability = Capabilities.NameOf(Traces.Capability.CounterOnly),
            PageSize = counters.Header.PageSize,
            Rows = counters.Samples,
            DurationMicroseconds = counters.LastTime,
            Growth = counters.Growth.Where(counter => counter.Growth != 0).ToDictionary(counter => counter.Name, counter => counter.Growth),
            LeftOut = job.LeftOut,
            Notes = job.Notes,
        },
        _ => throw new InvalidOperationException($"The importer of {request.Importer.Format} wrote nothing."),
    };

    private static ImportSummary Of(ImportRequest request, ImportJob job, ImportedTrace trace, string output)
    {
        var totals = trace.Totals;
        var (read, written, accessed) = (totals[(int)OperationKind.Read].Pages, totals[(int)OperationKind.Write].Pages, totals[(int)OperationKind.Access].Pages);
        var uses = (double)(read + written + accessed);
        var operations = new Dictionary<string, OperationTotals>();
        foreach (var kind in Enum.GetValues<OperationKind>())
        {
            if (totals[(int)kind].Rows > 0)
                operations.Add(TraceFormat.NameOf(kind), totals[(int)kind]);
        }

        return new()
        {
            Output = output,
            Format = request.Importer.Format,
            Node = trace.Header.Node,
            Capability = Capabilities.NameOf(trace.Header.Capability),
            PageSize = trace.Header.PageSize,
            Rows = trace.Rows,
            Processes = trace.Processes,
            DistinctPages = trace.DistinctPages,
            MappedPages = trace.MappedPages,
            DurationMicroseconds = trace.LastTime,
            Operations = operations,
            ReadShare = uses == 0 ? null : read / uses,
            WriteShare = uses == 0 ? null : written / uses,
            LeftOut = job.LeftOut,
            Notes = job.Notes,
        };
    }
}
