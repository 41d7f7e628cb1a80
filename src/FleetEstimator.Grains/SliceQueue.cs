using FleetEstimator.Estimation;

namespace FleetEstimator.Grains;

/// <summary>
/// The nodes of an allocation that nobody has taken yet, recording by recording, so that all silos replay the same few recordings at a time. Knows only how far it is and what was
/// given back: its size does not grow with the number of nodes.
/// </summary>
internal sealed class SliceQueue
{
    // What was given back, and what is left of the run that was begun; never more than slices are out at a time.
    private readonly Stack<NodeSlice> _begun = [];
    private readonly IEnumerator<NodeSlice> _runs;

    /// <summary>The nodes of a part of a study.</summary>
    /// <param name="plan">The study.</param>
    /// <param name="part">Which part, see <see cref="StudyPlan.Part"/>.</param>
    /// <param name="allocation">Which nodes.</param>
    /// <param name="simulated">Which of them were simulated before; null = none.</param>
    public SliceQueue(StudyPlan plan, int part, NodeAllocation allocation, NodeAllocation? simulated)
    {
        _runs = Runs(plan, part, allocation, simulated).GetEnumerator();
        Remaining = allocation.Nodes - (simulated?.Nodes ?? 0);
    }

    /// <summary>Nodes that are still to be taken.</summary>
    public long Remaining { get; private set; }

    /// <summary>Takes the next nodes, at least one unless none remains.</summary>
    /// <param name="most">As many as that; from 1 to <see cref="NodeSlice.NodesPerShard"/>.</param>
    public NodeSlice? Take(int most)
    {
        if (!_begun.TryPop(out var run))
        {
            if (!_runs.MoveNext())
                return null;
            run = _runs.Current;
        }

        var slice = run with { Count = (int)Math.Min(most, Math.Min(run.Count, ((run.Shard + 1) * NodeSlice.NodesPerShard) - run.First)) };
        if (slice.Count < run.Count)
            _begun.Push(run with { First = run.First + slice.Count, Count = run.Count - slice.Count });
        Remaining -= slice.Count;
        return slice;
    }

    /// <summary>Gives back what was taken and not done.</summary>
    public void Return(in NodeSlice slice)
    {
        _begun.Push(slice);
        Remaining += slice.Count;
    }

    /// <summary>All nodes of one recording in a class at a time.</summary>
    private static IEnumerable<NodeSlice> Runs(StudyPlan plan, int part, NodeAllocation allocation, NodeAllocation? simulated)
    {
        for (var @class = 0; @class < allocation.NodesOfClass.Count; @class++)
        {
            var turns = plan.ClassRecordings[@class].Count;
            for (var turn = 0; turn < turns; turn++)
            {
                var first = NodeSlice.NodesOfTurn(simulated?.NodesOfClass[@class] ?? 0, turn, turns);
                var count = NodeSlice.NodesOfTurn(allocation.NodesOfClass[@class], turn, turns) - first;
                if (count > 0)
                    yield return new NodeSlice(part, @class, turn, first, checked((int)count));
            }
        }
    }
}
