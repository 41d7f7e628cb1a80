using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Grains;

public sealed class NodeSimulationTests : IDisposable
{
    private const int PageBytes = 4096;
    private const long Second = 1_000_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void OneCopyFromTheBeginning_UsesWhatWasRecorded()
    {
        // 100 pages from 0 s, 200 from 4 s, 100 again from 8 s to the end at 10 s.
        Record("steps.arrow", Row(0, OperationKind.Map, 0, 200), Row(0, OperationKind.Write, 0, 100), Row(4, OperationKind.Write, 100, 100),
            Row(8, OperationKind.Discard, 100, 100), Row(10, OperationKind.Read, 0, 1));

        var node = Simulate("start: beginning, instances: 1", warmUp: "0%");

        var lane = node.Lanes[0];
        Assert.Equal(10 * Second, node.MeasuredMicroseconds);
        Assert.Equal(200L * PageBytes, lane.RssPeakBytes);
        Assert.Equal((4 * 100 + 4 * 200 + 2 * 100) * PageBytes / 10, lane.RssMeanBytes);
        Assert.Equal(200, lane.Counters.MinorFaults);
    }

    [Fact]
    public void WarmUp_IsNotMeasured()
    {
        Record("steps.arrow", Row(0, OperationKind.Map, 0, 200), Row(0, OperationKind.Write, 0, 100), Row(4, OperationKind.Write, 100, 100), Row(10, OperationKind.Read, 0, 1));

        var node = Simulate("start: beginning, instances: 1", warmUp: "5 s");

        Assert.Equal(5 * Second, node.MeasuredMicroseconds);
        Assert.Equal(200L * PageBytes, node.Lanes[0].RssMeanBytes);
        Assert.Equal(0, node.Lanes[0].Counters.MinorFaults);
    }

    [Fact]
    public void CopyThatReachesItsEnd_ExitsAndBeginsAgain()
    {
        Record("short.arrow", Row(0, OperationKind.Map, 0, 100), Row(1, OperationKind.Write, 0, 100), Row(2, OperationKind.Read, 0, 1));

        var node = Simulate("start: beginning, instances: 1", warmUp: "0%", duration: "6 s");

        // Stores at 1, 3 and 5 s fault anew; half the time nothing is resident.
        Assert.Equal(300, node.Lanes[0].Counters.MinorFaults);
        Assert.Equal(50L * PageBytes, node.Lanes[0].RssMeanBytes);
        Assert.Equal(100L * PageBytes, node.Lanes[0].RssPeakBytes);
    }

    [Fact]
    public void FilesOfOneNode_AreReplayedOneAfterTheOther()
    {
        Record("first.arrow", Row(0, OperationKind.Map, 0, 100), Row(0, OperationKind.Write, 0, 100), Row(3, OperationKind.Read, 0, 1));
        Record("second.arrow", Row(0, OperationKind.Map, 0, 50), Row(0, OperationKind.Write, 0, 50), Row(5, OperationKind.Read, 0, 1));

        var node = Simulate("start: beginning, instances: 1", warmUp: "0%");

        Assert.Equal(8 * Second, node.MeasuredMicroseconds);
        Assert.Equal((3 * 100 + 5 * 50) * PageBytes / 8, node.Lanes[0].RssMeanBytes);
    }

    [Fact]
    public void Fill_TakesAsManyCopiesAsFitIntoModelledMemory()
    {
        Record("steady.arrow", Row(0, OperationKind.Map, 0, 256), Row(0, OperationKind.Write, 0, 256), Row(1, OperationKind.Read, 0, 256));

        var node = Simulate("instances: fill", memory: "5 MiB", extra: "unmodelled: 512 KiB");

        Assert.Equal(4, node.Instances);
        Assert.Equal(4L * 256 * PageBytes, node.Lanes[0].RssPeakBytes);
    }

    [Fact]
    public void LimitOfPeak_IsAShareOfWhatTheCopiesWouldUseTogether_AndHolds()
    {
        Record("steady.arrow", Row(0, OperationKind.Map, 0, 1000), Row(0, OperationKind.Write, 0, 1000), Row(1, OperationKind.Read, 0, 1000));

        var node = Simulate("instances: 3, limit: {of_peak: 50%}, swap: {device: zram, size: 64 MiB}");

        Assert.Equal(1500L * PageBytes, node.LimitBytes);
        Assert.All(node.Lanes, lane => Assert.InRange(lane.RssPeakBytes, 1, node.LimitBytes));
        Assert.All(node.Lanes, lane => Assert.Equal(0, lane.Counters.OutOfMemoryPages));
        Assert.True(node.Lanes[0].Counters.SwapOuts > 0);
    }

    [Fact]
    public void GroupLimit_HoldsForEachCopyByItself()
    {
        // The second half of the copies' time is spent small, so that their peaks need not fall together.
        Record("wave.arrow", Row(0, OperationKind.Map, 0, 1000), Row(0, OperationKind.Write, 0, 1000), Row(5, OperationKind.Discard, 0, 900), Row(10, OperationKind.Read, 0, 1));

        var alone = Simulate("instances: 1, start: beginning, group_limit: {of_peak: 50%}, swap: {device: zram, size: 64 MiB}", warmUp: "0%");
        var together = Simulate("instances: 3, start: beginning, group_limit: {of_peak: 50%}, swap: {device: zram, size: 64 MiB}", warmUp: "0%");

        Assert.InRange(alone.Lanes[0].RssPeakBytes, 100L * PageBytes, 500L * PageBytes);
        Assert.Equal(3 * alone.Lanes[0].RssPeakBytes, together.Lanes[0].RssPeakBytes);
        Assert.Equal(3 * alone.Lanes[0].Counters.SwapOuts, together.Lanes[0].Counters.SwapOuts);
    }

    [Theory]
    [InlineData("swap: {device: ssd, size: 64 MiB}")]
    [InlineData("lru: classic, swap: {device: zram, size: 64 MiB}")]
    [InlineData("swap: {device: disk, size: 64 MiB}")]
    [InlineData("swap: {device: ssd, size: 64 MiB, zswap: on}")]
    [InlineData("swap: {device: disk, size: 64 MiB, zswap: on}")]
    [InlineData("swap: {device: zram, size: 64 MiB}, huge_pages: {2M: always, 64K: always}")]
    [InlineData("swap: {device: zram, size: 64 MiB}, reclaim: {watermarks: on, proactive: {interval: 1 s, ratio: 10%}}")]
    public void EverySettingOfAStudy_ReachesTheModel(string settings)
    {
        Record("steady.arrow", Row(0, OperationKind.Map, 0, 2048), Row(0, OperationKind.Write, 0, 2048), Row(1, OperationKind.Read, 0, 2048), Row(9, OperationKind.Read, 0, 1000));

        var plain = Simulate("instances: 2, limit: {of_peak: 60%}, swap: {device: zram, size: 64 MiB}");
        var node = Simulate($"instances: 2, limit: {{of_peak: 60%}}, {settings}");

        Assert.True(node.Lanes[0].Counters.SwapOuts + node.Lanes[0].Counters.ZswapOuts > 0);
        Assert.NotEqual(plain.Lanes[0].Counters, node.Lanes[0].Counters);
    }

    [Fact]
    public void SettingsThatTakeZeros_LeaveLessResidentMemory()
    {
        Record("zeros.arrow", Row(0, OperationKind.Map, 0, 2048), Row(0, OperationKind.Write, 0, 2048, PageContent.Zero), Row(1, OperationKind.Read, 0, 16), Row(60, OperationKind.Read, 0, 16));

        var plain = Simulate("instances: 1, start: beginning, huge_pages: {2M: always}");
        var ksm = Simulate("instances: 1, start: beginning, huge_pages: {2M: always}, ksm: on");
        var shrinker = Simulate("instances: 1, start: beginning, huge_pages: {2M: always, max_ptes_none: 409}, limit: {of_peak: 60%}, swap: {device: none}", warmUp: "0%");
        var noShrinker = Simulate("instances: 1, start: beginning, huge_pages: {2M: always}, limit: {of_peak: 60%}, swap: {device: none}", warmUp: "0%");

        Assert.Equal(0, ksm.Lanes[0].ZeroFilledResidentMeanBytes);
        Assert.True(plain.Lanes[0].ZeroFilledResidentMeanBytes > 0);
        Assert.True(noShrinker.Lanes[0].Counters.OutOfMemoryPages > 0);
        Assert.Equal(0, shrinker.Lanes[0].Counters.OutOfMemoryPages);
    }

    [Fact]
    public void ShareThatMustNotUseTheZeroPage_IsMetOverTheNodes()
    {
        Record("reads.arrow", Row(0, OperationKind.Map, 0, 100), Row(0, OperationKind.Read, 0, 100), Row(1, OperationKind.Read, 0, 1));
        var plan = Plan("instances: 2, start: beginning, zero_page_forbidden: 25%");
        var workload = new WorkloadCache().Get(plan.Recordings[0]);

        var resident = Enumerable.Range(0, 8).Sum(node => NodeSimulation.Run(plan.Study, 0, node, 0, workload).Lanes[0].RssPeakBytes);

        Assert.Equal(8 * 2 / 4 * 100L * PageBytes, resident);
    }

    [Fact]
    public void MemoryThatSwapCannotTake_IsCountedAsOutOfMemory()
    {
        Record("steady.arrow", Row(0, OperationKind.Map, 0, 1000), Row(0, OperationKind.Write, 0, 1000), Row(1, OperationKind.Read, 0, 1000));

        var node = Simulate("instances: 1, limit: 1 MiB, swap: {device: zram, size: 1 MiB}", warmUp: "0%");

        Assert.True(node.Lanes[0].Counters.OutOfMemoryPages > 0);
    }

    [Fact]
    public void AccessesOfUnknownKind_AreReplayedBothWays()
    {
        Record("unknown.arrow", Row(0, OperationKind.Map, 0, 100), Row(1, OperationKind.Access, 0, 100), Row(2, OperationKind.Read, 0, 1));

        var node = Simulate("start: beginning, instances: 1", warmUp: "0%");

        Assert.Equal([AccessAssumption.AllReads, AccessAssumption.AllReads, AccessAssumption.AllWrites, AccessAssumption.AllWrites], node.Lanes.Select(lane => lane.Accesses));
        Assert.Equal([0, 1, 0, 1], node.Lanes.Select(lane => lane.Mechanism));
        Assert.Equal(0, node.Lanes[0].RssPeakBytes);
        Assert.Equal(100L * PageBytes, node.Lanes[2].RssPeakBytes);
        Assert.Equal(100L * PageBytes * 1 / 2, node.Lanes[2].ZeroFilledResidentMeanBytes);
    }

    [Fact]
    public void Nodes_DependOnSeedClassAndNumber_AndOnNothingElse()
    {
        Record("wave.arrow", [Row(0, OperationKind.Map, 0, 500), .. Enumerable.Range(0, 50).Select(k => Row(k, k % 2 == 0 ? OperationKind.Write : OperationKind.Discard, k * 7, 100))]);
        var plan = Plan("instances: 2, limit: {of_peak: 60%}, swap: {device: zram, size: 64 MiB}");
        var workload = new WorkloadCache().Get(plan.Recordings[0]);

        var first = NodeSimulation.Run(plan.Study, 0, 0, 0, workload);

        Assert.Equivalent(first, NodeSimulation.Run(plan.Study, 0, 0, 0, workload), strict: true);
        Assert.NotEqual(first.Lanes[0].RssMeanBytes, NodeSimulation.Run(plan.Study, 0, 1, 0, workload).Lanes[0].RssMeanBytes);
        Assert.NotEqual(first.Lanes[0].RssMeanBytes, NodeSimulation.Run(plan.Study with { Seed = 8 }, 0, 0, 0, workload).Lanes[0].RssMeanBytes);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1_000_000, 0)]
    public void StoresLostBeforeTheFlush_AreOnlyToldWhereTimesAreExact(long interval, long lost)
    {
        Record("flush.arrow", interval, Row(0, OperationKind.Map, 0, 2), Zeros(1), Row(2, OperationKind.PageOut, 0, 1), Row(2, OperationKind.Write, 0, 1), Row(10, OperationKind.Read, 0, 1));

        var counters = Simulate("start: beginning, instances: 1, swap: {device: zram, size: 1 MiB}", warmUp: "0%", mechanisms: "linux-6.12+zero-at-unmap").Lanes[0].Counters;

        Assert.Equal((1, lost), (counters.UnmapsAtRisk, counters.LostStores));

        static TraceRow Zeros(int seconds) => new((ulong)(seconds * Second), new Operation(OperationKind.Write, 1, 1000, 1, PageContent.Zero));
    }

    [Fact]
    public void PinnedPages_StayInMemory()
    {
        Record("pins.arrow", Row(0, OperationKind.Map, 0, 100), Row(0, OperationKind.Write, 0, 100), Row(0, OperationKind.Pin, 0, 40), Row(1, OperationKind.PageOut, 0, 100),
            Row(2, OperationKind.Unmap, 0, 100), Row(3, OperationKind.Unpin, 0, 40), Row(4, OperationKind.Map, 0, 1));

        var lane = Simulate("start: beginning, instances: 1, swap: {device: zram, size: 1 MiB}", warmUp: "0%").Lanes[0];

        // 100 pages for a second, the 40 that are pinned for another, their frames for a third.
        Assert.Equal((100 + 40) * PageBytes / 4, lane.RssMeanBytes);
        Assert.Equal(60, lane.Counters.SwapOuts);
        Assert.Equal(((100 + 40 + 40) * PageBytes + 60 * 1366) / 4, lane.MemoryMeanBytes);
    }

    private void Record(string name, params TraceRow[] rows) => Record(name, 0, rows);

    private void Record(string name, long interval, params TraceRow[] rows)
    {
        using var writer = TraceWriter.Create(Path.Combine(_folder, name), new TraceHeader
        {
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = "test",
            KernelRelease = "test",
            Node = "node",
            MemoryBytes = 1L << 30,
            SwapBytes = 0,
            AccessSource = "exact",
            IntervalMicroseconds = interval,
        });
        foreach (var row in rows)
            writer.Append(row);
        writer.Complete();
    }

    private static TraceRow Row(int seconds, OperationKind kind, int page, int pages, PageContent written = PageContent.Data) =>
        new((ulong)(seconds * Second), new Operation(kind, 1, 1000 + (ulong)page, (uint)pages, kind == OperationKind.Write ? written : PageContent.Unknown));

    private NodeResult Simulate(string @class, string warmUp = "25%", string? duration = null, string memory = "64 MiB", string extra = "", string mechanisms = "linux-6.12, linux-6.12+zero-pfn-swapin")
    {
        var plan = Plan(@class, warmUp, duration, memory, extra, mechanisms);
        return NodeSimulation.Run(plan.Study, 0, 0, 0, new WorkloadCache().Get(plan.Recordings[0]));
    }

    private StudyPlan Plan(string @class, string warmUp = "25%", string? duration = null, string memory = "64 MiB", string extra = "", string mechanisms = "linux-6.12, linux-6.12+zero-pfn-swapin") => StudyPlan.Make(
        StudyReader.Read(
            $$"""
            study: one-node
            seed: 7
            mechanisms: [{{mechanisms}}]
            warm_up: {{warmUp}}
            {{(duration is null ? "" : $"duration: {duration}")}}
            classes:
              - {name: web, nodes: 2, memory: {{memory}}, recordings: ["*.arrow"], {{@class}}{{(extra.Length > 0 ? ", " + extra : "")}}}
            """,
            "one-node.yaml"),
        _folder);
}
