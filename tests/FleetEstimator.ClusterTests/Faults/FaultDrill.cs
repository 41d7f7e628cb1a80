using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Orleans.TestingHost;
using Xunit;

namespace FleetEstimator.ClusterTests.Faults;

/// <summary>
/// Small studies on three silos while messages are lost, late and doubled, storage fails, grains die and now and then a silo does: each ends with the report of an undisturbed run. <c>FAULT_SCHEDULES</c>
/// says how many schedules, <c>FAULT_SEED</c> where to begin.
/// </summary>
public class FaultDrill(ITestOutputHelper output)
{
    private const int SchedulesInCI = 100;

    /// <summary>Hundreds of times as fast as in production: a lost message costs milliseconds.</summary>
    private static readonly WorkSettings Hurried = new()
    {
        SliceTime = TimeSpan.FromMilliseconds(20),
        Renewal = TimeSpan.FromMilliseconds(50),
        Silence = TimeSpan.FromMilliseconds(500),
        Patience = TimeSpan.FromMilliseconds(50),
        NodePatience = TimeSpan.FromMilliseconds(100),
        FirstRetry = TimeSpan.FromMilliseconds(2),
        LastRetry = TimeSpan.FromMilliseconds(50),
    };

    [Fact]
    public async Task StudiesUnderFaults_GiveTheReportOfAnUndisturbedRun()
    {
        var (first, count) = (Number("FAULT_SEED", 1), Number("FAULT_SCHEDULES", SchedulesInCI));
        using var fleet = new SmallFleet();
        var (injector, workloads) = (new FaultInjector(), new WorkloadCache());
        await using var cluster = await Start(injector, workloads);
        var happened = 0;
        for (var seed = first; seed < first + count; seed++)
        {
            var plan = fleet.Plan(nodes: 40, seed: seed, more: seed % 5 == 0 ? "defaults: {lru: [multi-generational, classic]}" : "");
            var expected = await StudyReports.Of(plan, await LocalStudy.Run(plan, workloads, Silent.Progress, TestContext.Current.CancellationToken));

            injector.Schedule = new FaultSchedule(seed);
            var outcome = await Run(plan, cluster, injector.Schedule);
            var (schedule, _) = (injector.Schedule, injector.Schedule = FaultSchedule.Calm);

            output.WriteLine($"schedule {seed}: {schedule}");
            Assert.True(expected == await StudyReports.Of(plan, outcome), $"schedule {seed} ({schedule}): the report differs from that of an undisturbed run");
            happened += schedule.Happened;
        }

        Assert.True(happened > 10 * count, $"only {happened} faults in {count} schedules");
    }

    private static async Task<StudyOutcome> Run(StudyPlan plan, InProcessTestCluster cluster, FaultSchedule schedule)
    {
        var studies = new StudyClient(cluster.Client, Hurried);
        await Insist(() => studies.Submit(plan));
        var (killed, cancelled) = (!schedule.KillsASilo, !schedule.CancelsAndGoesOn);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (await poll.WaitForNextTickAsync(TestContext.Current.CancellationToken))
        {
            StudyStatus? status = null;
            await Insist(async () => status = await studies.Status(plan.Id));
            if (!killed && status!.Progress.Done > 0)
            {
                killed = true;
                await cluster.KillSiloAsync(cluster.Silos[^1]);
                await cluster.StartAdditionalSiloAsync();
            }

            if (!cancelled && status!.Progress.Done > 0)
            {
                cancelled = true;
                await Insist(() => studies.Cancel(plan.Id));
                await Insist(() => studies.Resume(plan.Id));
            }

            Assert.Null(status!.Problem);
            if (status.Entry.Phase == StudyPhase.Ended)
                break;
        }

        StudyOutcome? outcome = null;
        await Insist(async () => outcome = await studies.Outcome(plan));
        return outcome!;
    }

    /// <summary>As a client would that is told that the cluster cannot be reached.</summary>
    private static Task<bool> Insist(Func<Task> call) => Retry.UntilDone(
        async () =>
        {
            await call();
            return true;
        },
        Hurried, TimeProvider.System, _ => { }, TestContext.Current.CancellationToken);

    private static async Task<InProcessTestCluster> Start(FaultInjector injector, WorkloadCache workloads)
    {
        var builder = new InProcessTestClusterBuilder(initialSilosCount: 3);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddOutgoingGrainCallFilter(injector);
            silo.AddIncomingGrainCallFilter(injector);
            silo.Services.AddSingleton(injector);
            silo.Services.AddKeyedSingleton<IGrainStorage>(StudyStorage.Name, (services, _) => ActivatorUtilities.CreateInstance<FailingStorage>(services));
            silo.Services.AddSingleton(Hurried);
            silo.Services.AddFleetEstimatorGrains(workloads, simulationThreads: 1);
        });
        builder.ConfigureClient(client =>
        {
            client.AddOutgoingGrainCallFilter(injector);
            client.Services.AddFleetEstimatorSerialization();
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    private static int Number(string variable, int otherwise) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text) : otherwise;
}
