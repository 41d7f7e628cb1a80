using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>
/// One recording file in memory: every column as an array, 36 bytes a row. Immutable, and shared between threads. The file was validated when it was
/// loaded: operation and content codes are known, times never decrease, runs lie inside the address space and, but for map and unmap, inside what
/// their process has mapped. Whoever uses a trace trusts that.
/// </summary>
public sealed class Trace
{
    private readonly TraceArrays _columns;
    private readonly uint[] _processesAtEnd;

    internal Trace(
        string filePath, string digest, TraceHeader header, IReadOnlyDictionary<string, string> metadata, TraceArrays columns, uint[] processesAtEnd)
    {
        FilePath = filePath;
        Digest = digest;
        Header = header;
        Metadata = metadata;
        _columns = columns;
        _processesAtEnd = processesAtEnd;
    }

    /// <summary>The file it was loaded from, as the user gave it.</summary>
    public string FilePath { get; }

    /// <summary>SHA-256 of the file's bytes, 64 lower-case hexadecimal digits: what <c>sha256sum</c> prints.</summary>
    public string Digest { get; }

    /// <summary>What the trace says about itself.</summary>
    public TraceHeader Header { get; }

    /// <summary>The schema metadata as they stand in the file, keys that the format does not know included.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Number of rows, possibly 0.</summary>
    public int RowCount => _columns.Times.Length;

    /// <summary>Time of the last row in microseconds since the start of the recording; 0 when there are no rows.</summary>
    public ulong DurationMicroseconds => RowCount == 0 ? 0 : _columns.Times[^1];

    /// <summary>Column <c>time_us</c>: microseconds since the start of the recording.</summary>
    public ReadOnlySpan<ulong> Times => _columns.Times;

    /// <summary>Column <c>op</c>.</summary>
    public ReadOnlySpan<OperationKind> Kinds => _columns.Kinds;

    /// <summary>Column <c>process</c>.</summary>
    public ReadOnlySpan<uint> Processes => _columns.Processes;

    /// <summary>Column <c>page</c>: first virtual page number of the run, or an operand.</summary>
    public ReadOnlySpan<ulong> FirstPages => _columns.FirstPages;

    /// <summary>Column <c>pages</c>: length of the run in pages, or an operand.</summary>
    public ReadOnlySpan<uint> PageCounts => _columns.PageCounts;

    /// <summary>Column <c>content</c>.</summary>
    public ReadOnlySpan<PageContent> Contents => _columns.Contents;

    /// <summary>Column <c>fill</c>: the word of repeated content, the keyed fingerprint of other data or 0.</summary>
    public ReadOnlySpan<ulong> Fills => _columns.Fills;

    /// <summary>Column <c>compressed_bytes</c>: bytes of one page when compressed; 0 = not recorded.</summary>
    public ReadOnlySpan<ushort> CompressedSizes => _columns.CompressedSizes;

    /// <summary>Processes that have mapped memory or were forked and have not exited when the trace ends, in ascending order.</summary>
    public ReadOnlySpan<uint> ProcessesAtEnd => _processesAtEnd;

    /// <summary>The operation of a row, without its time and fill. <paramref name="row"/> is at least 0 and less than <see cref="RowCount"/>.</summary>
    public Operation this[int row] => new(
        _columns.Kinds[row],
        _columns.Processes[row],
        _columns.FirstPages[row],
        _columns.PageCounts[row],
        _columns.Contents[row],
        _columns.CompressedSizes[row]);

    /// <summary>A row with everything it holds. <paramref name="row"/> is at least 0 and less than <see cref="RowCount"/>.</summary>
    public TraceRow Row(int row) => new(_columns.Times[row], this[row], _columns.Fills[row]);

    /// <summary>Most pages that the paging model keeps of a node: 2 TiB of 4 KiB pages.</summary>
    internal const uint ReplayedPagesMax = 1 << 29;

    /// <summary>Looks for a run of more pages than the paging model keeps: a file of two rows could ask it for any amount of memory. To be called before a replay.</summary>
    /// <exception cref="TraceException">There is one.</exception>
    public void RequireReplayable()
    {
        for (var row = 0; row < RowCount; row++)
        {
            if (_columns.PageCounts[row] > ReplayedPagesMax
                && _columns.Kinds[row] is OperationKind.Read or OperationKind.Write or OperationKind.Observe or OperationKind.Access or OperationKind.Lock)
            {
                throw TooLarge(row, $"{TraceFormat.NameOf(_columns.Kinds[row])} of {_columns.PageCounts[row]} pages, more than the limit of {ReplayedPagesMax} that the model replays");
            }
        }
    }

    internal TraceException TooLarge(int row, string problem, Exception? inner = null) =>
        new(FilePath, row, "pages", problem, "If the node is as large as that, record a part of its processes or a sample of its pages", inner);

    /// <summary>Reads and validates a trace file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What may be spent on it; <see cref="TraceLimits.Default"/> if null.</param>
    /// <exception cref="TraceException">The file cannot be read, is not a trace, is damaged, breaks a rule of the format, or exceeds a limit.</exception>
    public static Trace Load(string path, TraceLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return TraceReader.Load(path, path, limits ?? TraceLimits.Default);
    }
}

/// <summary>The columns of a trace, all of one length.</summary>
internal sealed class TraceArrays(int rows)
{
    public readonly ulong[] Times = GC.AllocateUninitializedArray<ulong>(rows);
    public readonly OperationKind[] Kinds = GC.AllocateUninitializedArray<OperationKind>(rows);
    public readonly uint[] Processes = GC.AllocateUninitializedArray<uint>(rows);
    public readonly ulong[] FirstPages = GC.AllocateUninitializedArray<ulong>(rows);
    public readonly uint[] PageCounts = GC.AllocateUninitializedArray<uint>(rows);
    public readonly PageContent[] Contents = GC.AllocateUninitializedArray<PageContent>(rows);
    public readonly ulong[] Fills = GC.AllocateUninitializedArray<ulong>(rows);
    public readonly ushort[] CompressedSizes = GC.AllocateUninitializedArray<ushort>(rows);

    /// <summary>What a row does, without the size under compression.</summary>
    public Operation this[int row] => new(Kinds[row], Processes[row], FirstPages[row], PageCounts[row], Contents[row]);
}
