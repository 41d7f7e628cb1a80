namespace FleetEstimator.Grains;

/// <summary>
/// What waits to be done for several parties, fairly: the next item is of the party that was given the least time so far. A party that comes new, or comes back, starts level with the
/// one that had least, so that none is kept waiting for what it did not use. Safe for use by several threads.
/// </summary>
internal sealed class FairQueue<T> : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _available = new(0);
    private readonly Dictionary<string, Party> _parties = [];

    /// <summary>Adds items of a party.</summary>
    public void Add(string party, IReadOnlyCollection<T> items)
    {
        lock (_lock)
        {
            if (!_parties.TryGetValue(party, out var queue))
                _parties.Add(party, queue = new Party());
            queue.IsLeaving = false;
            if (queue.Items.Count == 0)
                queue.Used = Math.Max(queue.Used, _parties.Values.Where(other => other.Items.Count > 0).Select(other => other.Used).DefaultIfEmpty(0).Min());
            foreach (var item in items)
                queue.Items.Enqueue(item);
        }

        if (items.Count > 0)
            _available.Release(items.Count);
    }

    /// <summary>Takes the next item, when there is one.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<T> Take(CancellationToken cancellation)
    {
        await _available.WaitAsync(cancellation);
        lock (_lock)
        {
            var (name, party) = _parties.Where(party => party.Value.Items.Count > 0).MinBy(party => party.Value.Used);
            var item = party.Items.Dequeue();
            if (party.IsLeaving && party.Items.Count == 0)
                _parties.Remove(name);
            return item;
        }
    }

    /// <summary>Says how long an item took.</summary>
    public void Charge(string party, long microseconds)
    {
        lock (_lock)
        {
            if (_parties.TryGetValue(party, out var queue))
                queue.Used += microseconds;
        }
    }

    /// <summary>Forgets a party, once what it has waiting was taken.</summary>
    public void Leave(string party)
    {
        lock (_lock)
        {
            if (!_parties.TryGetValue(party, out var queue))
                return;
            queue.IsLeaving = true;
            if (queue.Items.Count == 0)
                _parties.Remove(party);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _available.Dispose();

    private sealed class Party
    {
        public Queue<T> Items { get; } = [];

        public long Used { get; set; }

        public bool IsLeaving { get; set; }
    }
}
