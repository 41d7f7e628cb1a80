using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Server;
using Orleans.TestingHost;
using Xunit;

namespace FleetEstimator.ClusterTests;

public class StudyOnSilosTests
{
    [Fact]
    public async Task ThreeSilos_GiveTheReportOfAPlainLoop_ToTheByte()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan();
        await using var cluster = await Start(silos: 3);

        var onSilos = await new StudyClient(cluster.Client).Run(plan, Silent.Progress, CancellationToken.None);
        var inALoop = await LocalStudy.Run(plan, new WorkloadCache(), Silent.Progress, CancellationToken.None);

        Assert.Equal(await StudyReports.Of(plan, inALoop), await StudyReports.Of(plan, onSilos));
        Assert.Equal(plan.NodeCount, await onSilos.Nodes.LongCountAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task EmbeddedSilo_GivesTheReportOfAPlainLoop_ToTheByte()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 40);
        await using var silo = await EmbeddedSilo.Start(new WorkloadCache(), fleet.StateFile, CancellationToken.None);

        var onSilo = await new StudyClient(silo.Grains).Run(plan, Silent.Progress, CancellationToken.None);
        var inALoop = await LocalStudy.Run(plan, new WorkloadCache(), Silent.Progress, CancellationToken.None);

        Assert.Equal(await StudyReports.Of(plan, inALoop), await StudyReports.Of(plan, onSilo));
    }

    [Fact]
    public async Task SampledAndSweptStudy_GivesTheReportOfAPlainLoop_ToTheByte()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 3000, more: "simulation: {half_width: 2%}\ndefaults: {lru: [multi-generational, classic]}");
        await using var cluster = await Start(silos: 2);

        var onSilos = await new StudyClient(cluster.Client).Run(plan, Silent.Progress, CancellationToken.None);
        var inALoop = await LocalStudy.Run(plan, new WorkloadCache(), Silent.Progress, CancellationToken.None);

        Assert.Equal(await StudyReports.Of(plan, inALoop), await StudyReports.Of(plan, onSilos));
        var result = StudyResults.Make(plan, onSilos, new WorkloadCache(), []);
        Assert.InRange(result.SimulatedNodes, 64, 2999);
        Assert.All(result.Simulation!.Figures, figure => Assert.True(figure.Reached));
        Assert.Equal(("defaults.lru", "classic"), (Assert.Single(result.Sweep).Parameter, result.Sweep[0].Value));
        Assert.Contains(result.Sweep[0].Estimates, estimate => estimate.Change!.Value != 0);
    }

    [Fact]
    public async Task StudyStartedTwice_CountsEveryNodeOnce()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 60);
        await using var cluster = await Start(silos: 2);
        var client = new StudyClient(cluster.Client);

        var runs = await Task.WhenAll(client.Run(plan, Silent.Progress, CancellationToken.None), client.Run(plan, Silent.Progress, CancellationToken.None));

        Assert.All(runs, run => Assert.Equal(plan.NodeCount, run.Parts[0].Sums.Nodes));
        Assert.Equal(await StudyReports.Of(plan, runs[0]), await StudyReports.Of(plan, runs[1]));
    }

    [Fact]
    public async Task RecordingMissingOnTheSilos_FailsItsNodesAndNoOthers()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 40);
        fleet.Remove(3);
        await using var cluster = await Start(silos: 2);

        var outcome = await new StudyClient(cluster.Client).Run(plan, Silent.Progress, CancellationToken.None);

        var lost = Enumerable.Range(0, (int)plan.NodeCount).Where(ordinal => plan.Recordings[plan.Locate(ordinal).Recording].Node == "node-3").ToList();
        Assert.Equal(5, lost.Count);
        Assert.Equal(lost.Select(ordinal => (long)ordinal), outcome.Parts[0].Failed.Select(failure => failure.Ordinal));
        Assert.Equal(plan.NodeCount - lost.Count, await outcome.Nodes.LongCountAsync(TestContext.Current.CancellationToken));
        Assert.All(outcome.Parts[0].Failed, failure => Assert.Contains("node-3.arrow", failure.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task CancelledStudy_EndsWithoutStartingTheRest()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 20_000);
        await using var cluster = await Start(silos: 2);
        using var cancellation = new CancellationTokenSource();
        var untilTheFirstIsDone = new Reaction(progress =>
        {
            if (progress.Done > 0)
                cancellation.Cancel();
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new StudyClient(cluster.Client).Run(plan, untilTheFirstIsDone, cancellation.Token));

        var after = await new StudyClient(cluster.Client).Status(plan.Id);
        Assert.Equal(StudyPhase.Cancelled, after.Entry.Phase);
        Assert.InRange(after.Progress.Done, 1, plan.NodeCount - 1);
    }

    [Fact]
    public async Task InterruptedStudy_GoesOnWhereItWas_AfterARestart()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 300);
        using (var interrupt = new CancellationTokenSource())
        {
            await using var first = await EmbeddedSilo.Start(new WorkloadCache(), fleet.StateFile, CancellationToken.None);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new StudyClient(first.Grains).Run(
                plan,
                new Reaction(progress =>
                {
                    if (progress.Done > 20)
                        interrupt.Cancel();
                }),
                interrupt.Token));
        }

        await using var second = await EmbeddedSilo.Start(new WorkloadCache(), fleet.StateFile, CancellationToken.None);
        var simulated = 0L;
        var outcome = await new StudyClient(second.Grains).Run(plan, new Reaction(progress => simulated = progress.Simulated), CancellationToken.None);

        Assert.InRange(simulated, 1, plan.NodeCount - 20);
        Assert.Equal(await StudyReports.Of(plan, await LocalStudy.Run(plan, new WorkloadCache(), Silent.Progress, CancellationToken.None)), await StudyReports.Of(plan, outcome));
        await second.Finish();
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(fleet.StateFile)!));
    }

    [Fact]
    public async Task StatesNobodyTouchedForAMonth_AreRemoved_AndNobodyElsesFiles()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 8);
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(fleet.StateFile)!).FullName;
        string[] names = [EmbeddedSilo.FileName(plan), EmbeddedSilo.FileName(plan) + ".lock", "customers.db", "silo.db", "notes-0123456789abcdef.db.txt"];
        foreach (var name in names)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), "", TestContext.Current.CancellationToken);
            File.SetLastWriteTimeUtc(Path.Combine(folder, name), DateTime.UtcNow - TimeSpan.FromDays(31));
        }

        await using var silo = await EmbeddedSilo.Start(new WorkloadCache(), fleet.StateFile, CancellationToken.None);

        Assert.Equal(names.Skip(2).Order(), names.Where(name => File.Exists(Path.Combine(folder, name))).Order());
    }

    [Fact]
    public async Task ReopenedStudy_TriesTheNodesThatFailedOnceMore_AndNoOthers()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 40);
        var expected = await StudyReports.Of(plan, await LocalStudy.Run(plan, new WorkloadCache(), Silent.Progress, CancellationToken.None));
        using var hidden = fleet.Hide(3);
        var clock = new SettableClock();
        await using var cluster = await Start(silos: 1, new WorkloadCache(time: clock));
        var studies = new StudyClient(cluster.Client);
        Assert.Equal(5, (await studies.Run(plan, Silent.Progress, CancellationToken.None)).Parts[0].Failed.Count);

        // A silo looks for a missing recording again after a while.
        clock.Ahead = TimeSpan.FromMinutes(1);
        hidden.Dispose();
        await studies.Resume(plan.Id);
        var simulated = 0L;
        var outcome = await studies.Run(plan, new Reaction(progress => simulated = progress.Simulated), CancellationToken.None);

        Assert.Equal(5, simulated);
        Assert.Equal(expected, await StudyReports.Of(plan, outcome));
    }

    [Fact]
    public async Task RemovedStudy_IsGone_AndCanBeRunAgain()
    {
        using var fleet = new SmallFleet();
        var plan = fleet.Plan(nodes: 40);
        await using var cluster = await Start(silos: 2);
        var studies = new StudyClient(cluster.Client);
        var first = await StudyReports.Of(plan, await studies.Run(plan, Silent.Progress, CancellationToken.None));
        Assert.Equal((plan.Id, "small-fleet", StudyPhase.Ended), Assert.Single((await studies.List()).Select(study => (study.Entry.Id, study.Entry.Name, study.Entry.Phase))));

        await studies.Remove(plan.Id);

        Assert.Empty(await studies.List());
        await Assert.ThrowsAsync<StudyNotFoundException>(() => studies.Status(plan.Id));
        var simulated = 0L;
        Assert.Equal(first, await StudyReports.Of(plan, await studies.Run(plan, new Reaction(progress => simulated = progress.Simulated), CancellationToken.None)));
        Assert.Equal(plan.NodeCount, simulated);
    }

    [Fact]
    public async Task ShortStudy_DoesNotWaitForALongOne()
    {
        using var fleet = new SmallFleet();
        var (longOne, shortOne) = (fleet.Plan(nodes: 200_000, seed: 1), fleet.Plan(nodes: 40, seed: 2));
        await using var cluster = await Start(silos: 2);
        var studies = new StudyClient(cluster.Client);
        await studies.Submit(longOne);

        await studies.Run(shortOne, Silent.Progress, CancellationToken.None);

        var other = await studies.Status(longOne.Id);
        Assert.Equal(StudyPhase.Running, other.Entry.Phase);
        Assert.InRange(other.Progress.Done, 1, longOne.NodeCount - 1);
        await studies.Cancel(longOne.Id);
    }

    private static async Task<InProcessTestCluster> Start(short silos, WorkloadCache? workloads = null)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddMemoryGrainStorage(StudyStorage.Name);
            silo.Services.AddFleetEstimatorGrains(workloads ?? new WorkloadCache(), simulationThreads: 1);
        });
        builder.ConfigureClient(client => client.Services.AddFleetEstimatorSerialization());
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    private sealed class SettableClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);
    }

    private sealed class Reaction(Action<StudyProgress> react) : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value) => react(value);
    }
}
