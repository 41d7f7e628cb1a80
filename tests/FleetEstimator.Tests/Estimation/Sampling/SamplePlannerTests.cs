using CsCheck;
using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation.Sampling;

public sealed class SamplePlannerTests
{
    // The 64 large cities of Cochran (1977), chapter 5: 16 and 48 cities, S² = 53,843 and 5,581; with 24 of them the best allocation is 12 and 12 and the
    // standard error of the total 1,044 (in thousands of inhabitants).
    private static readonly PlannedClass[] Cities = [new("large", 16, 629.375, Math.Sqrt(53_843)), new("other", 48, 197.875, Math.Sqrt(5_581))];

    [Fact]
    public void CochransCities_AreAllocatedAsInTheBook()
    {
        var total = Cities.Sum(city => city.Nodes * city.Mean);
        Assert.Equal(1_044, StandardError([12, 12]), 0);

        // Far from small samples: the target is met by exactly 24 when it is what 24 give.
        var halfWidth = HalfWidth(Cities, [12, 12], 0.95, finite: true);
        var allocation = SamplePlanner.Allocate(Cities, new SampleTarget(halfWidth / total * 1.000001, 0.95) { FinitePopulation = true });
        Assert.Equal([12, 12], allocation.Recordings);
        Assert.True(allocation.IsReached);
        Assert.Equal(halfWidth, allocation.HalfWidth, 6);

        double StandardError(int[] recordings) => Math.Sqrt(Cities.Zip(recordings, (city, count) => city.Variance(count, finitePopulation: true)).Sum());
    }

    [Fact]
    public void Allocation_FollowsNodesTimesDeviationByTheRootOfTheCost()
    {
        PlannedClass[] classes =
        [
            new("a", 10_000, 10, 1), new("b", 10_000, 10, 2), new("c", 30_000, 10, 1), new("d", 10_000, 10, 2) { Cost = 4 },
        ];
        var recordings = SamplePlanner.Allocate(classes, new SampleTarget(0.003, 0.95)).Recordings;
        Assert.InRange((double)recordings[1] / recordings[0], 1.95, 2.05);
        Assert.InRange((double)recordings[2] / recordings[0], 2.95, 3.05);
        Assert.InRange((double)recordings[3] / recordings[0], 0.95, 1.05);
    }

    [Fact]
    public void OneClass_NeedsAsManyAsStudentsTSays()
    {
        // n = (t s / e)² with t of n - 1 degrees of freedom: of 50% variation to ±20% at 95%, 27 (with the normal quantile it would be 25).
        var allocation = SamplePlanner.Allocate([new("a", 1_000_000, 100, 50)], new SampleTarget(0.2, 0.95));
        Assert.Equal([27], allocation.Recordings);
        Assert.Equal(26, allocation.DegreesOfFreedom!.Value, 9);
        Assert.Equal(2.055529 * 0.5 / Math.Sqrt(27), allocation.Precision, 5);
    }

    [Fact]
    public void EveryClassHasTheFewestThatGiveAnInterval_EvenIfItDoesNotVary()
    {
        var allocation = SamplePlanner.Allocate([new("steady", 1000, 10, 0), new("tiny", 2, 10, 5), new("other", 1000, 10, 3)], new SampleTarget(0.5, 0.95));
        Assert.Equal([3, 2], allocation.Recordings.Take(2));
        Assert.True(SamplePlanner.Allocate([new("steady", 1000, 10, 0)], new SampleTarget(0.01, 0.95)) is { HalfWidth: 0, DegreesOfFreedom: null, IsReached: true });
    }

    [Fact]
    public void UnreachableTarget_TakesEveryNodeAndSaysSo()
    {
        var allocation = SamplePlanner.Allocate([new("a", 5, 10, 8), new("b", 4, 10, 8)], new SampleTarget(0.001, 0.95));
        Assert.Equal([5, 4], allocation.Recordings);
        Assert.False(allocation.IsReached);
        Assert.True(SamplePlanner.Allocate([new("a", 5, 10, 8), new("b", 4, 10, 8)], new SampleTarget(0.001, 0.95) { FinitePopulation = true }).IsReached);
    }

    // Every allocation of the same or a smaller size, one by one.
    [Fact]
    public void NoSmallerAllocationReachesTheTarget() =>
        Gen.Select(Gen.Int[3, 12], Gen.Double[0.1, 5], Gen.Double[1, 10]).Array[2, 3].Select(Gen.Double[0.15, 0.8]).Sample(
            (shapes, precision) =>
            {
                var classes = shapes.Select((shape, index) => new PlannedClass($"{index}", shape.Item1, shape.Item3, shape.Item2)).ToArray();
                var allocation = SamplePlanner.Allocate(classes, new SampleTarget(precision, 0.95) { LeastPerClass = 2 });
                var size = allocation.Recordings.Sum();
                var best = Everything(classes, 0, size - 1).Select(recordings => Math.Sqrt(classes.Zip(recordings, (planned, count) => planned.Variance(count, false)).Sum())).DefaultIfEmpty(double.PositiveInfinity).Min();

                // The greedy allocation of one recording less has the least variance there is.
                var wanted = precision * classes.Sum(planned => planned.Nodes * planned.Mean);
                if (allocation.IsReached && size > 2 * classes.Length)
                    Assert.True(best * 1.9599 > wanted || Everything(classes, 0, size - 1).Where(recordings => Sd(recordings) <= best * 1.0000001).All(recordings => HalfWidth(classes, recordings, 0.95, false) > wanted));

                double Sd(int[] recordings) => Math.Sqrt(classes.Zip(recordings, (planned, count) => planned.Variance(count, false)).Sum());
            },
            iter: 300);

    [Fact]
    public void ALargeFleet_IsPlannedInNoTime()
    {
        var classes = Enumerable.Range(1, 500).Select(number => new PlannedClass($"{number}", 1000 * number, number, number * 0.7)).ToArray();
        var allocation = SamplePlanner.Allocate(classes, new SampleTarget(0.002, 0.99));
        Assert.True(allocation.IsReached);
        Assert.True(allocation.Recordings.Sum() > 50_000);
    }

    private static double HalfWidth(PlannedClass[] classes, int[] recordings, double level, bool finite)
    {
        var (variance, weighted) = (0.0, 0.0);
        for (var index = 0; index < classes.Length; index++)
        {
            var part = classes[index].Variance(recordings[index], finite);
            (variance, weighted) = (variance + part, weighted + (part * part / (recordings[index] - 1)));
        }

        return MathNet.Numerics.Distributions.StudentT.InvCDF(0, 1, variance * variance / weighted, (1 + level) / 2) * Math.Sqrt(variance);
    }

    private static IEnumerable<int[]> Everything(PlannedClass[] classes, int from, int size)
    {
        if (from == classes.Length)
            return size >= 0 ? [[]] : [];
        return Enumerable.Range(2, (int)classes[from].Nodes - 1).Where(count => count <= size).SelectMany(count => Everything(classes, from + 1, size - count).Select(rest => (int[])[count, .. rest]));
    }
}
