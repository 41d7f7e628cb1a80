using System.Collections.Concurrent;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Simulation;

/// <summary>Recordings in memory, by digest: loaded once per process, shared by every study and node that replays them.</summary>
public sealed class WorkloadCache
{
    private readonly ConcurrentDictionary<string, Lazy<Workload>> _workloads = new();

    /// <summary>The recording, loaded if it is not in memory yet.</summary>
    /// <exception cref="TraceException">A file is missing or wrong, or is not what was planned.</exception>
    public Workload Get(PlannedRecording recording) =>
        _workloads.GetOrAdd(Key(recording), _ => new Lazy<Workload>(() => Load(recording))).Value;

    /// <summary>Takes in a recording that the planner has loaded anyway.</summary>
    internal void Add(PlannedRecording recording, Workload workload) => _workloads.TryAdd(Key(recording), new Lazy<Workload>(workload));

    private static string Key(PlannedRecording recording) => string.Join(' ', recording.Files.Select(file => file.Digest));

    private static Workload Load(PlannedRecording recording)
    {
        var traces = new List<Trace>();
        foreach (var file in recording.Files)
        {
            var trace = Trace.Load(file.Path);
            if (trace.Digest != file.Digest)
            {
                throw new TraceException(file.Path, null, null, $"the file's digest is {trace.Digest}, not {file.Digest} as when the study was planned",
                    "give every silo the same files, and do not change them while a study runs");
            }

            traces.Add(trace);
        }

        return new Workload(recording.Node, traces);
    }
}
