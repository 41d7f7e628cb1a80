using FleetEstimator.Paging;

namespace FleetEstimator.Recorder;

/// <summary>Rows of one kind of step, joined into runs: neighbours with the same operation, content, fill and size are one row.</summary>
internal sealed class RowRuns
{
    private readonly List<(Operation Operation, ulong Fill)> _rows = [];

    /// <summary>Rows held.</summary>
    internal int Count => _rows.Count;

    /// <summary>The rows in the order they were added.</summary>
    internal IReadOnlyList<(Operation Operation, ulong Fill)> Rows => _rows;

    /// <summary>Adds one page; pages come in ascending order.</summary>
    internal void Add(OperationKind kind, uint process, ulong page, PageContent content, ulong fill, ushort compressedBytes = 0)
    {
        if (_rows.Count > 0)
        {
            var (last, lastFill) = _rows[^1];
            if (last.Kind == kind && last.Process == process && last.Page + last.Pages == page && last.Pages < uint.MaxValue
                && last.Content == content && lastFill == fill && last.CompressedBytes == compressedBytes)
            {
                _rows[^1] = (last with { Pages = last.Pages + 1 }, fill);
                return;
            }
        }

        _rows.Add((new Operation(kind, process, page, 1, content, compressedBytes), fill));
    }

    /// <summary>Forgets all rows and keeps the room.</summary>
    internal void Clear() => _rows.Clear();
}
