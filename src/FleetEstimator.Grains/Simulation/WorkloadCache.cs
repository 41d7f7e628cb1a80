using System.Collections.Concurrent;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Simulation;

/// <summary>Recordings in memory, by digest: loaded once per process, shared by every study and node that replays them.</summary>
public sealed class WorkloadCache
{
    private readonly ConcurrentDictionary<string, Lazy<Workload>> _workloads = new();
    private readonly ConcurrentDictionary<(string Recording, WhatIf WhatIf), WeakReference<Workload>> _whatIfs = new();

    /// <summary>The recording, loaded if it is not in memory yet.</summary>
    /// <exception cref="TraceException">A file is missing or wrong, or is not what was planned.</exception>
    public Workload Get(Recording recording) =>
        _workloads.GetOrAdd(Key(recording), _ => new Lazy<Workload>(() => Load(recording))).Value;

    /// <summary>
    /// The recording with something taken to be different. Nodes simulated at the same time share it; it is made again when it is asked for after a while without, since a sweep
    /// over shares would otherwise keep as many copies of every recording.
    /// </summary>
    /// <exception cref="TraceException">A file is missing or wrong, or is not what was planned.</exception>
    public Workload Get(Recording recording, WhatIf whatIf)
    {
        var recorded = Get(recording);
        if (whatIf.IsNone)
            return recorded;
        var reference = _whatIfs.GetOrAdd((Key(recording), whatIf), _ => new WeakReference<Workload>(null!));
        lock (reference)
        {
            if (!reference.TryGetTarget(out var workload))
                reference.SetTarget(workload = recorded.With(whatIf));
            return workload;
        }
    }

    private static string Key(Recording recording) => string.Join(' ', recording.Files.Select(file => file.Digest));

    private static Workload Load(Recording recording) => new(recording.Node, [.. recording.Files.Select(file => file.Load())]);
}
