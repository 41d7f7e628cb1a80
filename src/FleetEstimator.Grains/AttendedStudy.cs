namespace FleetEstimator.Grains;

/// <summary>What a silo holds of one study, and has done and not reported yet. Safe for use by several threads.</summary>
internal sealed class AttendedStudy(string id, WorkSettings settings, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, HeldSlice> _held = [];
    private readonly List<SliceReport> _ended = [];
    private TaskCompletionSource _changed = NewSignal();
    private int _reporting;
    private long _sequence;

    /// <summary>Id of the study.</summary>
    public string Id => id;

    /// <summary>What to tell the coordinator now.</summary>
    /// <param name="silo">This silo.</param>
    /// <param name="share">Slices that this study may have under simulation here.</param>
    public WorkRequest Request(string silo, int share)
    {
        lock (_lock)
        {
            _changed = NewSignal();
            _reporting = _ended.Count;
            var simulating = _held.Values.Count(slice => !slice.IsSimulated);

            // While shards cannot be reached, rows that wait for them take memory: no more than so many.
            var wanted = Math.Min(share - simulating, (4 * share) - _held.Count);
            return new(silo, ++_sequence, [.. _ended], [.. _held.Keys], Math.Max(0, wanted));
        }
    }

    /// <summary>The coordinator has taken in what it was told.</summary>
    public void Reported()
    {
        lock (_lock)
            _ended.RemoveRange(0, _reporting);
    }

    /// <summary>Waits until there is something to tell, or it is time to say again what is held.</summary>
    public async Task Changed(CancellationToken cancellation)
    {
        Task changed;
        lock (_lock)
        {
            // Nothing held and nothing ended: the coordinator itself keeps this silo waiting until there is work.
            if (_held.Count == 0 && _ended.Count == 0)
                return;
            changed = _changed.Task;
        }

        try
        {
            await changed.WaitAsync(settings.Renewal, time, cancellation);
        }
        catch (TimeoutException)
        {
            // Time to say it again.
        }
    }

    /// <summary>A thread will soon be idle: the coordinator should be asked for more.</summary>
    public void Signal()
    {
        lock (_lock)
            _changed.TrySetResult();
    }

    /// <summary>Takes a slice on.</summary>
    public HeldSlice Hold(SliceLease lease)
    {
        var slice = new HeldSlice(id, lease);
        lock (_lock)
            _held[lease.Id] = slice;
        return slice;
    }

    /// <summary>A slice's rows are in their shard.</summary>
    public void End(HeldSlice slice)
    {
        lock (_lock)
        {
            if (_held.Remove(slice.Lease.Id))
                _ended.Add(slice.Report());
            _changed.TrySetResult();
        }
    }

    /// <summary>Drops slices that are not this silo's any more.</summary>
    public List<HeldSlice> Drop(IEnumerable<long> leases)
    {
        var dropped = new List<HeldSlice>();
        lock (_lock)
        {
            foreach (var lease in leases)
            {
                if (!_held.Remove(lease, out var slice))
                    continue;
                slice.IsDropped = true;
                dropped.Add(slice);
            }
        }

        return dropped;
    }

    /// <summary>Drops all slices.</summary>
    public List<HeldSlice> DropAll()
    {
        List<long> leases;
        lock (_lock)
            leases = [.. _held.Keys];
        return Drop(leases);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
