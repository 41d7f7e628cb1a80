namespace FleetEstimator.Estimation;

/// <summary>
/// Neyman's optimal allocation, in whole recordings: the fewest (or with costs the cheapest, one step at a time) that reach a precision.
/// </summary>
/// <remarks>
/// The variance of the total is Σ N² S² / n, and one more recording of a class lowers it by N² S² / (n (n + 1)). Giving each recording to the class
/// where that, divided by its cost, is largest ends at the best allocation of every sample size (Wright 2012), which in the limit is Neyman's (1934)
/// n ∝ N S / √cost (Cochran 1977, 5.5). The interval is the one a study will give: Student's t, with Satterthwaite's degrees of freedom of the very
/// allocation, so that few recordings cost what they cost.
/// </remarks>
public static class SamplePlanner
{
    /// <summary>Most recordings a plan is made of: far above what anybody records.</summary>
    public const int MostRecordings = 1_000_000;

    /// <summary>The recordings that reach the target.</summary>
    /// <exception cref="ArgumentException">No class, a class without nodes, a total of 0, or a target that is none: the caller checks what users give.</exception>
    public static SampleAllocation Allocate(IReadOnlyList<PlannedClass> classes, SampleTarget target)
    {
        Check(classes, target);
        var recordings = classes.Select(planned => (int)Math.Min(planned.Nodes, target.LeastPerClass)).ToArray();
        var total = classes.Sum(planned => planned.Nodes * planned.Mean);
        var wanted = target.Precision * Math.Abs(total);

        // The quantile that t comes down to: as long as that is not enough, t is not worth finding.
        var leastQuantile = StudentQuantile.TwoSided(target.Level, MostRecordings);
        var variance = classes.Select((planned, index) => planned.Variance(recordings[index], target.FinitePopulation)).Sum();
        var next = new PriorityQueue<int, double>();
        for (var index = 0; index < recordings.Length; index++)
            Enqueue(index);
        var spread = SpreadOf(classes, recordings, target);
        while (spread.HalfWidth(target.Level) > wanted && recordings.Sum(count => (long)count) < MostRecordings && next.Count > 0)
        {
            do
            {
                var index = next.Dequeue();
                variance -= classes[index].Variance(recordings[index], target.FinitePopulation);
                recordings[index]++;
                variance += classes[index].Variance(recordings[index], target.FinitePopulation);
                Enqueue(index);
            }
            while (leastQuantile * Math.Sqrt(Math.Max(0, variance)) > wanted && next.Count > 0);
            spread = SpreadOf(classes, recordings, target);
        }

        var halfWidth = spread.HalfWidth(target.Level);
        return new(recordings, halfWidth, spread.Variance > 0 ? spread.DegreesOfFreedom : null, total, halfWidth <= wanted);

        void Enqueue(int index)
        {
            var planned = classes[index];
            var gain = planned.Variance(recordings[index], finitePopulation: false) - planned.Variance(recordings[index] + 1, finitePopulation: false);
            if (gain > 0 && recordings[index] < planned.Nodes)
                next.Enqueue(index, -gain / planned.Cost);
        }
    }

    private static Spread SpreadOf(IReadOnlyList<PlannedClass> classes, int[] recordings, SampleTarget target)
    {
        var parts = new List<Spread>();
        for (var index = 0; index < recordings.Length; index++)
            parts.Add(new(classes[index].Variance(recordings[index], target.FinitePopulation), Math.Max(1, recordings[index] - 1)));
        return Spread.OfSum(parts);
    }

    private static void Check(IReadOnlyList<PlannedClass> classes, SampleTarget target)
    {
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(target);
        if (classes.Count == 0 || classes.Any(planned => planned.Nodes < 1 || planned.Cost <= 0 || !(planned.StandardDeviation >= 0) || !double.IsFinite(planned.Mean)))
            throw new ArgumentException("Every class has nodes, a cost above 0, a mean and a deviation.", nameof(classes));
        if (classes.Sum(planned => planned.Nodes * planned.Mean) == 0)
            throw new ArgumentException("A share of a total of 0 is no precision.", nameof(classes));
        if (target.Precision <= 0 || target.LeastPerClass < 1)
            throw new ArgumentException("A precision is above 0, and a class has at least one recording.", nameof(target));
    }
}
