namespace FleetEstimator.Estimation;

/// <summary>The means of <see cref="RecordingSums"/>, divided once, for all the figures that are made from them.</summary>
internal sealed class RecordingMeans
{
    private readonly int _columns;
    private readonly IReadOnlyList<RecordingSums> _replays;

    /// <summary>By row (all nodes first, then each group), access assumption, mechanism and quantity.</summary>
    private readonly double[] _means;

    /// <param name="recording">Index of the recording in the study.</param>
    /// <param name="replays">Sums over the same nodes; more than one where nodes were replayed in several ways, whose mechanisms are then counted through.</param>
    /// <param name="mechanisms">Mechanisms of each.</param>
    public RecordingMeans(int recording, IReadOnlyList<RecordingSums> replays, int mechanisms)
    {
        (Recording, Nodes, _replays, _columns) = (recording, replays[0].Nodes, replays, replays.Count * mechanisms);
        HasAllWrites = replays.Any(sums => sums.HasAllWrites);
        SamplingFraction = replays[0].SamplingFraction;
        Halves = [.. Enumerable.Range(0, replays.Min(sums => sums.Halves.Count)).Select(half => new RecordingMeans(recording, [.. replays.Select(sums => sums.Halves[half])], mechanisms))];
        NodesOfGroups = [.. Enumerable.Range(0, RecordingSums.Groups).Select(group => replays.Min(sums => sums.NodesOf(group)))];
        _means = new double[(1 + RecordingSums.Groups) * 2 * _columns * NodeQuantities.Count];
        for (var row = 0; row <= RecordingSums.Groups; row++)
        {
            if (row > 0 && NodesOfGroups[row - 1] == 0)
                continue;
            foreach (var accesses in (ReadOnlySpan<AccessAssumption>)[AccessAssumption.AllReads, AccessAssumption.AllWrites])
            {
                for (var column = 0; column < _columns; column++)
                {
                    var (sums, mechanism) = (replays[column / mechanisms], column % mechanisms);
                    for (var quantity = (NodeQuantity)0; (int)quantity < NodeQuantities.Count; quantity++)
                    {
                        _means[Index(row, accesses, column, quantity)] = row == 0
                            ? sums.Mean(mechanism, accesses, quantity)
                            : sums.Mean(row - 1, mechanism, accesses, quantity);
                    }
                }
            }
        }
    }

    /// <summary>Index of the recording in the study.</summary>
    public int Recording { get; }

    /// <summary>Nodes of the class that replay it, at least 1.</summary>
    public long Nodes { get; }

    /// <summary>Share of the recorded node's pages that the recording holds.</summary>
    public double SamplingFraction { get; }

    /// <summary>The same with halves of the sampled pages, two for each random split; empty where all pages were recorded, or no node was replayed so.</summary>
    public IReadOnlyList<RecordingMeans> Halves { get; }

    /// <summary>Nodes in each random group; a group may be empty.</summary>
    public IReadOnlyList<long> NodesOfGroups { get; }

    /// <summary>Whether the two access assumptions can differ.</summary>
    public bool HasAllWrites { get; }

    /// <summary>Mean over all nodes.</summary>
    public double Mean(AccessAssumption accesses, int mechanism, NodeQuantity quantity) => _means[Index(0, accesses, mechanism, quantity)];

    /// <summary>How figures are distributed over the nodes, in the first replay.</summary>
    public NodeDistributions Distributions(AccessAssumption accesses) => _replays[0].Distributions(accesses);

    /// <summary>A linear form over all nodes.</summary>
    public double Form(LinearisedStatistic statistic, AccessAssumption accesses) => Form(statistic, accesses, row: 0);

    /// <summary>A linear form over the nodes of a group that is not empty.</summary>
    public double FormOfGroup(LinearisedStatistic statistic, AccessAssumption accesses, int group) => Form(statistic, accesses, group + 1);

    private double Form(LinearisedStatistic statistic, AccessAssumption accesses, int row)
    {
        var (added, subtracted) = (0.0, 0.0);
        foreach (var term in statistic.Terms)
            added += term.Weight * _means[Index(row, accesses, term.Mechanism, term.Quantity)];
        foreach (var term in statistic.SubtractedTerms)
            subtracted += term.Weight * _means[Index(row, accesses, term.Mechanism, term.Quantity)];
        return added - subtracted;
    }

    private int Index(int row, AccessAssumption accesses, int mechanism, NodeQuantity quantity) =>
        ((row * 2 + (int)accesses) * _columns + mechanism) * NodeQuantities.Count + (int)quantity;
}
