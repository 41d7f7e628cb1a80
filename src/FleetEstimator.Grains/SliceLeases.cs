namespace FleetEstimator.Grains;

/// <summary>
/// Who simulates which slice of an allocation: hands slices out, takes back those whose silo does not hold them any more or has gone silent, and counts each node once. As large
/// as the slices that are out, however many nodes there are. Decides on what it is told, time included.
/// </summary>
/// <param name="queue">The nodes nobody has taken yet.</param>
/// <param name="settings">How long silence lasts, how long a slice should take.</param>
/// <param name="attempt">Passed on with every lease.</param>
/// <param name="firstLease">Number of the first lease; another for every activation of a coordinator.</param>
internal sealed class SliceLeases(SliceQueue queue, WorkSettings settings, int attempt, long firstLease)
{
    private readonly Dictionary<long, (string Silo, NodeSlice Slice)> _leased = [];
    private readonly Dictionary<string, (long Sequence, DateTimeOffset Heard)> _silos = [];
    private long _nextLease = firstLease;
    private double _microsecondsPerNode;

    /// <summary>Nodes whose results are in their shards.</summary>
    public long Done { get; private set; }

    /// <summary>Nodes that cannot be simulated.</summary>
    public long Failed { get; private set; }

    /// <summary>Nodes that are handed out.</summary>
    public long Running { get; private set; }

    /// <summary>Nodes that were simulated for these leases; the others had been done before.</summary>
    public long Simulated { get; private set; }

    /// <summary>Whether every node has ended.</summary>
    public bool IsDone => queue.Remaining == 0 && Running == 0;

    /// <summary>Whether there are nodes to be taken.</summary>
    public bool HasMore => queue.Remaining > 0;

    /// <summary>Takes in what a silo says and gives it what it may begin.</summary>
    public WorkGrant Exchange(WorkRequest request, DateTimeOffset now)
    {
        // A request that was overtaken by a later one, or comes a second time, says nothing about now.
        if (_silos.TryGetValue(request.Silo, out var known) && request.Sequence <= known.Sequence)
            return WorkGrant.Nothing;
        _silos[request.Silo] = (request.Sequence, now);
        foreach (var report in request.Ended)
            End(report);
        var held = request.Held.ToHashSet();
        TakeBack(now, lease => lease.Value.Silo == request.Silo && !held.Contains(lease.Key));
        return new(IsActive: true, HandOut(request), [.. request.Held.Where(lease => !_leased.ContainsKey(lease))]);
    }

    private void End(SliceReport report)
    {
        if (!_leased.Remove(report.Lease, out var lease))
            return;
        Running -= lease.Slice.Count;
        Failed += report.Failed;
        Done += lease.Slice.Count - report.Failed;
        Simulated += report.Simulated;
        if (report.Simulated > 0)
            _microsecondsPerNode = (double)report.SimulationMicroseconds / report.Simulated;
    }

    private void TakeBack(DateTimeOffset now, Func<KeyValuePair<long, (string Silo, NodeSlice Slice)>, bool> isGivenUp)
    {
        foreach (var silent in _silos.Where(silo => now - silo.Value.Heard > settings.Silence).Select(silo => silo.Key).ToList())
            _silos.Remove(silent);
        foreach (var lease in _leased.Where(lease => isGivenUp(lease) || !_silos.ContainsKey(lease.Value.Silo)).ToList())
        {
            _leased.Remove(lease.Key);
            Running -= lease.Value.Slice.Count;
            queue.Return(lease.Value.Slice);
        }
    }

    private List<SliceLease> HandOut(WorkRequest request)
    {
        var leases = new List<SliceLease>();
        while (leases.Count < request.Wanted && queue.Take(SliceSize()) is { } slice)
        {
            leases.Add(new(_nextLease, slice, attempt));
            _leased.Add(_nextLease++, (request.Silo, slice));
            Running += slice.Count;
        }

        return leases;
    }

    /// <summary>So many nodes that they take about as long as a slice should; fewer towards the end, so that all silos end together.</summary>
    private int SliceSize()
    {
        // Nothing is known before the first slices are done: one node each.
        if (_microsecondsPerNode == 0)
            return 1;
        var inTime = settings.SliceTime.TotalMicroseconds / _microsecondsPerNode;
        var fairly = (double)queue.Remaining / (2 * Math.Max(1, _leased.Count));
        return (int)Math.Clamp(Math.Min(inTime, fairly), 1, NodeSlice.NodesPerShard);
    }
}
