using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

/// <summary>Estimates against figures worked out by hand.</summary>
public sealed class EstimationTests
{
    // t with 2 degrees of freedom, 97.5%: p = (1 + a) / 2 with t = a sqrt(2 / (1 - a²)), so exactly 0.95 sqrt(2 / (1 - 0.95²)).
    private static readonly double T2 = 0.95 * Math.Sqrt(2 / (1 - (0.95 * 0.95)));

    [Fact]
    public void EstimatesTotalAndInterval_FromMeansOfRecordings()
    {
        // Means per recording 101, 102 and 106, each of two nodes that differ; their mean is 103, their variance 7.
        var estimates = Fleets.Finish(Fleets.Study(1, 10), Rss([(0, 100), (1, 100), (2, 105), (0, 102), (1, 104), (2, 107)]));

        var total = estimates.Level("rss_mean");

        Close(1030, total.Value);
        Close(1030 - (T2 * Math.Sqrt(100 * 7.0 / 3)), total.Low);
        Close(1030 + (T2 * Math.Sqrt(100 * 7.0 / 3)), total.High);
        Assert.Equal((3, 2.0, "bytes", 0.95), (total.Recordings, total.DegreesOfFreedom, total.Unit, total.Level));
        Assert.Null(total.Reason);
        Assert.Equal(total with { Scope = "class:a" }, estimates.Level("rss_mean", scope: "class:a"));
    }

    [Fact]
    public void WeighsRecordingsEqually_WhenTheyHaveUnequallyManyNodes()
    {
        var estimates = Fleets.Finish(Fleets.Study(1, 10), Rss([(0, 100), (0, 100), (0, 100), (0, 100), (1, 200), (2, 300)]));

        Close(2000, estimates.Level("rss_mean").Value);
    }

    [Fact]
    public void AddsDeviationsBeforeSquaring_WhenClassesShareRecordings()
    {
        (int, long)[] means = [(0, 101), (1, 102), (2, 106)];
        var nodes = Rss(means).Concat(Rss(means, @class: 1));

        var fleet = Fleets.Finish(Fleets.Study(1, 10, 20), nodes).Level("rss_mean");

        // As one class of 30 nodes: 900 * 7 / 3 = 2100.
        Close(30 * 103, fleet.Value);
        Close(T2 * Math.Sqrt(2100), fleet.High - fleet.Value);
        Assert.Equal((3, 2.0), (fleet.Recordings, fleet.DegreesOfFreedom));
    }

    [Fact]
    public void AddsVariances_WhenClassesHaveRecordingsOfTheirOwn()
    {
        var nodes = Rss([(0, 101), (1, 102), (2, 106)]).Concat(Rss([(3, 101), (4, 102), (5, 106)], @class: 1));

        var fleet = Fleets.Finish(Fleets.Study(1, 10, 20), nodes).Level("rss_mean");

        // Variances 100 * 7 / 3 and 400 * 7 / 3, each with 2 degrees of freedom: (1 + 4)² / (1 / 2 + 16 / 2) = 50 / 17.
        Close(50.0 / 17, fleet.DegreesOfFreedom);
        Close(StudentQuantile.TwoSided(0.95, 50.0 / 17) * Math.Sqrt(500 * 7.0 / 3), fleet.High - fleet.Value);
        Assert.Equal(6, fleet.Recordings);
    }

    [Fact]
    public void PairsNodes_WhenMechanismsAreCompared()
    {
        // Levels vary widely, savings are 1, 2 and 6 per recording.
        NodeResult[] nodes =
        [
            Fleets.Node(0, 0, 0, Fleets.Rss(1000), Fleets.Rss(999)), Fleets.Node(0, 1, 1, Fleets.Rss(5000), Fleets.Rss(4998)),
            Fleets.Node(0, 2, 2, Fleets.Rss(9000), Fleets.Rss(8994)),
        ];

        var difference = Fleets.Finish(Fleets.Study(2, 10), nodes).Difference("rss_mean");

        Close(-30, difference.Value);
        Close(T2 * Math.Sqrt(100 * 7.0 / 3), difference.High - difference.Value);
        Assert.Equal("linux-6.1", difference.Against);
        Close(30, difference.Saved!.Value);
        Assert.Equal((-difference.High, -difference.Low), (difference.Saved.Low, difference.Saved.High));

        // 30 of 50,000 saved; linearised residuals d - 0.0006 b per recording: 0.4, -1, 0.6, variance 0.76.
        Close(-0.0006, difference.Relative!.Value);
        Close(T2 * Math.Sqrt(100 * 0.76 / 3) / 50_000, difference.Relative.High - difference.Relative.Value);
        Close(0.0006, difference.SavedShare!.Value);
    }

    [Fact]
    public void DividesTotals_WhenAShareIsEstimated()
    {
        // Zero-filled of swapped out per recording: 10 of 100, 30 of 200, 20 of 300. Residuals a - 0.1 b: 0, 10, -10, variance 100.
        var nodes = new[] { (10, 100), (30, 200), (20, 300) }.Select((pages, recording) => Fleets.Node(0, recording, recording,
            Fleets.Events(new Counters { ZeroFilledSwapOuts = pages.Item1, SwapOuts = pages.Item2 - pages.Item1, ZeroSwapOuts = pages.Item1 - 5, ZeroPagesMappedAtSwapOut = 5 })));

        var share = Fleets.Finish(Fleets.Study(1, 30), nodes).Level("zero_filled_share/swapped_out_pages");

        Close(0.1, share.Value);
        Close(T2 * Math.Sqrt(900 * 100.0 / 3) / 6000, share.High - share.Value);
        Assert.Equal(0, share.Low);
        Assert.Equal("1", share.Unit);
    }

    [Fact]
    public void CountsEventsPerNodeSecond_HoweverLongNodesWereMeasured()
    {
        NodeResult[] nodes =
        [
            Fleets.Node(0, 0, 0, Fleets.Events(new Counters { SwapOuts = 10, MajorFaults = 4 }) with { CpuNanoseconds = 3_000_000 }) with { MeasuredMicroseconds = 2_000_000 },
            Fleets.Node(0, 1, 0, Fleets.Events(new Counters { SwapOuts = 20, MajorFaults = 8 }) with { CpuNanoseconds = 3_000_000 }) with { MeasuredMicroseconds = 4_000_000, PageSizeBytes = 4096 },
        ];

        var estimates = Fleets.Finish(Fleets.Study(1, 100), nodes);

        Close(100 * 5 * 4096, estimates.Level("swap_out").Value);
        Close(100 * 2, estimates.Level("major_faults").Value);
        Close(100 * 1000, estimates.Level("cpu").Value);
        Close(1500, Metric.Find("cpu")!.Of(nodes[0], nodes[0].Lanes[0]));
    }

    [Fact]
    public void CountsPagesHandledAsZeros_ByZeromapAndMechanism()
    {
        var counters = new Counters { ZeroSwapOuts = 1, ZeroPagesMappedAtSwapOut = 2, ZeroSwapIns = 4, ZeroPagesMappedAtSwapIn = 8, SwapIns = 16, ZeroFilledSwapIns = 12 };
        var estimates = Fleets.Finish(Fleets.Study(1, 1), [Fleets.Node(0, 0, 0, Fleets.Events(counters))]);

        Assert.Equal(3, estimates.Level("zero_swap_out").Value);
        Assert.Equal(12, estimates.Level("zero_swap_in").Value);
        Close(12.0 / 28, estimates.Level("zero_filled_share/swapped_in_pages").Value);
    }

    [Fact]
    public void GivesNoIntervalAndSaysWhy_WhenAClassHasTwoRecordings()
    {
        var nodes = Rss([(0, 101), (1, 102), (2, 106)]).Concat(Rss([(0, 101), (1, 102)], @class: 1));
        var estimates = Fleets.Finish(Fleets.Study(1, 10, 20), nodes);

        var fleet = estimates.Level("rss_mean");

        Close(1030 + 2030, fleet.Value);
        Assert.Equal((null, null), (fleet.Low, fleet.High));
        Assert.Equal("class b has 2 recordings; an interval needs at least 3", fleet.Reason);
        Assert.NotNull(estimates.Level("rss_mean", scope: "class:a").Low);
    }

    [Fact]
    public void GivesNoFigureAndSaysWhy_WhenThereIsNothingToEstimateFrom()
    {
        var estimates = Fleets.Finish(Fleets.Study(2, 10, 20), [Fleets.Node(0, 0, 0, Fleets.Rss(1), Fleets.Rss(1))]);

        Assert.Equal((null, "no node of class b was simulated"), (estimates.Level("rss_mean").Value, estimates.Level("rss_mean").Reason));
        var share = estimates.Difference("zero_filled_share/swapped_in_pages", scope: "class:a");
        Assert.Equal((null, "no such page under one of the mechanisms, so there is no share of them"), (share.Value, share.Reason));
        Assert.Equal(0, estimates.Level("swap_in", scope: "class:a").Value);
        Assert.Null(estimates.Difference("swap_in", scope: "class:a").Relative!.Value);
    }

    [Fact]
    public void GivesAPointAndSaysSo_WhenAllRecordingsAgree()
    {
        var level = Fleets.Finish(Fleets.Study(1, 7), Rss([(0, 13), (1, 13), (2, 13)])).Level("rss_mean");

        Assert.Equal((91, 91, 91), (level.Value, level.Low, level.High));
        Assert.Contains("the interval is a point", level.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void StaysWithinWhatAFigureCanBe()
    {
        var level = Fleets.Finish(Fleets.Study(1, 10), Rss([(0, 1), (1, 2), (2, 600)])).Level("rss_mean");

        Assert.Equal(0, level.Low);
        Assert.True(level.High > level.Value);
    }

    [Fact]
    public void SpansBothAssumptions_WhereAccessesAreUnknown()
    {
        // Class a: unknown accesses in recordings 0 and 1 only; recording 2 counts under both assumptions with what it has.
        NodeResult[] nodes =
        [
            Fleets.Node(0, 0, 0, Fleets.Rss(101), Fleets.Rss(91)).WithAllWrites(Fleets.Rss(111), Fleets.Rss(110)),
            Fleets.Node(0, 1, 1, Fleets.Rss(102), Fleets.Rss(92)).WithAllWrites(Fleets.Rss(112), Fleets.Rss(111)),
            Fleets.Node(0, 2, 2, Fleets.Rss(106), Fleets.Rss(100)),
        ];
        var allReads = Fleets.Finish(Fleets.Study(2, 10), nodes.Select(node => node with { Lanes = [.. node.Lanes.Take(2)] }));
        var allWrites = Fleets.Finish(Fleets.Study(2, 10), nodes.Select(node => node with { Lanes = [.. node.Lanes.TakeLast(2).Select(lane => lane with { Accesses = AccessAssumption.AllReads })] }));

        var bounds = Fleets.Finish(Fleets.Study(2, 10), nodes);

        foreach (var pick in (Func<FleetEstimates, Estimate>[])[estimates => estimates.Level("rss_mean"), estimates => estimates.Difference("rss_mean")])
        {
            var (reads, writes, both) = (pick(allReads), pick(allWrites), pick(bounds));
            Assert.Equal(new Interval(reads.Value, reads.Low, reads.High), both.AllReads);
            Assert.Equal(new Interval(writes.Value, writes.Low, writes.High), both.AllWrites);
            Close((reads.Value!.Value + writes.Value!.Value) / 2, both.Value);
            Assert.Equal((Math.Min(reads.Low!.Value, writes.Low!.Value), Math.Max(reads.High!.Value, writes.High!.Value)), (both.Low, both.High));
        }

        // Where both agree, they are not shown.
        Assert.Null(bounds.Level("rss_peak").AllReads);
    }

    [Fact]
    public void ReportsWhatMoreNodesWouldReduce_ApartFromTheInterval()
    {
        // Nodes differ by ±10 within each recording, recordings not at all.
        var nodes = Enumerable.Range(0, 300).Select(node => Fleets.Node(0, node, node % 3, Fleets.Rss(1000 + (node / 3 % 2 == 0 ? 10 : -10))));

        var level = Fleets.Finish(Fleets.Study(1, 300), nodes).Level("rss_mean");

        // Standard deviation 10 of 300 nodes: the total is known to 1.96 * 10 * sqrt(300) = 339. Random groups estimate that with 9 degrees of freedom.
        Assert.InRange(level.SimulationHalfWidth!.Value, 339 / 2.5, 339 * 2.5);
        Assert.Null(Fleets.Finish(Fleets.Study(1, 3), Rss([(0, 1), (1, 2), (2, 3)])).Level("rss_mean").SimulationHalfWidth);
    }

    [Fact]
    public void DoesNotOverflow_WhenSumsExceed64Bits()
    {
        var estimates = Fleets.Finish(Fleets.Study(2, 6), Enumerable.Range(0, 6).Select(node => Fleets.Node(0, node, node % 3, Fleets.Rss(long.MaxValue), Fleets.Rss(long.MaxValue))));

        Close(6 * Math.Pow(2, 63), estimates.Level("rss_mean").Value);
        Assert.Equal(0, estimates.Difference("rss_mean").Value);
    }

    [Fact]
    public void Refuses_NodesThatAreNotOfTheStudy()
    {
        var accumulator = new FleetAccumulator(Fleets.Study(2, 10));
        var node = Fleets.Node(0, 0, 0, Fleets.Rss(1), Fleets.Rss(1));

        Assert.Throws<ArgumentException>(() => accumulator.Add(node with { Class = 1 }));
        Assert.Throws<ArgumentException>(() => accumulator.Add(node with { MeasuredMicroseconds = 0 }));
        Assert.Throws<ArgumentException>(() => accumulator.Add(node with { Lanes = [node.Lanes[0]] }));
        Assert.Throws<ArgumentException>(() => accumulator.Add(node with { Lanes = [node.Lanes[1], node.Lanes[0]] }));
        Assert.Throws<ArgumentException>(() => accumulator.Merge(new FleetAccumulator(1, 3, 0)));
        Assert.Equal(0, accumulator.Nodes);
    }

    [Theory]
    [InlineData(0.95, 1, 12.706204736432095)]
    [InlineData(0.95, 2, 4.302652729911275)]
    [InlineData(0.99, 3, 5.840909309733355)]
    [InlineData(0.95, 11, 2.200985160082949)]
    [InlineData(0.90, 29, 1.6991270265334972)]
    [InlineData(0.95, 1000, 1.9623390808264078)]
    [InlineData(0.999, 5, 6.8688266258811105)]
    public void KnowsStudentsQuantiles(double level, double degreesOfFreedom, double expected) =>
        Assert.Equal(expected, StudentQuantile.TwoSided(level, degreesOfFreedom), 1e-7 * expected);

    private static IEnumerable<NodeResult> Rss(IEnumerable<(int Recording, long Bytes)> nodes, int @class = 0) =>
        nodes.Select((node, number) => Fleets.Node(@class, number, node.Recording, Fleets.Rss(node.Bytes)));

    private static void Close(double expected, double? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected, actual.Value, 1e-9 * Math.Abs(expected));
    }
}
