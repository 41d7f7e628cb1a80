using FleetEstimator.Estimation;
using FleetEstimator.Grains.Backtests;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Grains.Backtests;

/// <summary>
/// Recordings of a process that Linux 6.18 really swapped, on zram under a cgroup's limit (Fixtures/record). The bounds are what the model reaches today with a little room:
/// whoever makes it worse should know.
/// </summary>
public sealed class RealRecordingTests
{
    [Fact]
    public void DrivenByWhatTheKernelSwappedOut_TheModelBringsBackWhatTheKernelDid()
    {
        var driven = Backtest("pages").Runs[0];

        // What left and came back between two scans is missing from the recording.
        Assert.InRange(driven.Total(BacktestCounter.SwappedIn)!.RatioLow!.Value, 0.85, 1.05);
        Assert.InRange(driven.Total("swpin_zero")!.RatioLow!.Value, 0.85, 1.05);
        Assert.Equal(Share(driven, error => error.Counted), Share(driven, error => error.ModelledLow), 0.02);
    }

    [Fact]
    public void WithTheMemoryTheKernelHad_TheModelSwapsAboutAsMuch()
    {
        var free = Backtest("pages").Runs[1];

        Assert.InRange(free.Total(BacktestCounter.SwappedOut)!.RatioLow!.Value, 0.75, 1.1);
        Assert.InRange(free.Total(BacktestCounter.SwappedIn)!.RatioLow!.Value, 0.8, 1.1);
    }

    [Fact]
    public void ProbedProcess_IsSwappedAsTheRecorderHadItSwapped()
    {
        var driven = Assert.Single(Backtest("pages-probed").Runs);

        Assert.All(
            (string[])[BacktestCounter.SwappedOut, BacktestCounter.SwappedIn, "pswpout", "swpout_zero", "pswpin", "swpin_zero"],
            counter => Assert.InRange(driven.Total(counter)!.RatioLow!.Value, 0.95, 1.05));
    }

    private static RecordingBacktest Backtest(string name)
    {
        var trace = Path.Combine(AppContext.BaseDirectory, "Grains", "Backtests", "Fixtures", name + ".arrow");
        return NodeBacktest.Run(Trace.Load(trace), CounterFile.PathBeside(trace));
    }

    private static double Share(BacktestRun run, Func<CounterError, long> of) => (double)of(run.Total("swpout_zero")!) / of(run.Total(BacktestCounter.SwappedOut)!);
}
