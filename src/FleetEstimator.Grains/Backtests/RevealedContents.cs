using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;

namespace FleetEstimator.Grains.Backtests;

/// <summary>
/// Contents that a recorder could not see when it met a page, because the page was in swap, and saw when the page came back: unless it was stored to in between, which nobody
/// can tell, that is what was swapped in. Without it every page that a recording begins with in swap would come back as data.
/// </summary>
internal sealed class RevealedContents
{
    private readonly Workload _workload;

    /// <summary>By row, then page.</summary>
    private readonly Dictionary<int, Dictionary<ulong, PageContent>> _revealed = [];

    public RevealedContents(Workload workload)
    {
        _workload = workload;
        var unknownSince = new Dictionary<(uint Process, ulong Page), int>();
        for (var row = 0; row < workload.RowCount; row++)
        {
            var operation = workload.OperationAt(row, 0);
            if (IsUnknown(operation))
            {
                for (var page = operation.Page; page < operation.Page + operation.Pages; page++)
                    unknownSince[(operation.Process, page)] = row;
            }
            else if (unknownSince.Count > 0 && operation.Kind is OperationKind.Access or OperationKind.Observe or OperationKind.Write or OperationKind.Discard or OperationKind.Unmap)
            {
                foreach (var page in PagesOf(operation, unknownSince))
                {
                    if (unknownSince.Remove((operation.Process, page), out var since) && operation.Kind is OperationKind.Access or OperationKind.Observe)
                        Reveal(since, page, operation.Content);
                }
            }
        }
    }

    /// <summary>The operation of a row, in parts where pages of it turned out to hold different things.</summary>
    public IEnumerable<Operation> Of(int row)
    {
        var operation = _workload.OperationAt(row, 0);
        if (!_revealed.TryGetValue(row, out var contents))
        {
            yield return operation;
            yield break;
        }

        var end = operation.Page + operation.Pages;
        for (ulong first = operation.Page, next; first < end; first = next)
        {
            var content = contents.GetValueOrDefault(first);
            for (next = first + 1; next < end && contents.GetValueOrDefault(next) == content; next++)
            {
            }

            yield return operation with { Page = first, Pages = (uint)(next - first), Content = content };
        }
    }

    private static bool IsUnknown(in Operation operation) => operation is { Kind: OperationKind.Observe or OperationKind.Write, Content: PageContent.Unknown };

    private void Reveal(int row, ulong page, PageContent content)
    {
        if (!_revealed.TryGetValue(row, out var contents))
            _revealed.Add(row, contents = []);
        contents[page] = content;
    }

    /// <summary>The pages of an operation whose content is not known; whichever is less is gone through.</summary>
    private static IReadOnlyList<ulong> PagesOf(Operation operation, Dictionary<(uint Process, ulong Page), int> unknown)
    {
        var end = operation.Page + operation.Pages;
        return operation.Pages > unknown.Count
            ? [.. unknown.Keys.Where(key => key.Process == operation.Process && key.Page >= operation.Page && key.Page < end).Select(key => key.Page)]
            : [.. Enumerable.Range(0, (int)operation.Pages).Select(index => operation.Page + (ulong)index).Where(page => unknown.ContainsKey((operation.Process, page)))];
    }
}
