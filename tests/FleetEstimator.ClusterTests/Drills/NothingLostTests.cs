using System.Diagnostics;
using System.Text.Json;
using FleetEstimator.ClusterTests.State;
using FleetEstimator.Server.Api;
using Parquet;
using Xunit;

namespace FleetEstimator.ClusterTests.Drills;

/// <summary>
/// A study on three silo processes and PostgreSQL while one of them fails: the client ends with success, every node counts once, and the result is that of an undisturbed run without a
/// cluster, to the byte. What is measured goes to the test's output, a line a drill; <c>.ci/nothing-lost</c> runs all of them.
/// </summary>
[Collection(typeof(OnPostgreSql))]
public sealed class NothingLostTests(PostgreSqlServer server, UndisturbedRuns undisturbed, ITestOutputHelper output) : IClassFixture<UndisturbedRuns>, IDisposable
{
    /// <summary>So many nodes that silos which fail for some seconds still have work when they come back.</summary>
    private const int Nodes = 1_000;

    /// <summary>So many that two silos have not done them all while the third is stopped for half a minute.</summary>
    private const int NodesOfALongStudy = 5_000;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(9);

    // A drill that stands still ends, with what all processes have said.
    private readonly CancellationTokenSource _limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private CancellationToken Cancellation => _limit.Token;

    public void Dispose() => _limit.Dispose();

    /// <summary>What fails: the three kills in every test run, the rest, which takes minutes, where <c>DRILLS=all</c> asks for it.</summary>
    public static TheoryData<string> Failures()
    {
        string[] kills = [nameof(SiloKilled_LosesNothing_AndItsClientAsksAnother), nameof(SiloWithTheCoordinatorKilled_LosesNothing), nameof(AllSilosKilledAndStartedAgain_LoseNothing)];
        string[] minutes =
        [
            nameof(SiloStoppedForHalfAMinute_IsDeclaredDead_JoinsAgain_AndNothingCountsTwice), nameof(PostgreSqlStoppedForTwentySeconds_LosesNothing), nameof(NothingFails), nameof(NothingFails_InALongStudy),
        ];
        return [.. Environment.GetEnvironmentVariable("DRILLS") == "all" ? [.. kills, .. minutes] : kills];
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public Task LosesNothing_AndCountsNothingTwice(string failure) => failure switch
    {
        nameof(SiloKilled_LosesNothing_AndItsClientAsksAnother) => SiloKilled_LosesNothing_AndItsClientAsksAnother(),
        nameof(SiloWithTheCoordinatorKilled_LosesNothing) => SiloWithTheCoordinatorKilled_LosesNothing(),
        nameof(AllSilosKilledAndStartedAgain_LoseNothing) => AllSilosKilledAndStartedAgain_LoseNothing(),
        nameof(SiloStoppedForHalfAMinute_IsDeclaredDead_JoinsAgain_AndNothingCountsTwice) => SiloStoppedForHalfAMinute_IsDeclaredDead_JoinsAgain_AndNothingCountsTwice(),
        nameof(PostgreSqlStoppedForTwentySeconds_LosesNothing) => PostgreSqlStoppedForTwentySeconds_LosesNothing(),
        nameof(NothingFails) => NothingFails(),
        nameof(NothingFails_InALongStudy) => NothingFails_InALongStudy(),
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "There is no such drill."),
    };

    private Task SiloKilled_LosesNothing_AndItsClientAsksAnother() => Drill("kill -9 of a silo", Nodes, Other, async (cluster, victim) =>
    {
        var clock = Stopwatch.StartNew();
        await victim.Program.Kill();
        await cluster.DeclaredDead(victim, Cancellation);
        return $"declared dead after {Seconds(clock.Elapsed)}";
    });

    private Task SiloWithTheCoordinatorKilled_LosesNothing() => Drill("kill -9 of the silo with the coordinator", Nodes, Coordinator, async (cluster, victim) =>
    {
        var clock = Stopwatch.StartNew();
        await victim.Program.Kill();
        await cluster.Until(study => study.Coordinator != victim.Name, Cancellation);
        return $"coordinator on another silo after {Seconds(clock.Elapsed)}";
    });

    private Task AllSilosKilledAndStartedAgain_LoseNothing() => Drill("kill -9 of all silos, started again at once", Nodes, Coordinator, async (cluster, _) =>
    {
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(cluster.Silos.Select(silo => silo.Program.Kill()));
        await cluster.StartSilos(Cancellation);
        return $"all ready after {Seconds(clock.Elapsed)}";
    });

    private Task SiloStoppedForHalfAMinute_IsDeclaredDead_JoinsAgain_AndNothingCountsTwice() => Drill("SIGSTOP of a silo for 30 s", NodesOfALongStudy, Other, async (cluster, victim) =>
    {
        var threads = victim.Program.SimulationTimes().Keys;
        await victim.Program.Stop();
        await Pass(TimeSpan.FromSeconds(30));
        var whileStopped = await cluster.Lives(victim);
        var clock = Stopwatch.StartNew();
        await victim.Program.Continue();
        await victim.Ready(Cancellation);
        var ready = clock.Elapsed;
        var joined = await cluster.Lives(victim);
        await DrillCluster.Simulates(victim, otherThan: threads, Cancellation);

        Assert.Equal((Dead: 1, Active: 0), whileStopped);
        Assert.Equal((Dead: 1, Active: 1), joined);
        return $"joined again {Seconds(ready)} after SIGCONT, simulated again after {Seconds(clock.Elapsed)}";
    });

    private Task PostgreSqlStoppedForTwentySeconds_LosesNothing() => Drill("PostgreSQL stopped for 20 s", Nodes, Coordinator, async (_, _) =>
    {
        await server.Stop();
        try
        {
            await Pass(TimeSpan.FromSeconds(20));
        }
        finally
        {
            // Other tests use it, too.
            await server.Start();
        }

        return "";
    });

    /// <summary>What the others are compared with.</summary>
    private Task NothingFails() => Drill("nothing", Nodes, Coordinator, (_, _) => Task.FromResult(""));

    /// <summary>What the drill with the long study is compared with.</summary>
    private Task NothingFails_InALongStudy() => Drill("nothing, long study", NodesOfALongStudy, Coordinator, (_, _) => Task.FromResult(""));

    private static SiloProcess Coordinator(DrillCluster cluster, StudyView study) => cluster.Silos.Single(silo => silo.Name == study.Coordinator);

    private static SiloProcess Other(DrillCluster cluster, StudyView study) => cluster.Silos.First(silo => silo.Name != study.Coordinator);

    /// <summary>A study under way, and all silos at work, when something fails.</summary>
    /// <param name="failure">What fails, for people.</param>
    /// <param name="nodes">Nodes of the study.</param>
    /// <param name="choose">The silo to fail; of the two clients, the second has asked only this one.</param>
    /// <param name="fail">Makes it fail, and ends when that is over; gives what is worth telling of it.</param>
    private async Task Drill(string failure, int nodes, Func<DrillCluster, StudyView, SiloProcess> choose, Func<DrillCluster, SiloProcess, Task<string>> fail)
    {
        Assert.SkipUnless(PostgreSqlServer.Installed, PostgreSqlServer.Missing);
        _limit.CancelAfter(Longest);
        var expected = await undisturbed.Result(nodes, Cancellation);
        await using var cluster = await DrillCluster.Start(server, Cancellation);
        try
        {
            var clock = Stopwatch.StartNew();
            cluster.Run(undisturbed.Study(nodes), first: cluster.Silos[0]);
            var victim = choose(cluster, await cluster.Until(_ => true, Cancellation));
            await cluster.Run(undisturbed.Study(nodes), first: victim).Says($" of {nodes:N0} nodes", Cancellation);
            var study = await cluster.Until(study => study.Done > Nodes / 4 && cluster.Silos.All(silo => silo.HasSimulated(otherThan: [])), Cancellation);

            var (pause, told) = (cluster.LongestPause(study.Done, Cancellation), fail(cluster, victim));
            await Task.WhenAll(pause, told);
            foreach (var client in cluster.Clients)
                Assert.True(await client.Exit(Cancellation) == 0, "a client did not end with success");
            var time = clock.Elapsed;

            foreach (var client in cluster.Clients)
                await AssertIsUndisturbed(expected.Folder, cluster.ResultOf(client), nodes);
            output.WriteLine(
                $"nothing lost: {failure}, {study.Done:N0} of {nodes:N0} nodes done, {study.Running:N0} handed out: no further node done for at most {Seconds(await pause)}, "
                + $"{Seconds(time)} in all (run without a cluster {Seconds(expected.Time)}){(await told is { Length: > 0 } more ? $", {more}" : "")}");
        }
        catch
        {
            output.WriteLine(cluster.ToString());
            throw;
        }
    }

    private async Task AssertIsUndisturbed(string expected, string actual, int nodes)
    {
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(expected, "report.json"), Cancellation), await File.ReadAllTextAsync(Path.Combine(actual, "report.json"), Cancellation));
        using var report = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(actual, "report.json"), Cancellation));
        Assert.Equal(nodes, report.RootElement.GetProperty("simulated_nodes").GetInt32());

        var rows = await File.ReadAllBytesAsync(Path.Combine(actual, "nodes.parquet"), Cancellation);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(expected, "nodes.parquet"), Cancellation), rows);
        var simulated = await RowsOf(rows);
        Assert.Equal(nodes, simulated.Count);
        Assert.Equal(nodes, simulated.Distinct().Count());
    }

    /// <summary>Class and number of each row of a nodes.parquet.</summary>
    private async Task<List<(string Class, long Node)>> RowsOf(byte[] parquet)
    {
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(parquet), cancellationToken: Cancellation);
        var fields = reader.Schema.DataFields.ToDictionary(field => field.Name);
        var nodes = new List<(string, long)>();
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var rows = reader.OpenRowGroupReader(group);
            var (classes, numbers) = (new string?[rows.RowCount], new long[rows.RowCount]);
            await rows.ReadAsync(fields["class"], classes.AsMemory());
            await rows.ReadAsync<long>(fields["node"], numbers.AsMemory());
            nodes.AddRange(classes.Select((@class, row) => (@class!, numbers[row])));
        }

        return nodes;
    }

    // How long something fails is what the drill is about: there is no event to wait for.
    private async Task Pass(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync(Cancellation);
    }

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.0} s";
}
