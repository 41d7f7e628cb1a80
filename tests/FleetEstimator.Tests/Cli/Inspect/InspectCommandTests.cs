using System.CommandLine;
using System.Text.Json;
using System.Xml.Linq;
using FleetEstimator.Cli;
using FleetEstimator.Paging;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Cli.Inspect;

public sealed class InspectCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly TraceRow[] Rows =
    [
        Row(0, OperationKind.Map, 1, 100, 50), Row(0, OperationKind.Observe, 1, 100, 40, PageContent.Zero), Row(1000, OperationKind.Write, 1, 105, 40, PageContent.Data),
        Row(2000, OperationKind.PageOut, 1, 100, 20), Row(3000, OperationKind.Read, 1, 100, 20),
    ];

    [Fact]
    public void PrintsCharts()
    {
        var (exitCode, output, _) = Run(Written(Header, Rows));
        Assert.Equal(0, exitCode);
        Assert.All(
            ["Resident memory by content", "Working set by length of window", "Where and when memory is accessed", "First access after swap-in", "zero-filled pages: 5 came back"],
            text => Assert.Contains(text, output, StringComparison.Ordinal));
    }

    [Fact]
    public void JsonIsTheContract_AndFullAddsDetails()
    {
        var path = Written(Header, Rows);
        using var json = JsonDocument.Parse(Run(path, "--json").Output);
        Assert.Equal(["rows", "processes", "duration_us", "operations", "zero_share", "metadata"], json.RootElement.EnumerateObject().Select(property => property.Name));
        using var full = JsonDocument.Parse(Run(path, "--json", "--full").Output);
        Assert.Equal(20, full.RootElement.GetProperty("details").GetProperty("swapped_in_pages").GetInt64());
        Assert.NotEmpty(InspectCommand.Create().Parse([path, "--full"]).Errors);
    }

    [Fact]
    public void WritesPageAndPicture()
    {
        var (exitCode, output, error) = Run(Written(Header, Rows), "--html", _folder["a.html"], "--svg", _folder["a.svg"]);
        Assert.Equal((0, ""), (exitCode, output));
        Assert.Contains("wrote", error, StringComparison.Ordinal);
        Assert.Equal("html", XDocument.Load(_folder["a.html"]).Root!.Name.LocalName);
        Assert.Equal("svg", XDocument.Load(_folder["a.svg"]).Root!.Name.LocalName);
        Assert.Equal(3, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void LeavesNothingBehind_WhereItCannotWrite()
    {
        var (exitCode, _, error) = Run(Written(Header, Rows), "--html", _folder["none/a.html"]);
        Assert.Equal(1, exitCode);
        Assert.Contains("a folder that can be written", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void ShowsTracesWithoutRowsOrDuration(int rows)
    {
        var (exitCode, output, _) = Run(Written(Header, Rows[..rows]), "--html", _folder["a.html"]);
        Assert.Equal((0, ""), (exitCode, output));
        Assert.Equal(0, Run(_folder["t.arrow"]).ExitCode);
        Assert.Contains(rows == 0 ? "no rows" : "snapshot", File.ReadAllText(_folder["a.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void ASnapshotIsShownByContent_NotOverTime()
    {
        var output = Run(Written(Header, Rows[..2])).Output;
        Assert.Contains("160 KiB resident", output, StringComparison.Ordinal);
        Assert.Contains("zero-filled 100%", output, StringComparison.Ordinal);
    }

    [Fact]
    public void SaysThatASampleIsOne()
    {
        var output = Run(Written(Header with { SamplingFraction = 0.25 }, Rows)).Output;
        Assert.Contains("Sampled: 25.0% of the node's memory", output, StringComparison.Ordinal);
        Assert.Contains("about 4 times as much", output, StringComparison.Ordinal);
    }

    [Fact]
    public void SaysWhatTheSourceDidNotKnow()
    {
        var output = Run(Written(Header with { Capability = Capability.AccessOnly }, Rows)).Output;
        Assert.Contains("Access-only", output, StringComparison.Ordinal);
        Assert.Contains("does not know what pages hold", output, StringComparison.Ordinal);
        Assert.DoesNotContain("no page was swapped", output, StringComparison.Ordinal);
    }

    [Fact]
    public void ALimitMakesPagesComeBack()
    {
        var rows = Enumerable.Range(1, 10).SelectMany(time => new[] { Row((ulong)time, OperationKind.Write, 1, 0, 200, PageContent.Data) }).Prepend(Row(0, OperationKind.Map, 1, 0, 200));
        var path = Written(Header, [.. rows]);
        Assert.Contains("No page came back", Run(path).Output, StringComparison.Ordinal);
        var output = Run(path, "--limit", "50%").Output;
        Assert.Contains("under a memory limit of 400 KiB", output, StringComparison.Ordinal);
        Assert.Contains("store 100%", output, StringComparison.Ordinal);
        Assert.NotEmpty(InspectCommand.Create().Parse([path, "--limit", "170%"]).Errors);
        Assert.NotEmpty(InspectCommand.Create().Parse([path, "--limit", "much"]).Errors);
    }

    [Fact]
    public void ShowsRatesOfACountersFile()
    {
        var path = _folder["t.counters.jsonl"];
        File.WriteAllText(
            path,
            """
            {"format":"node-counters","version":1,"node":"n","recorded_at":"2025-01-01T00:00:00Z","recorder":"r 1","kernel_release":"6.13","page_size":4096,"memory_bytes":1073741824,"swap_bytes":0,"settings":{"swappiness":"60"}}
            {"time_us":0,"vmstat":{"pswpout":100,"swpout_zero":10,"pgfault":5},"cgroups":{"web":{"current":1048576,"swpin_zero":0}}}
            {"time_us":2000000,"vmstat":{"pswpout":160,"swpout_zero":30,"pgfault":50},"cgroups":{"web":{"current":2097152,"swpin_zero":4}}}
            {"time_us":3000000,"vm
            """.TrimEnd());
        var output = Run(path).Output;
        Assert.Contains("swpout_zero", output, StringComparison.Ordinal);
        Assert.Contains("25.0%", output, StringComparison.Ordinal);
        Assert.Contains("cut short", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(Run(path, "--json").Output);
        Assert.Equal(30, json.RootElement.GetProperty("vmstat").GetProperty("pswpout").GetProperty("rates")[0].GetDouble());
        Assert.Equal(0, Run(path, "--html", _folder["c.html"]).ExitCode);
    }

    [Fact]
    public void ABadFileIsOneMessage()
    {
        File.WriteAllText(_folder["bad.arrow"], "no trace");
        var (exitCode, output, error) = Run(_folder["bad.arrow"]);
        Assert.Equal((3, ""), (exitCode, output));
        Assert.Contains("bad.arrow", error, StringComparison.Ordinal);
    }

    private string Written(TraceHeader header, TraceRow[] rows)
    {
        using var writer = TraceWriter.Create(_folder["t.arrow"], header);
        foreach (var row in rows)
            writer.Append(row);
        writer.Complete();
        return _folder["t.arrow"];
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = InspectCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exitCode, output.ToString(), error.ToString());
    }
}
