using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Cli;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Cli;

/// <summary>What the exit codes promise to the programs that start the command.</summary>
public sealed class ExitCodeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;

    public ExitCodeTests()
    {
        using var writer = TraceWriter.Create(Path.Combine(_folder, "node.arrow"), new TraceHeader
        {
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = "test",
            KernelRelease = "test",
            Node = "node",
            MemoryBytes = 1L << 30,
            SwapBytes = 0,
            AccessSource = "exact",
        });
        writer.Append(new TraceRow(0, new Operation(OperationKind.Map, 1, 16, 64)));
        writer.Append(new TraceRow(0, new Operation(OperationKind.Write, 1, 16, 64, PageContent.Zero)));
        writer.Append(new TraceRow(1_000_000, new Operation(OperationKind.Read, 1, 16, 64)));
        writer.Complete();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task RunThatEnds_Exits0_AndLeavesTheFourFiles()
    {
        Assert.Equal(ExitCode.Done, await Run(Study()));
        Assert.Equal(["nodes.parquet", "report.html", "report.json", "run.json"], Directory.GetFiles(Result).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task EmbeddedSilo_GivesTheBytesOfThePlainLoop()
    {
        Assert.Equal(ExitCode.Done, await Run(Study()));
        var inALoop = await File.ReadAllBytesAsync(Path.Combine(Result, "report.json"), TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Done, await Invoke(RunCommand.Create(), WriteStudy(Study()), "--out", Result));
        Assert.Equal(inALoop, await File.ReadAllBytesAsync(Path.Combine(Result, "report.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task WrongStudy_Exits2_AndLeavesNothing()
    {
        Assert.Equal(ExitCode.WrongUsage, await Run(Study().Replace("linux-6.12", "linux-6.13", StringComparison.Ordinal)));
        Assert.Equal(ExitCode.WrongUsage, await Invoke(RunCommand.Create(), Path.Combine(_folder, "no-such-study.yaml")));
        Assert.False(Directory.Exists(Result));
    }

    [Fact]
    public async Task WarmUpAsLongAsTheRecording_Exits2() => Assert.Equal(ExitCode.WrongUsage, await Run(Study() + "\nwarm_up: 1 s"));

    [Fact]
    public async Task ResultOntoAForeignFolder_Exits2()
    {
        Directory.CreateDirectory(Result);
        await File.WriteAllTextAsync(Path.Combine(Result, "thesis.txt"), "years of work", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.WrongUsage, await Run(Study()));
        Assert.True(File.Exists(Path.Combine(Result, "thesis.txt")));
    }

    [Fact]
    public async Task BadRecording_Exits3_AndLeavesNothing()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "node.arrow"), "no trace", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.BadInput, await Run(Study()));
        Assert.Equal(ExitCode.BadInput, await Invoke(InspectCommand.Create(), Path.Combine(_folder, "node.arrow")));
        Assert.False(Directory.Exists(Result));
    }

    [Fact]
    public async Task PatternThatMatchesNothing_Exits3() =>
        Assert.Equal(ExitCode.BadInput, await Run(Study().Replace("node.arrow", "other-*.arrow", StringComparison.Ordinal)));

    // One recording gives no interval, so every claim stays undecided.
    [Fact]
    public async Task UndecidedClaim_Exits99_OnlyWhenAskedFor()
    {
        var study = Study() + "\nclaims:\n  - {metric: rss_mean, is: \"> 1 KiB\", scope: fleet, mechanism: linux-6.12}";
        Assert.Equal(ExitCode.Done, await Run(study));
        Assert.Equal(ExitCode.ClaimsFailed, await Invoke(RunCommand.Create(), WriteStudy(study), "--local", "--out", Result, "--fail-on-claims"));
    }

    [Fact]
    public async Task SameSeed_GivesTheSameReport_AnotherSeedAnotherOne()
    {
        Assert.Equal(ExitCode.Done, await Run(Study()));
        var first = await File.ReadAllTextAsync(Path.Combine(Result, "report.json"), TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Done, await Run(Study()));
        Assert.Equal(first, await File.ReadAllTextAsync(Path.Combine(Result, "report.json"), TestContext.Current.CancellationToken));
        Assert.Equal(ExitCode.Done, await Invoke(RunCommand.Create(), WriteStudy(Study()), "--local", "--out", Result, "--seed", "8"));
        Assert.NotEqual(first, await File.ReadAllTextAsync(Path.Combine(Result, "report.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task SeedOption_ReachesEveryPointOfASweep()
    {
        // On zram without a limit nothing reads ahead: whatever the seed, this parameter changes nothing on the same nodes.
        var study = Study().Replace("recordings:", "swap: {device: zram, size: 1 MiB, page_cluster: [0, 3]}, recordings:", StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, await Invoke(RunCommand.Create(), WriteStudy(study), "--local", "--out", Result, "--seed", "8"));

        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Result, "report.json"), TestContext.Current.CancellationToken));
        var point = Assert.Single(report.RootElement.GetProperty("sweep").EnumerateArray());
        Assert.Equal(("web.swap.page_cluster", "3"), (point.GetProperty("parameter").GetString(), point.GetProperty("value").GetString()));
        Assert.All(
            point.GetProperty("estimates").EnumerateArray().Where(estimate => estimate.GetProperty("estimate").ValueKind == JsonValueKind.Number),
            estimate => Assert.Equal(0, estimate.GetProperty("change").GetProperty("estimate").GetDouble()));
    }

    [Theory]
    [InlineData("seed: [7, 8]", "--seed", "9")]
    [InlineData("costs: {fault: [330, 500]}", "--costs", "costs.yaml")]
    public async Task OptionForWhatTheStudySweeps_Exits2(string swept, string option, string value) =>
        Assert.Equal(ExitCode.WrongUsage, await Invoke(RunCommand.Create(), WriteStudy(Study() + "\n" + swept), "--local", "--out", Result, option, value));

    [Fact]
    public async Task PointOfASweepWithNothingToMeasure_Exits2_BeforeAnythingIsSimulated()
    {
        Assert.Equal(ExitCode.WrongUsage, await Run(Study() + "\nwarm_up: [100 ms, 1 s]"));
        Assert.False(Directory.Exists(Result));
    }

    [Fact]
    public async Task ValidateWithoutScenarios_Exits3() => Assert.Equal(ExitCode.BadInput, await Invoke(ValidateCommand.Create(), "--truth", _folder));

    private string Result => Path.Combine(_folder, "result");

    private static string Study() =>
        """
        study: exit-codes
        mechanisms: [linux-6.12]
        classes:
          - {name: web, nodes: 3, memory: 1 MiB, recordings: [node.arrow]}
        """;

    private Task<int> Run(string study) => Invoke(RunCommand.Create(), WriteStudy(study), "--local", "--out", Result);

    private string WriteStudy(string study)
    {
        var path = Path.Combine(_folder, "study.yaml");
        File.WriteAllText(path, study);
        return path;
    }

    private static Task<int> Invoke(Command command, params string[] arguments) =>
        command.Parse(arguments).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
}
