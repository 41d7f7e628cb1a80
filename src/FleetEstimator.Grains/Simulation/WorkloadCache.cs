using System.Collections.Concurrent;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Simulation;

/// <summary>Recordings in memory, by digest: loaded once per process, shared by every study and node that replays them.</summary>
public sealed class WorkloadCache
{
    private readonly ConcurrentDictionary<string, Lazy<Workload>> _workloads = new();

    /// <summary>The recording, loaded if it is not in memory yet.</summary>
    /// <exception cref="TraceException">A file is missing or wrong, or is not what was planned.</exception>
    public Workload Get(Recording recording) =>
        _workloads.GetOrAdd(Key(recording), _ => new Lazy<Workload>(() => Load(recording))).Value;

    private static string Key(Recording recording) => string.Join(' ', recording.Files.Select(file => file.Digest));

    private static Workload Load(Recording recording) => new(recording.Node, [.. recording.Files.Select(file => file.Load())]);
}
