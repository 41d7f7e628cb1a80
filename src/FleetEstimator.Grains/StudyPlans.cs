using System.Collections.Concurrent;
using FleetEstimator.Estimation;
using FleetEstimator.Grains.Simulation;

namespace FleetEstimator.Grains;

/// <summary>The studies a silo works on, each asked for once and shared by all nodes simulated here.</summary>
internal sealed class StudyPlans(IGrainFactory grains, WorkloadCache workloads)
{
    private readonly ConcurrentDictionary<(string Study, int Part), Task<LoadedStudy>> _studies = new();

    /// <summary>A part of a study; asks the study's coordinator the first time.</summary>
    public async Task<LoadedStudy> Get(string study, int part)
    {
        var loading = _studies.GetOrAdd((study, part), Load);
        try
        {
            return await loading;
        }
        catch
        {
            // The coordinator could not be asked, or its answer not be used. The next node asks again.
            _studies.TryRemove(new((study, part), loading));
            throw;
        }
    }

    /// <summary>Forgets a study.</summary>
    public void Forget(string study)
    {
        foreach (var key in _studies.Keys.Where(key => key.Study == study))
            _studies.TryRemove(key, out _);
    }

    private async Task<LoadedStudy> Load((string Study, int Part) key)
    {
        var plan = key.Part == 0 ? await grains.GetGrain<IStudyGrain>(key.Study).Plan() : (await Get(key.Study, 0)).Plan.Part(key.Part);
        return new(plan, workloads);
    }
}

/// <summary>A study with its recordings at hand: everything it takes to simulate any of its nodes.</summary>
public sealed class LoadedStudy(StudyPlan plan, WorkloadCache workloads)
{
    /// <summary>The plan.</summary>
    public StudyPlan Plan => plan;

    /// <summary>Simulates one node; loads its recording if it is not in memory.</summary>
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

    /// <summary>Simulates one node; what prevents it is told as the reason for which it has no result.</summary>
    /// <param name="ordinal">Which node.</param>
    /// <param name="failed">Told of what prevents it.</param>
    public NodeRow SimulateRow(long ordinal, Action<Exception> failed)
    {
        try
        {
            return new(ordinal, Simulate(ordinal), null);
        }
#pragma warning disable CA1031 // Told as the reason for which this node has no result.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failed(exception);
            return new(ordinal, null, NodeFailure.ReasonOf(exception));
        }
    }
}
