namespace FleetEstimator.Paging;

/// <summary>
/// Slots of a device without seek time, zram among them: each order of folios is served from clusters of its own as long as there are any
/// (cluster_alloc_swap_entry in mm/swapfile.c of Linux 6.12). One CPU, no discard.
/// </summary>
internal sealed class ClusteredSwapArea : SwapArea
{
    // Orders 0 (one page) to 9 (a whole cluster).
    private const int Orders = 10;

    // SWAP_CLUSTER_COLS: clusters that lie this far apart follow each other on the list of free ones at first.
    private const int ClustersApart = 32;

    private readonly Cluster[] _clusters;
    private readonly LinkedList<Cluster> _free = [];
    private readonly LinkedList<Cluster> _full = [];

    // By order: clusters that may have a block of this order, and those in which the last search found none.
    private readonly LinkedList<Cluster>[] _nonfull = new LinkedList<Cluster>[Orders];
    private readonly LinkedList<Cluster>[] _fragmented = new LinkedList<Cluster>[Orders];

    // By order: where the CPU's cluster goes on, or NoSlot.
    private readonly int[] _next = new int[Orders];

    public ClusteredSwapArea(long slots)
        : base(slots)
    {
        for (var order = 0; order < Orders; order++)
            (_nonfull[order], _fragmented[order]) = ([], []);
        _clusters = [.. Enumerable.Range(0, (Pages + ClusterSlots - 1) / ClusterSlots).Select(number => new Cluster(number))];

        // The header, and what the last cluster lacks to be whole, count as taken.
        _clusters[0].Taken++;
        _clusters[^1].Taken += _clusters.Length * ClusterSlots - Pages;
        for (var column = 0; column < ClustersApart; column++)
        {
            for (var number = column; number < _clusters.Length; number += ClustersApart)
            {
                var cluster = _clusters[number];
                (cluster.Taken switch { 0 => _free, ClusterSlots => _full, _ => _nonfull[0] }).AddLast(cluster.Link);
            }
        }
    }

    /// <inheritdoc/>
    public override int Take(Span<int> slots)
    {
        for (var found = 0; found < slots.Length; found++)
        {
            if ((slots[found] = TakeBlock(0)) == NoSlot)
                return found;
        }

        return slots.Length;
    }

    /// <inheritdoc/>
    public override int TakeBlock(int order)
    {
        var next = _next[order];
        if (next != NoSlot && TakeIn(_clusters[next / ClusterSlots], next, order) is var goingOn and not NoSlot)
            return goingOn;
        if (_free.First is { } free)
            return TakeIn(free.Value, order);
        if (order < Orders - 1 && TakeFromOwnClusters(order) is var own and not NoSlot)
            return own;
        return order == 0 ? TakeFromLargerOrders() : NoSlot;
    }

    private int TakeFromOwnClusters(int order)
    {
        var tried = 0;
        while (_nonfull[order].First is { } link)
        {
            Move(link, _fragmented[order]);
            tried++;
            if (TakeIn(link.Value, order) is var slot and not NoSlot)
                return slot;
        }

        for (; tried < _fragmented[order].Count; tried++)
        {
            var link = _fragmented[order].First!;
            Move(link, _fragmented[order]);
            if (TakeIn(link.Value, order) is var slot and not NoSlot)
                return slot;
        }

        return NoSlot;
    }

    /// <summary>Single slots are also had from the clusters of larger folios, which are never full on these lists.</summary>
    private int TakeFromLargerOrders()
    {
        for (var order = 1; order < Orders; order++)
        {
            if ((_fragmented[order].First ?? _nonfull[order].First) is { } link)
                return TakeIn(link.Value, order: 0);
        }

        return NoSlot;
    }

    private int TakeIn(Cluster cluster, int order) => TakeIn(cluster, cluster.Number * ClusterSlots, order);

    /// <summary>alloc_swap_scan_cluster: the first free block from <paramref name="slot"/> on; remembers where to go on.</summary>
    private int TakeIn(Cluster cluster, int slot, int order)
    {
        var pages = 1 << order;
        var last = Math.Min((cluster.Number + 1) * ClusterSlots, Pages) - pages;
        _next[order] = NoSlot;
        if (cluster.Taken + pages > ClusterSlots)
            return NoSlot;
        while (slot <= last && !AreFree(slot, pages))
            slot += pages;
        if (slot > last)
            return NoSlot;

        if (cluster.Link.List == _free)
        {
            Move(cluster.Link, _nonfull[order]);
            cluster.Order = order;
        }

        Mark(slot, pages, taken: true);
        cluster.Taken += pages;
        if (cluster.Taken == ClusterSlots)
            Move(cluster.Link, _full);
        else if (slot + pages <= last)
            _next[order] = slot + pages;
        return slot;
    }

    protected override void Given(int first, int count)
    {
        var cluster = _clusters[first / ClusterSlots];
        cluster.Taken -= count;
        if (cluster.Taken == 0)
        {
            Move(cluster.Link, _free);
            cluster.Order = 0;
        }
        else if (cluster.Link.List != _nonfull[cluster.Order])
        {
            Move(cluster.Link, _nonfull[cluster.Order]);
        }
    }

    /// <inheritdoc/>
    public override void Audit()
    {
        base.Audit();
        foreach (var cluster in _clusters)
        {
            var first = cluster.Number * ClusterSlots;
            var taken = ClusterSlots - FreeIn(first, Math.Min(ClusterSlots, Pages - first));
            var list = taken switch { 0 => _free, ClusterSlots => _full, _ => null };
            var listed = cluster.Link.List;
            if (taken != cluster.Taken || (list != null ? listed != list : listed != _nonfull[cluster.Order] && listed != _fragmented[cluster.Order]))
                throw new InvalidOperationException($"Swap cluster {cluster.Number}: {taken} slots are taken, kept {cluster.Taken}, or it stands on a wrong list.");
        }
    }

    private static void Move(LinkedListNode<Cluster> link, LinkedList<Cluster> list)
    {
        link.List!.Remove(link);
        list.AddLast(link);
    }

    private sealed class Cluster
    {
        public Cluster(int number)
        {
            Number = number;
            Link = new LinkedListNode<Cluster>(this);
        }

        public int Number { get; }

        /// <summary>Its place on one of the lists.</summary>
        public LinkedListNode<Cluster> Link { get; }

        public int Taken { get; set; }

        /// <summary>Order of the folios it serves; 0 while it is free.</summary>
        public int Order { get; set; }
    }
}
