using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Grains.Simulation;

/// <summary>What a search for the smallest memory limit of a node came to.</summary>
/// <param name="LimitBytes">The limit in bytes, of the whole node; the last step of the search where no limit holds.</param>
/// <param name="IsBeyondBound">Whether the node exceeds the bound even without a limit.</param>
internal readonly record struct SmallestLimit(long LimitBytes, bool IsBeyondBound);

/// <summary>Finds, for each lane of a node, the smallest memory limit that holds: under which the node keeps within a study's bound of major faults.</summary>
/// <remarks>
/// The limits tried are multiples of 1/<see cref="Steps"/> of the most that was charged to the node without a limit under any of its mechanisms, so that all mechanisms of
/// a node are measured with one ruler; the last step is as good as no limit. Bisection takes every lane to a limit that holds whose next smaller step does not. Major
/// faults need not fall with every larger limit: reclaim takes pages in batches, and which page is taken when decides what is missed later. Where they cross the bound more
/// than once, the limit found is one of the crossings, not for sure the lowest.
/// A limit that the node cannot be brought under, with more pages out of memory than without it, does not hold, whatever its faults: without swap there would be none.
/// </remarks>
internal static class RightSizing
{
    /// <summary>Steps up to the unlimited peak; a power of 2.</summary>
    public const int Steps = 128;

    /// <summary>Searches for all lanes of a node, with one replay of all of them for each bit of the result.</summary>
    /// <param name="study">The study.</param>
    /// <param name="bound">Its bound.</param>
    /// <param name="replay">The node.</param>
    /// <param name="underOwnLimit">All its lanes, replayed under the limit that its class gives it.</param>
    /// <returns>One result for each lane, in order.</returns>
    public static IReadOnlyList<SmallestLimit> Find(StudyDefinition study, RightSizeBound bound, NodeReplay replay, Simulator underOwnLimit)
    {
        var lanes = replay.Lanes;
        var unlimited = replay.LimitFrames == 0 ? underOwnLimit : replay.Run(lanes, new long[lanes.Count]);
        var searches = lanes.Select((lane, index) => new Search(
            lane,
            Enumerable.Range(0, lanes.Count).Where(other => lanes[other].Accesses == lane.Accesses).Max(unlimited.PeakPages),
            replay.Share,
            MostFaults(lane),
            unlimited.Counters(index).OutOfMemoryPages)).ToList();
        var beyond = searches.Where((search, index) => !search.IsHeldBy(unlimited, index)).ToHashSet();
        var within = searches.Where(search => !beyond.Contains(search)).ToList();
        for (var step = Steps / 2; step > 0 && within.Count > 0; step /= 2)
        {
            var trial = replay.Run(
                [.. within.Select(search => search.Lane)],
                [.. within.Select(search => search.FramesAt(search.Refused + step))],
                simulator => within.Index().All(search => !search.Item.IsHeldBy(simulator, search.Index)));
            foreach (var (index, search) in within.Index())
            {
                if (!search.IsHeldBy(trial, index))
                    search.Refused += step;
            }
        }

        return [.. searches.Select(search => new SmallestLimit(
            replay.Share.WholeOf(search.FramesAt(beyond.Contains(search) ? Steps : search.Refused + 1)) * replay.Settings.PageBytes, beyond.Contains(search)))];

        double MostFaults(NodeLane lane)
        {
            if (bound.OfBaseline is not { } share)
                return bound.MajorFaultsPerSecond.GetValueOrDefault() * underOwnLimit.Usage(0).Microseconds / 1e6;
            var baseline = lanes.Index().Single(other => other.Item == lane with { Mechanism = study.BaselineIndex }).Index;
            return share * replay.Share.WholeOf(underOwnLimit.Usage(baseline).Counters.MajorFaults);
        }
    }

    /// <summary>How far the search has come for one lane.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="peak">Frames at the last step.</param>
    /// <param name="share">The share of the node's pages that is replayed.</param>
    /// <param name="mostFaults">Major faults of the whole node that are within the bound, over the measured period.</param>
    /// <param name="mostOutOfMemory">Pages out of memory without a limit.</param>
    private sealed class Search(NodeLane lane, long peak, PageShare share, double mostFaults, long mostOutOfMemory)
    {
        public NodeLane Lane => lane;

        /// <summary>The greatest step tried that did not hold; 0, at which nothing would be in memory, is taken not to.</summary>
        public int Refused { get; set; }

        /// <summary>The limit at a step in frames, rounded up: 0 would be none.</summary>
        public long FramesAt(int step) => ((step * peak) + Steps - 1) / Steps;

        /// <summary>Whether a replay holds, or does so far.</summary>
        public bool IsHeldBy(Simulator simulator, int index) =>
            share.WholeOf(simulator.Usage(index).Counters.MajorFaults) <= mostFaults && simulator.Counters(index).OutOfMemoryPages <= mostOutOfMemory;
    }
}
