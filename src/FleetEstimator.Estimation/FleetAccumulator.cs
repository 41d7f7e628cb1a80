namespace FleetEstimator.Estimation;

/// <summary>
/// Takes in nodes one by one and keeps exact integer sums per class, recording and lane: its size does not grow with the number of nodes, and what
/// comes out does not depend on the order in which nodes went in or on how they were spread over accumulators. Not safe for concurrent use.
/// </summary>
public sealed class FleetAccumulator
{
    private readonly int _classes;
    private readonly int _mechanisms;
    private readonly int _baseline;
    private readonly SortedDictionary<(int Class, int Recording), RecordingSums> _sums = [];

    /// <summary>An empty accumulator for a study.</summary>
    public FleetAccumulator(StudyDefinition study)
        : this(study.Classes.Count, study.Mechanisms.Count, study.BaselineIndex)
    {
    }

    /// <summary>An empty accumulator for a study with that many classes and mechanisms.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <param name="mechanisms">Number of mechanisms.</param>
    /// <param name="baseline">Index of the mechanism that the others are compared with.</param>
    public FleetAccumulator(int classes, int mechanisms, int baseline)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(mechanisms, 1);
        (_classes, _mechanisms, _baseline) = (classes, mechanisms, baseline);
    }

    /// <summary>Nodes added.</summary>
    public long Nodes { get; private set; }

    /// <summary>Adds a node. It must not have been added before: whoever collects results keeps them as a set.</summary>
    /// <exception cref="ArgumentException">The result is not one of this study: a mistake of the simulator, not of the user.</exception>
    public void Add(NodeResult node)
    {
        Check(node);
        SumsOf(node.Class, node.Recording).Add(node);
        Nodes++;
    }

    /// <summary>Adds all nodes of another accumulator of the same study, none of which was added here.</summary>
    public void Merge(FleetAccumulator other)
    {
        if ((other._classes, other._mechanisms) != (_classes, _mechanisms))
            throw new ArgumentException($"It has {other._classes} classes and {other._mechanisms} mechanisms, not {_classes} and {_mechanisms}.", nameof(other));
        foreach (var ((@class, recording), sums) in other._sums)
            SumsOf(@class, recording).Add(sums);
        Nodes += other.Nodes;
    }

    /// <summary>Estimates every metric for the fleet and each class, and judges the claims.</summary>
    /// <param name="study">The study all nodes are of.</param>
    /// <param name="weights">What recordings count for within their class; null = alike.</param>
    public FleetEstimates Finish(StudyDefinition study, SelectionWeights? weights = null)
    {
        if ((study.Classes.Count, study.Mechanisms.Count) != (_classes, _mechanisms))
            throw new ArgumentException($"It has {study.Classes.Count} classes and {study.Mechanisms.Count} mechanisms, not {_classes} and {_mechanisms}.", nameof(study));
        return FleetEstimates.From(study, this, weights ?? SelectionWeights.Equal);
    }

    /// <summary>The recordings of a class with nodes, ascending, and the sums over those nodes.</summary>
    internal IEnumerable<(int Recording, RecordingSums Sums)> Of(int @class) =>
        _sums.Where(entry => entry.Key.Class == @class).Select(entry => (entry.Key.Recording, entry.Value));

    private RecordingSums SumsOf(int @class, int recording)
    {
        if (!_sums.TryGetValue((@class, recording), out var sums))
            _sums.Add((@class, recording), sums = new RecordingSums(_mechanisms, _baseline));
        return sums;
    }

    private void Check(NodeResult node)
    {
        if (node.Class < 0 || node.Class >= _classes || node.Node < 0 || node.Recording < 0)
            throw new ArgumentException($"Class {node.Class}, node {node.Node}, recording {node.Recording}: the study has {_classes} classes.", nameof(node));
        if (node.MeasuredMicroseconds < 1)
            throw new ArgumentException($"Class {node.Class}, node {node.Node}: nothing was measured ({node.MeasuredMicroseconds} us). Report it as a failed node.", nameof(node));
        if (node.Lanes.Count != _mechanisms && node.Lanes.Count != 2 * _mechanisms)
            throw new ArgumentException($"Class {node.Class}, node {node.Node}: {node.Lanes.Count} lanes for {_mechanisms} mechanisms.", nameof(node));
        for (var lane = 0; lane < node.Lanes.Count; lane++)
        {
            var (mechanism, accesses) = (lane % _mechanisms, lane < _mechanisms ? AccessAssumption.AllReads : AccessAssumption.AllWrites);
            if (node.Lanes[lane].Mechanism != mechanism || node.Lanes[lane].Accesses != accesses)
                throw new ArgumentException($"Class {node.Class}, node {node.Node}: lane {lane} is not mechanism {mechanism} with {accesses}.", nameof(node));
        }
    }
}
