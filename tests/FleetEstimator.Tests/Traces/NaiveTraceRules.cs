using FleetEstimator.Paging;

namespace FleetEstimator.Tests.Traces;

/// <summary>The rules of rows, obviously right: every mapped page of every process is an element of a set.</summary>
internal sealed class NaiveTraceRules
{
    public const ulong AddressSpacePages = 1ul << 52;

    private readonly Dictionary<uint, HashSet<ulong>> _mapped = [];
    private ulong _lastTime;

    public IEnumerable<uint> LiveProcesses => _mapped.Keys.Order();

    public bool Take(ulong time, Operation operation)
    {
        if (time < _lastTime || (byte)operation.Content > 3 || !TakeOperation(operation))
            return false;
        _lastTime = time;
        return true;
    }

    private bool TakeOperation(Operation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.Reclaim or OperationKind.Limit:
                return true;
            case OperationKind.Settle:
                return operation.Pages == 1;
            case OperationKind.Exit:
                if (operation.Pages == 1)
                    _mapped.Remove(operation.Process);
                return operation.Pages == 1;
            case OperationKind.Fork:
                if (operation.Pages != 1 || operation.Page > uint.MaxValue || operation.Page == operation.Process)
                    return false;
                return _mapped.TryAdd((uint)operation.Page, [.. _mapped.GetValueOrDefault(operation.Process, [])]);
            case < OperationKind.Map or > OperationKind.Settle:
                return false;
        }

        if (operation.Pages == 0 || operation.Page >= AddressSpacePages || operation.Page + operation.Pages > AddressSpacePages)
            return false;
        var run = Enumerable.Range(0, (int)operation.Pages).Select(page => operation.Page + (ulong)page).ToList();
        var mapped = _mapped.GetValueOrDefault(operation.Process, []);
        switch (operation.Kind)
        {
            case OperationKind.Map:
                if (run.Exists(mapped.Contains))
                    return false;
                mapped.UnionWith(run);
                _mapped[operation.Process] = mapped;
                return true;
            case OperationKind.Unmap:
                var removed = run.Exists(mapped.Contains);
                mapped.ExceptWith(run);
                return removed;
            case OperationKind.Unpin:
                // Pins outlive mappings.
                return true;
            default:
                return run.TrueForAll(mapped.Contains);
        }
    }
}
