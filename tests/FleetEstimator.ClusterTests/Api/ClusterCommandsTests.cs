using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using FleetEstimator.Cli;
using FleetEstimator.Cli.Cluster;
using FleetEstimator.ClusterTests.State;
using FleetEstimator.Reports;
using Xunit;

namespace FleetEstimator.ClusterTests.Api;

/// <summary><c>run --cluster</c> and <c>studies</c>.</summary>
public sealed class ClusterCommandsTests(ApiSilo silo) : IClassFixture<ApiSilo>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Url => silo.Url.AbsoluteUri;

    [Fact]
    public async Task RunInACluster_GivesTheFilesOfARunHere_ToTheByte()
    {
        using var fleet = new SmallFleet();
        var (study, here, there, fetched) = (fleet.WriteStudy(nodes: 40, seed: 21), fleet.PathFor("here"), fleet.PathFor("there"), fleet.PathFor("fetched"));

        Assert.Equal(ExitCode.Done, (await Invocation.Of(RunCommand.Create(), Cancellation, study, "--local", "--out", here)).ExitCode);
        var run = await Invocation.Of(RunCommand.Create(), Cancellation, study, "--cluster", Url, "--out", there);
        var report = await Invocation.Of(StudiesCommand.Create(), Cancellation, "report", (await Named(nodes: 40))[..8], "--cluster", Url, "--out", fetched, "--json");

        Assert.Equal((ExitCode.Done, ExitCode.Done), (run.ExitCode, report.ExitCode));
        foreach (var name in new[] { ResultFolder.JsonName, ResultFolder.HtmlName, ResultFolder.NodesName })
        {
            var expected = await File.ReadAllBytesAsync(Path.Combine(here, name), Cancellation);
            Assert.Equal(expected, await File.ReadAllBytesAsync(Path.Combine(there, name), Cancellation));
            Assert.Equal(expected, await File.ReadAllBytesAsync(Path.Combine(fetched, name), Cancellation));
        }

        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(here, ResultFolder.JsonName), Cancellation), report.Output);
        Assert.Contains("small-fleet", run.Output, StringComparison.Ordinal);
        await using var record = File.OpenRead(Path.Combine(there, ResultFolder.RunName));
        var written = RunJson.Read(record);
        Assert.Equal((study, 40, 4, 3), (written.StudyPath, written.SimulatedNodes, written.RecordingPaths.Count, written.Files.Count));
        Assert.False(File.Exists(Path.Combine(fetched, ResultFolder.RunName)));
    }

    [Fact]
    public async Task FirstSiloUnreachable_TheNextTakesTheStudy()
    {
        using var fleet = new SmallFleet();
        var run = await Invocation.Of(
            RunCommand.Create(), Cancellation, fleet.WriteStudy(nodes: 8, seed: 22), "--cluster", $"http://127.0.0.1:{Servers.FreePort()},{Url}", "--out", fleet.PathFor("out"), "--json");
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal("small-fleet", JsonDocument.Parse(run.Output).RootElement.GetProperty("study").GetString());
    }

    [Fact]
    public async Task FirstSiloAnswers503_TheNextIsAsked()
    {
        using var unavailable = new TcpListener(IPAddress.Loopback, 0);
        unavailable.Start();
        var refusing = Refuse(unavailable);
        using var client = new ClusterClient([new Uri($"http://{unavailable.LocalEndpoint}/"), silo.Url], _ => { });

        Assert.NotNull(await client.List(Cancellation));
        await refusing;
    }

    [Fact]
    public async Task NoSiloReachable_GivesUpWithAMessageThatNamesIt()
    {
        var url = new Uri($"http://127.0.0.1:{Servers.FreePort()}/");
        using var client = new ClusterClient([url], _ => { }, patience: TimeSpan.Zero);
        var problem = await Assert.ThrowsAsync<ClusterUnreachableException>(() => client.List(Cancellation));
        Assert.Contains(url.Authority, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InterruptedRun_Exits130_SaysHowToWatch_AndTheStudyGoesOn()
    {
        using var fleet = new SmallFleet();
        using var interrupt = new CancellationTokenSource();
        var running = Invocation.Of(RunCommand.Create(), interrupt.Token, fleet.WriteStudy(nodes: 50_001, seed: 23), "--cluster", Url, "--out", fleet.PathFor("out"));
        using var client = silo.NewClient();
        while (!(await client.List(Cancellation)).Any(study => study is { Nodes: 50_001, Done: > 0 }))
            Assert.False(running.IsCompleted, "The study ended before it was interrupted.");
        await interrupt.CancelAsync();
        var run = await running;
        var id = await Named(nodes: 50_001);

        Assert.Equal(ExitCode.Interrupted, run.ExitCode);
        Assert.Contains($"fleet-estimator studies watch {id[..12]} --cluster", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(fleet.PathFor("out")));
        Assert.Contains("running", (await Studies("list")).Output, StringComparison.Ordinal);

        var cancelled = await Studies("cancel", id[..8], "--json");
        Assert.Equal((ExitCode.Done, "cancelled"), (cancelled.ExitCode, JsonDocument.Parse(cancelled.Output).RootElement.GetProperty("phase").GetString()));
        var watched = await Studies("watch", id);
        Assert.Equal(ExitCode.Interrupted, watched.ExitCode);
        Assert.Contains("studies resume", watched.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, (await Studies("resume", id[..10])).ExitCode);
        Assert.Equal(ExitCode.Done, (await Studies("remove", id)).ExitCode);
        Assert.Equal(ExitCode.WrongUsage, (await Studies("watch", id)).ExitCode);
    }

    [Fact]
    public async Task UndecidedClaim_Exits99_OnlyWhenAskedFor()
    {
        using var fleet = new SmallFleet();
        const string Claim = "claims: [{metric: memory_mean, is: \"saved > 99%\", scope: fleet, mechanism: linux-6.12+zero-pfn-swapin}]";
        string[] arguments = [fleet.WriteStudy(nodes: 8, Claim, seed: 24), "--cluster", Url, "--out", fleet.PathFor("out")];
        Assert.Equal(ExitCode.Done, (await Invocation.Of(RunCommand.Create(), Cancellation, arguments)).ExitCode);
        Assert.Equal(ExitCode.ClaimsFailed, (await Invocation.Of(RunCommand.Create(), Cancellation, [.. arguments, "--fail-on-claims"])).ExitCode);
    }

    [Fact]
    public async Task WrongStudy_Exits2_BeforeAnythingIsSent()
    {
        using var fleet = new SmallFleet();
        var run = await Invocation.Of(RunCommand.Create(), Cancellation, fleet.WriteStudy(nodes: 8, "lru: fifo", seed: 25), "--cluster", Url, "--out", fleet.PathFor("out"));
        Assert.Equal(ExitCode.WrongUsage, run.ExitCode);
    }

    // Only the cluster can tell: its store is not the user's.
    [Fact]
    public async Task StudyOverTracesThatTheClustersStoreLacks_Exits3_WithTheClustersMessage()
    {
        using var fleet = new SmallFleet();
        var study = fleet.WriteStudy(nodes: 8, seed: 26);
        var text = await File.ReadAllTextAsync(study, Cancellation);
        await File.WriteAllTextAsync(study, text.Replace("[node-*.arrow]", "[{store: traces, class: unheard-of}]", StringComparison.Ordinal), Cancellation);

        var run = await Invocation.Of(RunCommand.Create(), Cancellation, study, "--cluster", Url, "--out", fleet.PathFor("out"));

        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Contains("unheard-of", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0123456")]
    [InlineData("not-an-id")]
    [InlineData("0000000000")]
    public async Task IdThatNamesNoStudy_Exits2(string id) => Assert.Equal(ExitCode.WrongUsage, (await Studies("watch", id)).ExitCode);

    private Task<(int ExitCode, string Output, string Error)> Studies(params string[] arguments) =>
        Invocation.Of(StudiesCommand.Create(), Cancellation, [.. arguments, "--cluster", Url]);

    /// <summary>The id of the study of so many nodes, which no other test has.</summary>
    private async Task<string> Named(long nodes)
    {
        using var client = silo.NewClient();
        return Assert.Single(await client.List(Cancellation), study => study.Nodes == nodes).Id;
    }

    private static async Task Refuse(TcpListener listener)
    {
        using var connection = await listener.AcceptTcpClientAsync(Cancellation);
        await using var stream = connection.GetStream();
        var request = new byte[4096];
        Assert.True(await stream.ReadAsync(request, Cancellation) > 0);
        await stream.WriteAsync("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancellation);
    }
}
