namespace FleetEstimator.Estimation;

/// <summary>How a figure is distributed over the nodes that replay one recording, under one assumption on unknown accesses: for each metric that is told by quantiles and each mechanism.</summary>
internal sealed class NodeDistributions
{
    private readonly int _baseline;
    private readonly NodeHistogram[] _levels;
    private readonly NodeHistogram[] _differences;

    public NodeDistributions(int mechanisms, int baseline)
    {
        _baseline = baseline;
        _levels = [.. Enumerable.Range(0, Metrics.Count * mechanisms).Select(_ => new NodeHistogram())];
        _differences = [.. Enumerable.Range(0, Metrics.Count * mechanisms).Select(_ => new NodeHistogram())];
    }

    /// <summary>The metrics whose distribution over nodes is kept.</summary>
    public static IReadOnlyList<Metric> Metrics { get; } = [.. Metric.All.Where(metric => metric.HasQuantiles)];

    private int Mechanisms => _levels.Length / Metrics.Count;

    /// <summary>The distribution of a metric under a mechanism, or of its difference from the baseline on the same node.</summary>
    public NodeHistogram Of(int metric, int mechanism, bool difference) => (difference ? _differences : _levels)[(metric * Mechanisms) + mechanism];

    /// <summary>Counts a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="firstLane">Its first lane under the assumption; the other mechanisms follow.</param>
    public void Add(NodeResult node, int firstLane)
    {
        for (var metric = 0; metric < Metrics.Count; metric++)
        {
            var baseline = Metrics[metric].Of(node, node.Lanes[firstLane + _baseline]).GetValueOrDefault();
            for (var mechanism = 0; mechanism < Mechanisms; mechanism++)
            {
                var level = Metrics[metric].Of(node, node.Lanes[firstLane + mechanism]).GetValueOrDefault();
                _levels[(metric * Mechanisms) + mechanism].Add(level);
                if (mechanism != _baseline)
                    _differences[(metric * Mechanisms) + mechanism].Add(level - baseline);
            }
        }
    }

    public void Add(NodeDistributions other)
    {
        for (var index = 0; index < _levels.Length; index++)
        {
            _levels[index].Add(other._levels[index]);
            _differences[index].Add(other._differences[index]);
        }
    }

    public NodeDistributions Clone()
    {
        var clone = new NodeDistributions(Mechanisms, _baseline);
        clone.Add(this);
        return clone;
    }
}
