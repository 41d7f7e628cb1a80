using FleetEstimator.Estimation;
using FleetEstimator.Grains.Backtests;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Grains.Backtests;

public sealed class NodeBacktestTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NodeThatIsTheModel_HasNoErrorInEitherMode()
    {
        var backtest = Backtest(new ModelledRecording(ModelledRecording.Zram));

        Assert.Equal([BacktestMode.Driven, BacktestMode.Free], backtest.Runs.Select(run => run.Mode));
        Assert.All(backtest.Runs, AssertExact);
        Assert.All(backtest.Runs, run => Assert.True(run.Total("swpin_zero")!.Counted > 100 && run.Total("pswpin")!.Counted > 100));
        Assert.Contains("Pages swapped in: exactly as counted.", backtest.Runs[0].Verdict, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(4 << 20, false)]
    [InlineData(4 << 20, true)]
    public void LimitOfTheCgroup_LessWhatItUsesOtherwise_IsWhatTheModelHas(long unrecordedAnonymousBytes, bool isLimitedByHigh)
    {
        var backtest = Backtest(new ModelledRecording(ModelledRecording.Zram)
        {
            HasLimitRow = false,
            HasCgroup = true,
            UnrecordedAnonymousBytes = unrecordedAnonymousBytes,
            IsLimitedByHigh = isLimitedByHigh,
        });

        Assert.Contains("cgroup's limit", backtest.Runs[1].DrivenBy, StringComparison.Ordinal);
        Assert.All(backtest.Runs, AssertExact);
    }

    [Fact]
    public void ReadAheadOnADisk_IsCompared()
    {
        var settings = ModelledRecording.Zram with { SwapDevice = SwapDevice.Ssd, PageCluster = 3 };

        var free = Backtest(new ModelledRecording(settings) { PagesAtOnce = 8 }, ModelledRecording.Settings("ssd", 3)).Runs[1];

        AssertExact(free);
        Assert.True(free.Total("swap_ra")!.Counted > 100);
    }

    [Fact]
    public void ProbingRecorder_IsReplayedAsWhatItDid()
    {
        var backtest = Backtest(new ModelledRecording(ModelledRecording.Zram) { IsPerturbed = true });

        var driven = Assert.Single(backtest.Runs);
        AssertExact(driven);
        Assert.True(driven.Total(BacktestCounter.SwappedOut)!.Counted > 1000);
        Assert.Contains(backtest.Caveats, caveat => caveat.Contains("backtest of the perturbed kernel", StringComparison.Ordinal));
    }

    [Fact]
    public void WrongSettings_ShowAsAnError()
    {
        // The node had no zswap; the counters file says otherwise, so the model writes nothing to the device.
        var backtest = Backtest(new ModelledRecording(ModelledRecording.Zram), new(ModelledRecording.Settings("zram", 0)) { ["zswap"] = "Y" });

        Assert.Equal(-1, backtest.Runs[1].Total("pswpout")!.Miss);
        Assert.Contains("fewer than were counted", backtest.Runs[1].Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutALimit_TheMemoryThatWasKeptIsTheLimit()
    {
        var free = Backtest(new ModelledRecording(ModelledRecording.Zram) { HasLimitRow = false }).Runs[1];

        Assert.Contains("as much memory as the recorded processes kept", free.DrivenBy, StringComparison.Ordinal);
        Assert.InRange(free.Total(BacktestCounter.SwappedOut)!.RatioLow!.Value, 0.9, 1.1);
    }

    [Fact]
    public void AccessesOfUnknownKind_GiveARange()
    {
        var driven = Backtest(new ModelledRecording(ModelledRecording.Zram) { HidesKindOfAccess = true }).Runs[0];

        var zeros = driven.Total("swpout_zero")!;
        Assert.True(zeros.ModelledLow < zeros.ModelledHigh);
        Assert.InRange(zeros.Counted, zeros.ModelledLow, zeros.ModelledHigh);
    }

    [Fact]
    public void SampledRecording_IsScaledUpAndHasAnError()
    {
        var driven = Backtest(new ModelledRecording(ModelledRecording.Zram) { SamplingFraction = 0.5 }).Runs[0];

        var ins = driven.Total(BacktestCounter.SwappedIn)!;
        Assert.True(ins.PageSamplingError > 0);
        Assert.InRange(ins.ModelledLow, ins.Counted - (3 * ins.PageSamplingError!.Value), ins.Counted + (3 * ins.PageSamplingError.Value));
    }

    [Fact]
    public void Windows_AddUpToTheTotals()
    {
        var run = Backtest(new ModelledRecording(ModelledRecording.Zram), windows: 7).Runs[1];

        Assert.Equal(7, run.Windows.Count);
        Assert.All(run.Totals, total => Assert.Equal(
            (total.Counted, total.ModelledLow),
            (Sum(total.Counter, error => error.Counted), Sum(total.Counter, error => error.ModelledLow))));

        long Sum(string counter, Func<CounterError, long> of) => run.Windows.SelectMany(window => window.Errors).Where(error => error.Counter == counter).Sum(of);
    }

    [Fact]
    public void CountersOfAnotherNode_AreRefused()
    {
        var (mine, other) = (Path.Combine(_folder, "mine.arrow"), Path.Combine(_folder, "other.arrow"));
        new ModelledRecording(ModelledRecording.Zram).Write(mine);
        new ModelledRecording(ModelledRecording.Zram).Write(other, node: "other");

        var exception = Assert.Throws<TraceException>(() => NodeBacktest.Run(Trace.Load(mine), CounterFile.PathBeside(other)));

        Assert.Contains("it is of node \"other\", the trace of node \"modelled\"", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RecordingWithoutCounters_SaysSo()
    {
        var path = Path.Combine(_folder, "alone.arrow");
        new ModelledRecording(ModelledRecording.Zram).Write(path);
        File.Delete(CounterFile.PathBeside(path));

        var file = Assert.Single(Assert.Single(RecordingSet.Find(_folder, ["alone.arrow"]).Recordings).Files);

        Assert.Equal(RecordingBacktest.NoCounters, NodeBacktest.Run(file, LocalTraces.Instance).Reason);
    }

    [Fact]
    public void RecordingInAStore_HasItsCountersThere()
    {
        var path = Path.Combine(_folder, "ingested.arrow");
        new ModelledRecording(ModelledRecording.Zram).Write(path);
        var beside = NodeBacktest.Run(Trace.Load(path), CounterFile.PathBeside(path));
        new TraceIngest(TraceStore.OpenOrCreate(Path.Combine(_folder, "store")), TimeProvider.System).Add(path, new Dictionary<string, string>());

        var stored = Assert.Single(Assert.Single(RecordingSet.Find(_folder, ["store:store"]).Recordings).Files);

        Assert.Equal(beside.Runs[0].Totals, NodeBacktest.Run(stored, LocalTraces.Instance).Runs[0].Totals);
    }

    private RecordingBacktest Backtest(ModelledRecording recording, Dictionary<string, string>? settings = null, int windows = 10)
    {
        var path = Path.Combine(_folder, "modelled.arrow");
        recording.Write(path, settings);
        return NodeBacktest.Run(Trace.Load(path), CounterFile.PathBeside(path), windows);
    }

    private static void AssertExact(BacktestRun run)
    {
        Assert.NotEmpty(run.Totals);
        Assert.All(run.Totals.Concat(run.Windows.SelectMany(window => window.Errors)), error => Assert.Equal((error.Counter, error.Counted, error.Counted), (error.Counter, error.ModelledLow, error.ModelledHigh)));
    }
}
