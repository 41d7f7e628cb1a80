using Xunit;

namespace FleetEstimator.Benchmarks.Fleet;

/// <summary>Tiny runs, so that none rots. They hold no speed.</summary>
public class FleetBenchmarkTests
{
    [Fact]
    public async Task Overhead_IsMeasured()
    {
        var (ratio, overhead) = await FleetOverhead.Measure(rows: 10, nodes: 20, rounds: 2);

        Assert.True(ratio > 0 && double.IsFinite(overhead));
    }

    [Fact]
    public async Task Memory_IsMeasured() => Assert.All(await FleetMemory.Measure(200, 50, 200), live => Assert.True(live > 0));

    [Fact]
    public async Task Ping_IsMeasured() => Assert.True(await FleetPing.Measure(rows: 10, TimeSpan.FromMilliseconds(200)) > 0);
}
