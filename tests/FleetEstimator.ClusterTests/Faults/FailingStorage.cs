using System.Collections.Concurrent;
using System.Globalization;
using Orleans.Serialization;
using Orleans.Storage;

namespace FleetEstimator.ClusterTests.Faults;

/// <summary>Storage that outlives silos, checks ETags as databases do, and fails as the schedule of the moment says. One for all silos of a cluster.</summary>
internal sealed class FailingStorage(FaultInjector injector, Serializer serializer) : IGrainStorage
{
    private static readonly ConcurrentDictionary<(FaultInjector Cluster, string State, GrainId Grain), (int Version, byte[] State)> Stored = new();

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (injector.Schedule.Happens(Fault.ReadFails))
            throw new IOException("Injected: the state cannot be read.");
        if (Stored.TryGetValue((injector, stateName, grainId), out var stored))
            (grainState.State, grainState.ETag, grainState.RecordExists) = (serializer.Deserialize<T>(stored.State), ETag(stored.Version), true);
        else
            (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Write(stateName, grainId, grainState, version =>
    {
        Stored[(injector, stateName, grainId)] = (version, serializer.SerializeToArray(grainState.State));
        (grainState.ETag, grainState.RecordExists) = (ETag(version), true);
    });

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Write(stateName, grainId, grainState, _ =>
    {
        Stored.TryRemove((injector, stateName, grainId), out var _);
        (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);
    });

    private Task Write<T>(string stateName, GrainId grainId, IGrainState<T> grainState, Action<int> write)
    {
        if (injector.Schedule.Happens(Fault.WriteFails))
            throw new IOException("Injected: the state cannot be stored.");
        lock (Stored)
        {
            var version = Stored.TryGetValue((injector, stateName, grainId), out var stored) ? stored.Version : 0;
            if (grainState.ETag != (version == 0 ? null : ETag(version)))
                throw new InconsistentStateException("Another activation has stored another state.", ETag(version), grainState.ETag);
            var uncertain = injector.Schedule.Happens(Fault.WriteUncertain);
            var known = (grainState.ETag, grainState.RecordExists);
            write(version + 1);
            if (!uncertain)
                return Task.CompletedTask;
            (grainState.ETag, grainState.RecordExists) = known;
            throw new IOException("Injected: whether the state was stored is not known.");
        }
    }

    private static string ETag(int version) => version.ToString(CultureInfo.InvariantCulture);
}
