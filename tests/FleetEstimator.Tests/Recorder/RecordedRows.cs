using FleetEstimator.Paging;
using FleetEstimator.Recorder;
using FleetEstimator.Traces;

namespace FleetEstimator.Tests.Recorder;

/// <summary>Replays rows in the plainest way there is: what does each process hold according to the trace?</summary>
internal sealed class RecordedRows
{
    private readonly TraceRules _rules = new(4096, mappingsMax: 1_000_000);

    public List<TraceRow> Rows { get; } = [];

    /// <summary>Per process, the pages that hold something: content and fill, or <see cref="ZeroPage"/>.</summary>
    public Dictionary<uint, SortedDictionary<ulong, (PageContent Content, ulong Fill)>> Held { get; } = [];

    /// <summary>Stands for a page that maps the shared zero page: no content code has this fill.</summary>
    public static (PageContent Content, ulong Fill) ZeroPage => (PageContent.Zero, ulong.MaxValue);

    public void Append(TraceRow row)
    {
        var operation = row.Operation;
        if (_rules.Take(row.TimeMicroseconds, in operation) is { } fault)
            throw new InvalidOperationException($"Row {Rows.Count}: {fault.Problem}");
        Rows.Add(row);
        if (operation.Kind == OperationKind.Fork)
        {
            Held[(uint)operation.Page] = new(Of(operation.Process));
            return;
        }

        if (operation.Kind == OperationKind.Exit)
        {
            _ = Held.Remove(operation.Process);
            return;
        }

        var pages = Of(operation.Process);
        for (var page = operation.Page; page < operation.Page + operation.Pages; page++)
            Apply(operation, row.Fill, page, pages);
    }

    public SortedDictionary<ulong, (PageContent Content, ulong Fill)> Of(uint process)
    {
        if (!Held.TryGetValue(process, out var pages))
            Held[process] = pages = [];
        return pages;
    }

    /// <summary>Of <paramref name="rows"/> those that begin in <paramref name="range"/>, without their times, and with pages counted from its start.</summary>
    public static List<(OperationKind Kind, ulong Offset, uint Pages, PageContent Content, ulong Fill)> Within(IEnumerable<TraceRow> rows, PageRange range) =>
    [
        .. rows.Where(row => row.Operation.Kind is not (OperationKind.Fork or OperationKind.Exit) && row.Operation.Page >= range.Start && row.Operation.Page < range.End)
            .Select(row => (row.Operation.Kind, row.Operation.Page - range.Start, row.Operation.Pages, row.Operation.Content, row.Fill)),
    ];

    private static void Apply(in Operation operation, ulong fill, ulong page, SortedDictionary<ulong, (PageContent Content, ulong Fill)> pages)
    {
        switch (operation.Kind)
        {
            case OperationKind.Write or OperationKind.Observe:
                pages[page] = (operation.Content, fill);
                break;
            case OperationKind.Access:
                if (!pages.TryGetValue(page, out var held) || held == ZeroPage)
                    throw new InvalidOperationException($"Page {page} is accessed and holds nothing of its own.");
                if (operation.Content != PageContent.Unknown)
                    pages[page] = (operation.Content, fill);
                break;
            case OperationKind.Read:
                if (!pages.TryGetValue(page, out held))
                    pages[page] = ZeroPage;
                else if (held.Content != PageContent.Zero)
                    throw new InvalidOperationException($"Page {page} is read as zeros and holds {held}.");
                break;
            case OperationKind.Discard or OperationKind.Unmap:
                if (!pages.Remove(page) && operation.Kind == OperationKind.Discard)
                    throw new InvalidOperationException($"Page {page} is discarded and holds nothing.");
                break;
            case OperationKind.ObservedSwapOut:
                if (!pages.TryGetValue(page, out held) || held == ZeroPage)
                    throw new InvalidOperationException($"Page {page} is swapped out and holds nothing of its own.");
                break;
            case OperationKind.Map:
                break;
            default:
                throw new InvalidOperationException($"The recorder does not write {operation.Kind}.");
        }
    }
}
