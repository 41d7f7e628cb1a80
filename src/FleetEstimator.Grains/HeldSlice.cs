namespace FleetEstimator.Grains;

/// <summary>A slice that this silo works on: which nodes are missing, the rows it has so far. Safe for use by several threads.</summary>
/// <param name="study">Id of the study.</param>
/// <param name="lease">The lease.</param>
internal sealed class HeldSlice(string study, SliceLease lease)
{
    private readonly Lock _lock = new();
    private List<byte[]> _rows = [];
    private int _missing;
    private int _failed;
    private int _simulated;
    private long _simulationMicroseconds;

    /// <summary>Id of the study.</summary>
    public string Study => study;

    /// <summary>The lease.</summary>
    public SliceLease Lease => lease;

    /// <summary>Key of the shard that keeps the rows.</summary>
    public string Shard { get; } = ShardKey.Of(study, lease.Slice);

    /// <summary>Whether someone else does it now, or nobody: what is simulated of it is still worth keeping.</summary>
    public bool IsDropped { get; set; }

    /// <summary>Whether its nodes have all been simulated, so that only their rows are under way.</summary>
    public bool IsSimulated { get; private set; }

    /// <summary>What to do with it when its last node is simulated.</summary>
    public Action? WhenSimulated { get; set; }

    /// <summary>Says what is to be done.</summary>
    public void Begin(MissingNodes missing)
    {
        lock (_lock)
        {
            (_missing, _failed) = (missing.Ordinals.Length, missing.Failed);
            IsSimulated = _missing == 0;
        }
    }

    /// <summary>Takes a row in; true with the last of them.</summary>
    public bool Add(NodeAnswer answer)
    {
        lock (_lock)
        {
            _rows.Add(answer.Row);
            _failed += NodeRowCodec.Peek(answer.Row).HasFailed ? 1 : 0;
            _simulated++;
            _simulationMicroseconds += answer.SimulationMicroseconds;
            return IsSimulated = --_missing == 0;
        }
    }

    /// <summary>The rows that have not been given away.</summary>
    public byte[][] TakeRows()
    {
        lock (_lock)
        {
            var rows = _rows;
            _rows = [];
            return [.. rows];
        }
    }

    /// <summary>What the coordinator is told when the rows are in their shard.</summary>
    public SliceReport Report()
    {
        lock (_lock)
            return new(lease.Id, _failed, _simulated, _simulationMicroseconds);
    }
}
