using FleetEstimator.Grains.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Serialization;

namespace FleetEstimator.Grains;

/// <summary>What a silo or a client needs for this project's grains.</summary>
public static class GrainServices
{
    /// <summary>Domain types are the wire types: they travel as JSON, which the domain projects need not know.</summary>
    public static IServiceCollection AddFleetEstimatorSerialization(this IServiceCollection services) =>
        services.AddSerializer(serializer => serializer.AddJsonSerializer(
            isSupported: type => type.Namespace?.StartsWith("FleetEstimator.", StringComparison.Ordinal) == true));

    /// <summary>What simulates nodes on a silo.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="workloads">The recordings in memory; shared where several silos live in one process.</param>
    /// <param name="simulationThreads">Nodes simulated at the same time.</param>
    public static IServiceCollection AddFleetEstimatorGrains(this IServiceCollection services, WorkloadCache workloads, int simulationThreads)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(workloads);
        services.AddSingleton<StudyPlans>();
        services.AddSingleton(_ => new SimulationThreads(simulationThreads));
        services.TryAddSingleton(new WorkSettings());

        // Node grains are called once: to remember where a million of them were takes 340 MB. Coordinators and shards at work are far fewer than this.
        services.Configure<GrainDirectoryOptions>(directory => directory.CacheSize = 10_000);
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, SiloWorker>();
        return services.AddFleetEstimatorSerialization();
    }
}
