using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Grains;

public sealed class SampledRecordingTests : IDisposable
{
    private const int PageBytes = 4096;
    private const int BlockPages = 512;

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Figures_AreOfTheWholeNode()
    {
        Record(0.25, blocks: 8);

        var node = Simulate("instances: 1, start: beginning");

        Assert.Equal(0.25, node.SamplingFraction);
        Assert.Equal(4L * 8 * BlockPages * PageBytes, node.Lanes[0].RssPeakBytes);
        Assert.Equal(4 * 8 * BlockPages, node.Lanes[0].Counters.MinorFaults);
    }

    [Theory]
    [InlineData("limit: 48 MiB", 48)]
    [InlineData("limit: {of_peak: 75%}", 48)]
    public void Limits_AreScaledDown_AndStatedForTheWholeNode(string limit, long mebibytes)
    {
        Record(0.25, blocks: 8);

        var node = Simulate($"instances: 1, start: beginning, {limit}, swap: {{device: zram, size: 64 MiB}}");

        Assert.Equal(mebibytes << 20, node.LimitBytes);
        Assert.InRange(node.Lanes[0].RssPeakBytes, (mebibytes << 20) - (4 * 64 * PageBytes), mebibytes << 20);
    }

    [Fact]
    public void Fill_TakesAsManyCopiesAsTheWholeNodeHolds()
    {
        // A copy of 64 MiB, of which a quarter was recorded.
        Record(0.25, blocks: 8);

        Assert.Equal(3, Simulate("instances: fill", memory: "200 MiB").Instances);
    }

    [Fact]
    public void SwapOfTheNode_IsScaledDown()
    {
        Record(0.25, blocks: 8);

        var node = Simulate("instances: 1, start: beginning, limit: 32 MiB, swap: {device: zram, size: 16 MiB}");

        Assert.InRange(node.Lanes[0].SwapSlotsMeanPages, 1, (16 << 20) / PageBytes);
        Assert.True(node.Lanes[0].Counters.OutOfMemoryPages > 0);
    }

    [Fact]
    public void FirstNodeOfARecording_IsReplayedWithHalvesOfItsBlocks_OthersAreNot()
    {
        Record(0.5, blocks: 8);
        var study = new LoadedStudy(Plan("instances: 1"), new WorkloadCache());

        var (first, second) = (study.Simulate(0), study.Simulate(1));

        Assert.Equal(2 * 16, first.Halves.Count);
        Assert.Empty(second.Halves);

        // Two halves are the whole: at half the scale their figures are its mean.
        Assert.All(first.Halves.Chunk(2), halves => Assert.Equal(first.Lanes[0].RssMeanBytes, halves.Average(half => (double)half.Lanes[0].RssMeanBytes), 4.0));
        Assert.True(first.Halves.Select(half => half.Lanes[0].RssMeanBytes).Distinct().Count() > 2);
    }

    [Fact]
    public void RecordingOfAllPages_HasNoHalves()
    {
        Record(1, blocks: 8);

        Assert.Empty(new LoadedStudy(Plan("instances: 1"), new WorkloadCache()).Simulate(0).Halves);
    }

    [Theory]
    [InlineData("limit: 6 MiB, swap: {device: zram, size: 64 MiB}", "a memory limit of 1540 pages is replayed as one of 154")]
    [InlineData("group_limit: 6 MiB, swap: {device: zram, size: 64 MiB}", "a group limit of 1540 pages is replayed as one of 154")]
    public void TooSmallAShareForTheLimit_IsRefused(string limit, string reason)
    {
        Record(0.1, blocks: 8);

        var exception = Assert.Throws<TraceException>(() => Simulate($"instances: 1, {limit}"));

        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
        Assert.Contains("node.arrow, sampling_fraction:", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FilesSampledAtDifferentFractions_AreBroughtToTheLeast()
    {
        Record(1, blocks: 400, "first.arrow");
        Record(0.5, blocks: 200, "second.arrow");

        var workload = new WorkloadCache().Get(Plan("instances: 1").Recordings[0]);

        Assert.Equal(0.5, workload.Share.Value);

        // 400 blocks, each kept with a chance of a half: 200 ± 10.
        Assert.InRange(workload.ResidentFrames[1].Frames, 150 * BlockPages, 250 * BlockPages);
        Assert.Equal(200 * BlockPages, workload.ResidentFrames[^1].Frames);
    }

    [Fact]
    public void BlockThatAForkShares_StaysInOneHalf()
    {
        var path = Path.Combine(_folder, "node.arrow");
        using (var writer = Create(path, 0.5))
        {
            writer.Append(new TraceRow(0, new Operation(OperationKind.Map, 1, 0, 64 * BlockPages)));
            writer.Append(new TraceRow(0, new Operation(OperationKind.Write, 1, 0, 64 * BlockPages, PageContent.Data)));
            writer.Append(new TraceRow(1, new Operation(OperationKind.Fork, 1, 2, 1)));
            writer.Append(new TraceRow(2, new Operation(OperationKind.Write, 2, 0, 64 * BlockPages, PageContent.Data)));
            writer.Complete();
        }

        var half = new WorkloadCache().Get(Plan("instances: 1").Recordings[0]).Half(3, 0);

        // Every frame of the parent's half is copied once, and none of the other.
        var frames = half.ResidentFrames;
        Assert.InRange(frames[0].Frames, 1, (64 * BlockPages) - 1);
        Assert.Equal(2 * frames[0].Frames, frames[^1].Frames);
    }

    private void Record(double fraction, int blocks, string name = "node.arrow")
    {
        using var writer = Create(Path.Combine(_folder, name), fraction);
        var pages = (uint)(blocks * BlockPages);
        writer.Append(new TraceRow(0, new Operation(OperationKind.Map, 1, 0, pages)));
        writer.Append(new TraceRow(0, new Operation(OperationKind.Write, 1, 0, pages, PageContent.Data)));
        writer.Append(new TraceRow(1_000_000, new Operation(OperationKind.Read, 1, 0, pages)));
        writer.Append(new TraceRow(2_000_000, new Operation(OperationKind.Read, 1, 0, 1)));
        writer.Complete();
    }

    private static TraceWriter Create(string path, double fraction) => TraceWriter.Create(path, new TraceHeader
    {
        RecordedAt = DateTimeOffset.UnixEpoch,
        Recorder = "test",
        KernelRelease = "test",
        Node = "node",
        MemoryBytes = 1L << 30,
        SwapBytes = 0,
        AccessSource = "exact",
        SamplingFraction = fraction,
    });

    private NodeResult Simulate(string @class, string memory = "1 GiB")
    {
        var plan = Plan(@class, memory);
        return NodeSimulation.Run(plan.Study, 0, 0, 0, new WorkloadCache().Get(plan.Recordings[0]));
    }

    private StudyPlan Plan(string @class, string memory = "1 GiB") => StudyPlan.Make(
        StudyReader.Read(
            $$"""
            study: sampled
            mechanisms: [linux-6.12]
            warm_up: 0%
            classes:
              - {name: web, nodes: 2, memory: {{memory}}, recordings: ["*.arrow"], {{@class}}}
            """,
            "sampled.yaml"),
        _folder);
}
