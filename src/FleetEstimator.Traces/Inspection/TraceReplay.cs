using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>
/// A trace replayed as linux-6.12 on zram under its own limits, page-outs, reclaim and observed swap-outs: what is resident, swapped and zero-filled,
/// wherever a trace is looked at.
/// </summary>
internal sealed class TraceReplay
{
    // Times beyond (35,000 years) are nonsense, but no reason not to show the rest.
    public const ulong LastTime = 1UL << 60;

    // What the trace says was swapped out found room then.
    private const long UnlimitedPages = long.MaxValue / 4;

    // 8 bytes each; 512 GiB of pages of 4 KiB.
    private const long SharePagesMax = 1L << 27;

    private readonly bool _knowsContent;
    private readonly long _limitPages;
    private readonly SwapInTally? _swapIns;

    /// <summary>Begins with an empty node.</summary>
    /// <param name="header">Of the trace.</param>
    /// <param name="limitPages">A limit of the node's memory in pages that holds beside the trace's own; 0 = none.</param>
    /// <param name="swapIns">Is told of pages that come back from swap and of those stored to; null if nobody asks.</param>
    public TraceReplay(TraceHeader header, long limitPages = 0, SwapInTally? swapIns = null)
    {
        (_knowsContent, _limitPages, _swapIns) = (header.Capability == Capability.ContentKnown, limitPages, swapIns);
        Node = new([new(Mechanism.Linux612)], new NodeSettings
        {
            PageBytes = header.PageSize,
            SwapDevice = SwapDevice.Zram,
            SwapPages = UnlimitedPages,
            UnknownIsIncompressible = true,
        });
        if (limitPages > 0)
            Node.Apply(new Operation(OperationKind.Limit, 0, 0, (uint)Math.Min(limitPages, uint.MaxValue)));
    }

    /// <summary>The node, with one lane.</summary>
    public Simulator Node { get; }

    /// <summary>Zero-filled pages so far as a share of resident pages over time, of pages swapped out and of pages swapped in. All null for a trace that does not know content.</summary>
    public ZeroShares ZeroShares
    {
        get
        {
            if (!_knowsContent)
                return new();
            var (usage, counters, now) = (Node.Usage(0), Node.Counters(0), Node.State(0));
            return new()
            {
                // A snapshot has no duration to weigh by.
                ResidentPages = usage.Microseconds > 0 ? Share(usage.ZeroFilledMeanBytes, usage.RssMeanBytes) : Share(now.ZeroFilledFrames, now.MappedFrames),
                SwappedOutPages = Share(counters.ZeroFilledSwapOuts, counters.SwapOuts + counters.ZeroSwapOuts),
                SwappedInPages = Share(counters.ZeroFilledSwapIns, counters.SwapIns + counters.ZeroSwapIns),
            };
        }
    }

    /// <summary>The zero shares of a trace file; null if it touches so many pages that they do not fit into memory.</summary>
    /// <exception cref="TraceException">As <see cref="TraceScan.Next"/>.</exception>
    public static ZeroShares? ZeroSharesOf(string path, TraceLimits limits)
    {
        using var scan = TraceScan.Open(path, limits);
        var replay = new TraceReplay(scan.Header);
        while (scan.Next())
        {
            for (var row = 0; row < scan.BatchRows; row++)
            {
                var operation = scan.Batch[row];
                if (replay.Node.PageCapacity + replay.TouchedMax(in operation) > SharePagesMax)
                    return null;
                replay.Take(scan.Batch.Times[row], in operation);
            }
        }

        return replay.ZeroShares;
    }

    /// <summary>Replays a row.</summary>
    public void Take(ulong timeMicroseconds, in Operation operation)
    {
        Node.AdvanceTo((long)Math.Min(timeMicroseconds, LastTime));
        switch (operation.Kind)
        {
            case OperationKind.ObservedSwapOut:
                Node.Apply(operation with { Kind = OperationKind.PageOut });
                break;
            case OperationKind.Limit when _limitPages > 0:
                // The one asked for holds; a trace may only tighten it.
                Node.Apply(operation with { Pages = (uint)Math.Min(operation.Pages == 0 ? uint.MaxValue : operation.Pages, _limitPages) });
                break;
            case OperationKind.Read or OperationKind.Write or OperationKind.Access when _limitPages > 0 || Node.State(0).Slots > 0:
                TakePageByPage(in operation);
                break;
            default:
                Node.Apply(operation.CompressedBytes == 0 ? operation : operation with { CompressedBytes = 0 });
                break;
        }
    }

    /// <summary>Most pages that an operation adds to those touched.</summary>
    private long TouchedMax(in Operation operation) => operation.Kind switch
    {
        OperationKind.Read or OperationKind.Write or OperationKind.Observe or OperationKind.Access or OperationKind.Lock or OperationKind.Pin => operation.Pages,
        OperationKind.Fork => Node.PageCapacity,
        _ => 0,
    };

    // A page may be swapped out by a fault on one before it in the same run.
    private void TakePageByPage(in Operation operation)
    {
        for (var page = operation.Page; page < operation.Page + operation.Pages; page++)
        {
            if (_swapIns is not null)
                Tell(_swapIns, operation.Kind, operation.Process, page);
            Node.Apply(operation with { Page = page, Pages = 1, CompressedBytes = 0 });
        }
    }

    private void Tell(SwapInTally swapIns, OperationKind kind, uint process, ulong page)
    {
        if (Node.SwappedContent(0, process, page) is { } content)
            swapIns.ComesBack(kind, process, page, content);
        else if (kind == OperationKind.Write)
            swapIns.Stored(process, page, 1);
    }

    private static double? Share(long part, long whole) => whole == 0 ? null : (double)part / whole;
}
