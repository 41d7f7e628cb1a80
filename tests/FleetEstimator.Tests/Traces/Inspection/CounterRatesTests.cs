using System.Text;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Traces.Inspection;

public sealed class CounterRatesTests
{
    private const string Header =
        """{"format":"node-counters","version":1,"node":"n","recorded_at":"2025-01-01T00:00:00Z","recorder":"r 1","kernel_release":"6.12","page_size":4096,"memory_bytes":1,"swap_bytes":1,"settings":{}}""";

    [Fact]
    public void AreEventsPerSecondBetweenSamples()
    {
        var rates = Of(
            """{"time_us":0,"vmstat":{"pswpout":100,"swpout_zero":10,"nr_free_pages":7}}""",
            """{"time_us":2000000,"vmstat":{"pswpout":160,"swpout_zero":30,"nr_free_pages":9}}""",
            """{"time_us":3000000,"vmstat":{"pswpout":160,"swpout_zero":30,"nr_free_pages":2}}""");

        Assert.Equal([30, 0], rates.Vmstat["pswpout"].Rates);
        Assert.Equal((60, 20.0), (rates.Vmstat["pswpout"].Events, rates.Vmstat["pswpout"].PerSecond!.Value));
        Assert.Equal(0.25, rates.SwappedOutZeroShare);
        Assert.Null(rates.SwappedInZeroShare);
        Assert.DoesNotContain("nr_free_pages", rates.Vmstat.Keys);
        Assert.Equal([2_000_000UL, 3_000_000], rates.Times);
    }

    [Fact]
    public void AreNotKnown_WhereACounterBeganAnew_OrIsMissing()
    {
        var rates = Of(
            """{"time_us":0,"vmstat":{"pswpin":100},"cgroups":{"a":{"swpin_zero":1,"anon":5}}}""",
            """{"time_us":1000000,"vmstat":{"pswpin":3},"cgroups":{}}""",
            """{"time_us":2000000,"vmstat":{"pswpin":5},"cgroups":{"a":{"swpin_zero":4,"anon":5}}}""");

        Assert.Equal([null, 2], rates.Vmstat["pswpin"].Rates);
        Assert.Equal(2, rates.Vmstat["pswpin"].PerSecond);
        Assert.Equal([null, null], rates.Cgroups["a"]["swpin_zero"].Rates);
        Assert.Null(rates.Cgroups["a"]["swpin_zero"].PerSecond);
    }

    [Fact]
    public void AreNone_WithoutSamples() => Assert.Equal((0, 0), (Of().Samples, Of().Times.Count));

    private static CounterRates Of(params string[] samples) => CounterRates.Of(
        CounterFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', samples.Prepend(Header)) + "\n")), "c.counters.jsonl", CounterLimits.Default));
}
