namespace FleetEstimator.Estimation;

/// <summary>
/// Counts of nodes in fixed bins of a figure, the same for every fleet: 64 bins for each doubling, on both sides of 0. Counts add up in any order, so that shards can be
/// merged; a quantile read from them is exact to within a bin, that is to 1.6%, and exact where all nodes agree.
/// </summary>
internal sealed class NodeHistogram
{
    // The bits of a positive double rise with it. All but the exponent and 6 bits of the fraction are dropped.
    private const int DroppedBits = 52 - 6;

    private readonly SortedDictionary<int, long> _counts = [];

    /// <summary>Nodes counted.</summary>
    public long Nodes { get; private set; }

    /// <summary>The least figure counted.</summary>
    public double Least { get; private set; } = double.PositiveInfinity;

    /// <summary>The greatest figure counted.</summary>
    public double Most { get; private set; } = double.NegativeInfinity;

    /// <summary>The bins that are not empty, ascending, and the nodes in them.</summary>
    public IReadOnlyDictionary<int, long> Bins => _counts;

    public static int BinOf(double figure) => figure == 0 ? 0 : Math.Sign(figure) * (int)(BitConverter.DoubleToInt64Bits(Math.Abs(figure)) >> DroppedBits);

    /// <summary>Where a bin begins and ends.</summary>
    public static (double Low, double High) EdgesOf(int bin) => bin switch
    {
        0 => (0, 0),
        > 0 => (Edge(bin), Edge(bin + 1)),
        < 0 => (0 - Edge(1 - bin), 0 - Edge(-bin)),
    };

    public void Add(double figure)
    {
        Count(BinOf(figure), 1);
        (Nodes, Least, Most) = (Nodes + 1, Math.Min(Least, figure), Math.Max(Most, figure));
    }

    public void Add(NodeHistogram other)
    {
        foreach (var (bin, count) in other._counts)
            Count(bin, count);
        (Nodes, Least, Most) = (Nodes + other.Nodes, Math.Min(Least, other.Least), Math.Max(Most, other.Most));
    }

    /// <summary>Share of the nodes whose figure is at most this, taking those in one bin as spread evenly over it.</summary>
    public double ShareUpTo(double figure)
    {
        var (bin, below) = (BinOf(figure), 0.0);
        foreach (var (other, count) in _counts)
        {
            if (other > bin)
                break;
            var (low, high) = EdgesOf(other);
            (low, high) = (Math.Max(low, Least), Math.Min(high, Most));
            below += other < bin || figure >= high ? count : count * Math.Clamp((figure - low) / (high - low), 0, 1);
        }

        return below / Nodes;
    }

    private static double Edge(int bin) => BitConverter.Int64BitsToDouble((long)bin << DroppedBits);

    private void Count(int bin, long nodes) => _counts[bin] = _counts.GetValueOrDefault(bin) + nodes;
}
