using System.Collections.Concurrent;
using FleetEstimator.Estimation;
using FleetEstimator.Grains.Simulation;

namespace FleetEstimator.Grains;

/// <summary>The studies a silo works on and the recordings they replay, each loaded once and shared by all nodes simulated here.</summary>
public sealed class StudyPlans(IGrainFactory grains, WorkloadCache workloads)
{
    private readonly ConcurrentDictionary<string, Task<LoadedStudy>> _studies = new();

    /// <summary>A study by id; asks its coordinator the first time.</summary>
    public async Task<LoadedStudy> Get(string study)
    {
        var loading = _studies.GetOrAdd(study, Load);
        try
        {
            return await loading;
        }
        catch
        {
            // The coordinator could not be asked, or its answer not be used. The next node asks again.
            _studies.TryRemove(new(study, loading));
            throw;
        }
    }

    private async Task<LoadedStudy> Load(string study) => new(await grains.GetGrain<IStudyGrain>(study).Plan(), workloads);
}

/// <summary>A study with its recordings at hand: everything it takes to simulate any of its nodes.</summary>
public sealed class LoadedStudy(StudyPlan plan, WorkloadCache workloads)
{
    /// <summary>The plan.</summary>
    public StudyPlan Plan => plan;

    /// <summary>Simulates one node; loads its recording if no node before it has.</summary>
    /// <exception cref="Traces.TraceException">The recording is missing, wrong, or not the one that was planned.</exception>
    public NodeResult Simulate(long ordinal)
    {
        var (@class, node, recording) = plan.Locate(ordinal);
        var workload = workloads.Get(plan.Recordings[recording], WhatIf.Of(plan.Study.Classes[@class]));
        var result = NodeSimulation.Run(plan.Study, @class, node, recording, workload);
        return workload.Share.IsWhole || !plan.IsFirstOfRecording(ordinal) ? result : result with
        {
            Halves = NodeSimulation.RunHalves(plan.Study, @class, node, recording, workload),
        };
    }
}
