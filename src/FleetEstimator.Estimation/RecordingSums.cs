namespace FleetEstimator.Estimation;

/// <summary>
/// Exact sums over the nodes of one class that replay one recording. Nodes are also split at random into <see cref="Groups"/> groups whose sums are
/// kept apart: how much groups differ tells how much nodes do, for every figure at once and without a sum of products for each pair of quantities.
/// </summary>
internal sealed class RecordingSums(int mechanisms, int baseline, bool isHalf = false)
{
    /// <summary>Random groups. Each recording gives at most one degree of freedom less than this; a study has many recordings.</summary>
    public const int Groups = 4;

    private readonly long[] _nodes = new long[Groups];
    private readonly Int128[] _measuredMicroseconds = new Int128[Groups];
    private readonly Int128[] _allReads = new Int128[Groups * mechanisms * NodeQuantities.Count];

    // How the figures are distributed over nodes is not asked of halves, of which there is one each.
    private readonly NodeDistributions _distributionsAllReads = new(isHalf ? 0 : mechanisms, baseline);

    private RecordingSums[] _halves = [];
    private NodeDistributions? _distributionsAllWrites;

    /// <summary>Null until a node was replayed with all writes; from then on nodes that were not count with their all reads.</summary>
    private Int128[]? _allWrites;

    /// <summary>Nodes added.</summary>
    public long Nodes => _nodes.Sum();

    /// <summary>Sum of instances of the nodes.</summary>
    public Int128 Instances { get; private set; }

    /// <summary>Sum of memory limits of the nodes in bytes.</summary>
    public Int128 LimitBytes { get; private set; }

    /// <summary>Sum of measured periods of the nodes.</summary>
    public Int128 MeasuredMicroseconds
    {
        get
        {
            var sum = Int128.Zero;
            foreach (var time in _measuredMicroseconds)
                sum += time;
            return sum;
        }
    }

    /// <summary>Share of the recorded node's pages that the recording holds.</summary>
    public double SamplingFraction { get; private set; } = 1;

    /// <summary>Sums over those nodes that were also replayed with halves of the sampled pages, as <see cref="NodeResult.Halves"/> has them.</summary>
    public IReadOnlyList<RecordingSums> Halves => _halves;

    /// <summary>Whether any node was replayed under both access assumptions.</summary>
    public bool HasAllWrites => _allWrites is not null;

    /// <summary>Nodes in a group.</summary>
    public long NodesOf(int group) => _nodes[group];

    /// <summary>Adds a node whose lanes have been found complete.</summary>
    public void Add(NodeResult node)
    {
        var group = GroupOf(node.Node);
        var hasAllWrites = node.Lanes.Count > mechanisms;
        if (hasAllWrites)
            DistinguishAllWrites();
        _distributionsAllReads.Add(node, 0);
        _distributionsAllWrites?.Add(node, hasAllWrites ? mechanisms : 0);
        _nodes[group]++;
        _measuredMicroseconds[group] += node.MeasuredMicroseconds;
        Instances += node.Instances;
        LimitBytes += node.LimitBytes;
        SamplingFraction = node.SamplingFraction;
        for (var half = 0; half < node.Halves.Count; half++)
            HalfOf(half, node.Halves.Count).Add(node.Halves[half]);
        foreach (var lane in node.Lanes)
        {
            for (var quantity = 0; quantity < NodeQuantities.Count; quantity++)
            {
                var amount = ((NodeQuantity)quantity).Of(node, lane);
                var index = Index(group, lane.Mechanism, (NodeQuantity)quantity);
                if (lane.Accesses == AccessAssumption.AllReads)
                    _allReads[index] += amount;
                if (_allWrites is not null && (lane.Accesses == AccessAssumption.AllWrites || !hasAllWrites))
                    _allWrites[index] += amount;
            }
        }
    }

    /// <summary>Adds all nodes of another sum over the same class, recording and mechanisms.</summary>
    public void Add(RecordingSums other)
    {
        if (_allWrites is not null || other._allWrites is not null)
        {
            DistinguishAllWrites();
            AddTo(_allWrites!, other._allWrites ?? other._allReads);
            _distributionsAllWrites!.Add(other._distributionsAllWrites ?? other._distributionsAllReads);
        }

        _distributionsAllReads.Add(other._distributionsAllReads);

        AddTo(_allReads, other._allReads);
        AddTo(_measuredMicroseconds, other._measuredMicroseconds);
        Instances += other.Instances;
        LimitBytes += other.LimitBytes;
        SamplingFraction = Math.Min(SamplingFraction, other.SamplingFraction);
        for (var half = 0; half < other._halves.Length; half++)
            HalfOf(half, other._halves.Length).Add(other._halves[half]);
        for (var group = 0; group < Groups; group++)
            _nodes[group] += other._nodes[group];
    }

    /// <summary>How figures are distributed over the nodes; of a node without unknown accesses, the same under both assumptions.</summary>
    public NodeDistributions Distributions(AccessAssumption accesses) =>
        accesses == AccessAssumption.AllWrites && _distributionsAllWrites is not null ? _distributionsAllWrites : _distributionsAllReads;

    /// <summary>From here on the two assumptions are kept apart; so far they were the same.</summary>
    private void DistinguishAllWrites()
    {
        _allWrites ??= (Int128[])_allReads.Clone();
        _distributionsAllWrites ??= _distributionsAllReads.Clone();
    }

    private RecordingSums HalfOf(int half, int halves)
    {
        if (_halves.Length == 0)
            _halves = [.. Enumerable.Range(0, halves).Select(_ => new RecordingSums(mechanisms, baseline, isHalf: true))];
        return _halves[half];
    }

    /// <summary>Sum of a quantity over all nodes.</summary>
    public Int128 Sum(int mechanism, AccessAssumption accesses, NodeQuantity quantity)
    {
        var sum = Int128.Zero;
        for (var group = 0; group < Groups; group++)
            sum += Lane(accesses)[Index(group, mechanism, quantity)];
        return sum;
    }

    /// <summary>Mean of a quantity over all nodes; of counts, per second.</summary>
    public double Mean(int mechanism, AccessAssumption accesses, NodeQuantity quantity) =>
        Mean(Sum(mechanism, accesses, quantity), quantity, Nodes, MeasuredMicroseconds);

    /// <summary>Mean of a quantity over the nodes of a group that has some; of counts, per second.</summary>
    public double Mean(int group, int mechanism, AccessAssumption accesses, NodeQuantity quantity) =>
        Mean(Lane(accesses)[Index(group, mechanism, quantity)], quantity, _nodes[group], _measuredMicroseconds[group]);

    // Counts are divided by the time of all nodes together: the rate per node-second, exact however the periods of nodes differ.
    private static double Mean(Int128 sum, NodeQuantity quantity, long nodes, Int128 microseconds) =>
        quantity.IsCount() ? (double)sum * 1e6 / (double)microseconds : (double)sum / nodes;

    private Int128[] Lane(AccessAssumption accesses) => accesses == AccessAssumption.AllWrites && _allWrites is not null ? _allWrites : _allReads;

    private int Index(int group, int mechanism, NodeQuantity quantity) => ((group * mechanisms) + mechanism) * NodeQuantities.Count + (int)quantity;

    private static void AddTo(Int128[] sums, Int128[] others)
    {
        for (var index = 0; index < sums.Length; index++)
            sums[index] += others[index];
    }

    /// <summary>The group of a node: a hash of its number (the finaliser of SplitMix64), as recordings take turns with nodes and groups must not.</summary>
    private static int GroupOf(long node)
    {
        var hash = unchecked((ulong)node + 0x9E3779B97F4A7C15);
        hash = unchecked((hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9);
        hash = unchecked((hash ^ (hash >> 27)) * 0x94D049BB133111EB);
        return (int)((hash ^ (hash >> 31)) % Groups);
    }
}
