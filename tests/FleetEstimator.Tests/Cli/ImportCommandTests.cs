using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Cli;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Cli;

public sealed class ImportCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WritesATraceThatCanBeRead_AndSaysWhatItHolds()
    {
        var (exit, output, error) = Invoke("damo", Fixture("damo.json"), "--out", _folder["t.arrow"], "--node", "n", "--memory", "2 GiB", "--label", "class=web");
        Assert.Equal((ExitCode.Done, ""), (exit, error));
        Assert.StartsWith($"{_folder["t.arrow"]}: damo, access-only, node n\n", output, StringComparison.Ordinal);
        Assert.Contains("left out: 6 regions in which no access was seen", output, StringComparison.Ordinal);

        var trace = Trace.Load(_folder["t.arrow"]);
        Assert.Equal((Capability.AccessOnly, "n", 2L << 30, "web", "damo"),
            (trace.Header.Capability, trace.Header.Node, trace.Header.MemoryBytes, trace.Header.Labels["class"], trace.Header.Labels["imported"]));
    }

    [Fact]
    public void GivesTheSameBytes_WhenRepeated()
    {
        Invoke("damo", Fixture("damo.json"), "--out", _folder["1.arrow"]);
        Invoke("damo", Fixture("damo.json"), "--out", _folder["2.arrow"]);
        Assert.Equal(Trace.Load(_folder["1.arrow"]).Digest, Trace.Load(_folder["2.arrow"]).Digest);
    }

    [Fact]
    public void PrintsTheSummaryAsJson()
    {
        var (_, output, _) = Invoke("damo", Fixture("damo.txt"), "--out", _folder["t.arrow"], "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal("access-only", json.RootElement.GetProperty("capability").GetString());
        Assert.Equal(10_472_145, json.RootElement.GetProperty("duration_microseconds").GetInt64());
        Assert.Equal(12, json.RootElement.GetProperty("operations").GetProperty("access").GetProperty("rows").GetInt64());
    }

    [Fact]
    public void WritesCountersBesideTheTraceOfThatName()
    {
        Assert.Equal(ExitCode.Done, Invoke("counters", Fixture("vmstat.txt"), "--out", _folder["t.arrow"]).Exit);
        Assert.Equal(3, CounterFile.Load(_folder["t.counters.jsonl"]).Samples.Count);
        Assert.Equal(["t.counters.jsonl"], Names());
    }

    [Fact]
    public void ABadFile_Exits3_AndLeavesNothing()
    {
        File.WriteAllText(_folder["bad"], "k 10.5: damon:damon_aggregated: target_id=0 nr_regions=1 0-4096: 3 1\nk 10.5: damon:damon_aggregated: x\n");
        var (exit, _, error) = Invoke("damo", _folder["bad"], "--out", _folder["t.arrow"]);
        Assert.Equal(ExitCode.BadInput, exit);
        Assert.Contains("bad, line 2, target_id: target_id=N nr_regions=N is expected after the event. Print the event", error, StringComparison.Ordinal);
        Assert.Equal(["bad"], Names());
        Assert.Equal(ExitCode.BadInput, Invoke("damo", _folder["missing"], "--out", _folder["t.arrow"]).Exit);
    }

    [Fact]
    public void AWrongOption_Exits2()
    {
        Assert.Equal(ExitCode.WrongUsage, Invoke("damo", Fixture("damo.txt"), "--out", _folder["t.arrow"], "--min-accesses", "none").Exit);
        Assert.Equal(ExitCode.WrongUsage, Invoke("damo", Fixture("damo.txt"), Fixture("damo.txt"), "--out", _folder["t.arrow"]).Exit);
        File.WriteAllText(_folder["t.arrow"], "");
        Assert.Equal(ExitCode.WrongUsage, Invoke("damo", Fixture("damo.txt"), "--out", _folder["t.arrow"]).Exit);
        Assert.Equal(ExitCode.WrongUsage, Invoke().Exit);
    }

    [Fact]
    public void ListsEveryFormatWithItsCapability()
    {
        var (exit, output, _) = Invoke("--list", "--json");
        Assert.Equal(ExitCode.Done, exit);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(Importer.All.Select(importer => importer.Format), json.RootElement.EnumerateArray().Select(format => format.GetProperty("format").GetString()));
        Assert.Equal(
            ["damo", "perf-faults", "elf-core", "counters", "pagemap", "qemu-dump", "lackey", "oracle-general", "parquet", "csv", "umass-hashes"],
            Importer.All.Select(importer => importer.Format));
        Assert.Contains("umass-hashes   content-known", Invoke("--list").Output, StringComparison.Ordinal);
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Traces", "Import", "Fixtures", name);

    private static (int Exit, string Output, string Error) Invoke(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = ImportCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exit, output.ToString(), error.ToString());
    }

    private string[] Names() => [.. Directory.GetFiles(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
