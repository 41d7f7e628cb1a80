using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Grains.RecordedFolder;

namespace FleetEstimator.Tests.Grains;

public sealed class RightSizingTests(ITestOutputHelper output) : IDisposable
{
    private const string Mechanisms = "linux-6.12, linux-6.12+zero-pfn-swapin, linux-6.12+zero-at-swapout";
    private const string Zram = "swap: {device: zram, size: 64 MiB}";

    private readonly RecordedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, "lru: multi-generational", "right_size: {major_faults: 5}")]
    [InlineData(2, "lru: classic", "right_size: {major_faults: 20}")]
    [InlineData(3, "lru: multi-generational", "right_size: {major_faults: {of_baseline: 100%}}")]
    [InlineData(4, "lru: classic", "right_size: {major_faults: {of_baseline: 50%}}")]
    [InlineData(5, "lru: multi-generational, loads: 80%", "right_size: {major_faults: {of_baseline: 200%}}")]
    public void SmallestLimit_IsOfAllLimitsOneThatHolds_AndTheNextSmallerDoesNot(int seed, string settings, string bound)
    {
        _folder.Record("node", Skewed(seed, pages: 900, rows: 600));
        var @class = $"start: beginning, instances: 1, {settings}, {Zram}";

        var found = _folder.Simulate($"{@class}, limit: {{of_peak: 70%}}", bound, Mechanisms);
        var limited = _folder.Simulate($"{@class}, limit: {{of_peak: 70%}}", "", Mechanisms);
        var unlimited = _folder.Simulate(@class, "", Mechanisms);

        // Swap-in on zram leaves nothing in the swap cache: all that is charged is RSS.
        var peakPages = unlimited.Lanes.Max(lane => lane.RssPeakBytes) / PageBytes;
        var rightSize = _folder.Plan(["name: web, nodes: 1"], bound).Study.RightSize!;
        var faults = Enumerable.Range(1, 128).Select(step => _folder.Simulate($"{@class}, limit: {PagesAt(step) * PageBytes} B", "", Mechanisms)
            .Lanes.Select(lane => lane.Counters.MajorFaults).ToList()).ToList();
        for (var lane = 0; lane < 3; lane++)
        {
            var most = rightSize.OfBaseline is { } share ? share * limited.Lanes[0].Counters.MajorFaults : rightSize.MajorFaultsPerSecond!.Value * unlimited.MeasuredMicroseconds / 1e6;
            var step = Enumerable.Range(1, 128).Single(step => PagesAt(step) * PageBytes == found.Lanes[lane].SmallestLimitBytes);
            output.WriteLine($"{found.Lanes[lane].SmallestLimitBytes} bytes: {faults[step - 1][lane]} faults of at most {most}, {faults[step - 2][lane]} a step lower; {Rises(lane)} of 127 steps up take more faults than the one before");
            Assert.InRange(step, 2, 127);
            Assert.True(faults[step - 1][lane] <= most);
            Assert.True(faults[step - 2][lane] > most);
            Assert.False(found.Lanes[lane].ExceedsBoundUnlimited);
            Assert.Equal(limited.Lanes[lane], found.Lanes[lane] with { SmallestLimitBytes = 0 });
        }

        int Rises(int lane) => Enumerable.Range(1, 127).Count(index => faults[index][lane] > faults[index - 1][lane]);

        long PagesAt(int step) => ((step * peakPages) + 127) / 128;
    }

    [Fact]
    public void MechanismThatSparesFaults_NeedsNoLargerLimit_AndHereASmaller()
    {
        // Mostly zeros that are only read.
        _folder.Record("node", [Row(0, OperationKind.Map, 0, 2048), Row(0, OperationKind.Write, 0, 1536, PageContent.Zero), Row(0, OperationKind.Write, 1536, 512, PageContent.Data), .. Enumerable.Range(1, 20).Select(second => Row(second, OperationKind.Read, 0, 2048))]);

        var lanes = _folder.Simulate($"start: beginning, instances: 1, {Zram}", "right_size: {major_faults: 50}").Lanes;

        Assert.True(lanes[1].SmallestLimitBytes < lanes[0].SmallestLimitBytes / 2, $"{lanes[1].SmallestLimitBytes} against {lanes[0].SmallestLimitBytes}");
    }

    [Fact]
    public void NodeBeyondTheBoundWithoutALimit_HasItsPeak_AndSaysSo()
    {
        _folder.Record("node", [Row(0, OperationKind.Map, 0, 256), Row(0, OperationKind.Write, 0, 256, PageContent.Zero), Row(1, OperationKind.PageOut, 0, 256), Row(2, OperationKind.Read, 0, 256), Row(4, OperationKind.Read, 0, 1)]);

        var lanes = _folder.Simulate($"start: beginning, instances: 1, limit: {{of_peak: 50%}}, {Zram}", "right_size: {major_faults: 1}").Lanes;

        Assert.Equal((256L * PageBytes, true), (lanes[0].SmallestLimitBytes, lanes[0].ExceedsBoundUnlimited));
        Assert.False(lanes[1].ExceedsBoundUnlimited);
        Assert.InRange(lanes[1].SmallestLimitBytes, 1, 256L * PageBytes);
    }

    [Fact]
    public void BaselineWithoutFaults_AllowsNone()
    {
        _folder.Record("node", Skewed(6, pages: 900, rows: 300));

        var lanes = _folder.Simulate($"start: beginning, instances: 1, {Zram}", "right_size: {major_faults: {of_baseline: 150%}}", "linux-6.12").Lanes;

        Assert.Equal(0, lanes[0].Counters.MajorFaults);
        Assert.Equal(0, _folder.Simulate($"start: beginning, instances: 1, limit: {lanes[0].SmallestLimitBytes} B, {Zram}", "", "linux-6.12").Lanes[0].Counters.MajorFaults);
    }

    [Theory]
    [InlineData("swap: {device: none}", 128)]
    [InlineData("swap: {device: zram, size: 2 MiB}", 64)]
    public void LimitThatSwapCannotHelpUnder_DoesNotHold(string swap, int step)
    {
        // 4 MiB once written and never used again: no limit causes a major fault.
        _folder.Record("node", [Row(0, OperationKind.Map, 0, 1024), Row(0, OperationKind.Write, 0, 1024, PageContent.Data), Row(4, OperationKind.Settle, 0, 1)]);

        var lane = _folder.Simulate($"start: beginning, instances: 1, {swap}", "right_size: {major_faults: 1}", "linux-6.12").Lanes[0];

        Assert.Equal(step * 8L * PageBytes, lane.SmallestLimitBytes);
        Assert.False(lane.ExceedsBoundUnlimited);
    }

    [Fact]
    public void AccessesOfUnknownKind_AreSizedUnderEachAssumption()
    {
        _folder.Record("node", [Row(0, OperationKind.Map, 0, 2048), Row(0, OperationKind.Write, 0, 1024, PageContent.Data), .. Enumerable.Range(1, 9).Select(second => Row(second, OperationKind.Access, 0, 2048))]);

        var lanes = _folder.Simulate($"start: beginning, instances: 1, {Zram}", "right_size: {major_faults: 10}", "linux-6.12").Lanes;

        // Loads of the half that was never written find the zero page.
        Assert.InRange(lanes[0].SmallestLimitBytes, 900L * PageBytes, 1024L * PageBytes);
        Assert.InRange(lanes[1].SmallestLimitBytes, 1800L * PageBytes, 2048L * PageBytes);
    }

    [Fact]
    public void SampledRecording_IsSizedForTheWholeNode_AndInHalves()
    {
        _folder.Record("node", Cyclic(blocks: 8), samplingFraction: 0.25);

        var node = _folder.Simulate($"start: beginning, instances: 1, {Zram.Replace("64", "512", StringComparison.Ordinal)}", "right_size: {major_faults: 100}", "linux-6.12");

        // Going round 16,384 pages under any smaller limit misses nearly all.
        Assert.InRange(node.Lanes[0].SmallestLimitBytes, 15_800L * PageBytes, 16_384L * PageBytes);
        Assert.Equal(32, node.Halves.Count);
        Assert.Equal(node.Lanes[0].SmallestLimitBytes, node.Halves.Average(half => half.Lanes[0].SmallestLimitBytes), 2e-2 * node.Lanes[0].SmallestLimitBytes);
    }

    [Fact]
    public void SampleTooSmallForTheLimitFound_IsRefused()
    {
        _folder.Record("node", [Row(0, OperationKind.Map, 0, 1024), Row(0, OperationKind.Write, 0, 1024, PageContent.Data), Row(4, OperationKind.Settle, 0, 1)], samplingFraction: 0.5);

        var exception = Assert.Throws<TraceException>(() => _folder.Simulate($"start: beginning, instances: 1, {Zram}", "right_size: {major_faults: 1}", "linux-6.12"));

        Assert.Contains("a smallest limit of 16 pages is replayed as one of 8", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("lru: classic")]
    [InlineData("swap: {device: ssd, size: 64 MiB, page_cluster: 3}")]
    [InlineData("huge_pages: {2M: always, 64K: always}")]
    [InlineData("huge_pages: {64K: always}, group_limit: {of_peak: 60%}")]
    [InlineData("reclaim: {proactive: {interval: 1 s, ratio: 10%}}")]
    public void NodeUnderALimitOfItsPeak_DoesAsWithoutOne(string settings)
    {
        _folder.Record("node", [.. Skewed(8, pages: 2000, rows: 300), Row(61, OperationKind.PageOut, 0, 1500), Row(62, OperationKind.Read, 0, 2000), Row(70, OperationKind.Read, 0, 1)]);
        var plan = _folder.Plan([$"name: web, nodes: 1, instances: 3, {(settings.Contains("swap", StringComparison.Ordinal) ? "" : Zram + ", ")}{settings}".TrimEnd(',', ' ')]);
        var replay = new NodeReplay(plan.Study, 0, 0, _folder.Workload(plan));

        var unlimited = replay.Run(replay.Lanes, [0, 0]);
        var limited = replay.Run(replay.Lanes, [unlimited.PeakPages(0), unlimited.PeakPages(1)]);

        Assert.Equal([unlimited.Usage(0), unlimited.Usage(1)], [limited.Usage(0), limited.Usage(1)]);
        Assert.NotEqual(unlimited.Usage(0), replay.Run(replay.Lanes, [unlimited.PeakPages(0) / 2, 0]).Usage(0));
    }

    /// <summary>Rows a tenth of a second apart, a few pages each, low ones far more often; an eighth of stores is of zeros.</summary>
    internal static IEnumerable<TraceRow> Skewed(int seed, int pages, int rows)
    {
        var random = new Random(seed);
        yield return Row(0, OperationKind.Map, 0, pages);
        yield return Row(0, OperationKind.Write, 0, pages, PageContent.Data);
        yield return Row(0, OperationKind.Write, pages / 4, pages / 2, PageContent.Zero);
        for (var row = 1; row <= rows; row++)
        {
            var first = (int)(Math.Pow(random.NextDouble(), 3) * (pages - 8));
            yield return random.Next(4) > 0 ? Row(row / 10.0, OperationKind.Read, first, 8)
                : Row(row / 10.0, OperationKind.Write, first, 8, random.Next(8) == 0 ? PageContent.Zero : PageContent.Data);
        }
    }

    private static IEnumerable<TraceRow> Cyclic(int blocks) =>
    [
        Row(0, OperationKind.Map, 0, blocks * 512), Row(0, OperationKind.Write, 0, blocks * 512, PageContent.Data),
        .. Enumerable.Range(1, 8).Select(second => Row(second, OperationKind.Read, 0, blocks * 512)),
    ];
}
