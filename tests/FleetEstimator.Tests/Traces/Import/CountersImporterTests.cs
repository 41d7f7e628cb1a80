using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

public sealed class CountersImporterTests
{
    [Fact]
    public void ReadsDumpsOfVmstat_WithTheTimeBeforeEach()
    {
        var imported = Imported.Fixture("counters", "vmstat.txt");
        Assert.Equal(3, imported.Samples.Count);
        Assert.Equal(0ul, imported.Samples[0].TimeMicroseconds);
        Assert.InRange(imported.Samples[2].TimeMicroseconds, 600_000ul, 800_000ul);
        Assert.True(imported.Samples[2].Vmstat["pgfault"] > imported.Samples[0].Vmstat["pgfault"]);
        Assert.Contains("swpout_zero", imported.Samples[0].Vmstat.Keys);
        Assert.Equal(2026, imported.CounterHeader.RecordedAt.Year);
        Assert.Equal("counter-only", imported.Summary.Capability);
    }

    [Fact]
    public void PutsMemoryStatUnderTheNameOfItsCgroup()
    {
        var imported = Imported.Fixture("counters", "memory.stat.txt", new ImportOptions().Add("cgroup", "web"));
        Assert.Equal([0ul, 2_000_000ul], imported.Samples.Select(sample => sample.TimeMicroseconds));
        Assert.True(imported.Samples[0].Cgroups!["web"]["pgfault"] >= 0);
        Assert.Empty(imported.Samples[0].Vmstat);
    }

    [Fact]
    public void ReadsTheAnswerOfPrometheus_AndSaysWhatNodeExporterLeftOut()
    {
        var imported = Imported.Fixture("counters", "prometheus.json");
        Assert.Equal([0ul, 2_000_000ul, 4_000_000ul, 6_000_000ul, 8_000_000ul], imported.Samples.Select(sample => sample.TimeMicroseconds));
        Assert.All(imported.Samples.Zip(imported.Samples.Skip(1)), pair => Assert.True(pair.First.Vmstat["pgfault"] < pair.Second.Vmstat["pgfault"]));
        Assert.Contains("pgmajfault", imported.Samples[0].Vmstat.Keys);
        Assert.Contains(imported.Summary.Notes, note => note.StartsWith("not in it: swpin_zero, swpout_zero, zswpin", StringComparison.Ordinal));
    }

    [Fact]
    public void RefusesRates() =>
        Assert.Contains("a rate is no counter", Assert.Throws<ImportException>(() => Imported.Fixture("counters", "prometheus-rate.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void TakesOneInstance_AndRefusesSeveral()
    {
        const string answer =
            """
            {"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"node_vmstat_pswpin","instance":"a"},"values":[[10,"1"],[12,"3"]]},
            {"metric":{"__name__":"node_vmstat_pswpin","instance":"b"},"values":[[10,"7"]]}]}}
            """;
        Assert.Contains("there are several nodes in it, a and b", Imported.Refused("counters", answer).Message, StringComparison.Ordinal);
        Assert.Equal([1L, 3L], Imported.Of("counters", answer, new ImportOptions().Add("instance", "a")).Samples.Select(sample => sample.Vmstat["pswpin"]));
    }

    [Fact]
    public void SpacesDumpsWithoutTimes_WhenToldHowFarApartTheyAre() =>
        Assert.Equal(
            [(0ul, 1L), (5_000_000ul, 2L), (10_000_000ul, 3L)],
            Imported.Of("counters", "a 9\npswpin 1\na 9\npswpin 2\na 9\npswpin 3\n", new ImportOptions().Add("every", "5"))
                .Samples.Select(sample => (sample.TimeMicroseconds, sample.Vmstat["pswpin"])));

    [Theory]
    [InlineData("pswpin 1\n", "in, line 1: there is no time before the first dump")]
    [InlineData("5\npswpin 1\npswpin 2\n", "in, line 3, pswpin: it stands there twice in one dump")]
    [InlineData("5\npswpin one\n", "in, line 2: \"pswpin one\" is neither NAME VALUE nor a time")]
    [InlineData("5\npswpin 4\n6\npswpin 3\n", "pswpin: it falls from 4 to 3: the node was restarted")]
    [InlineData("5\npswpin 4\n5\npswpin 5\n", "in, line 4, pswpin: there are two values of it at 5 s")]
    [InlineData("{\"status\":\"error\",\"error\":\"bad_data\"}", "the answer is an error: bad_data")]
    [InlineData("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}", "not matrix: an answer to query")]
    [InlineData("", "in: there is no counter in it")]
    public void IsRefusedWithPlaceAndRemedy(string text, string message) =>
        Assert.Contains(message, Imported.Refused("counters", text).Message, StringComparison.Ordinal);
}
