using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Tests.Grains;

/// <summary>A folder of recordings for a test, and studies of one class over them.</summary>
internal sealed class RecordedFolder : IDisposable
{
    public const int PageBytes = 4096;
    public const ulong Second = 1_000_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;
    private readonly WorkloadCache _workloads = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public void Record(string name, IEnumerable<TraceRow> rows, double samplingFraction = 1)
    {
        using var writer = TraceWriter.Create(Path.Combine(_folder, name + ".arrow"), new TraceHeader
        {
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = "test",
            KernelRelease = "test",
            Node = name,
            MemoryBytes = 1L << 30,
            SwapBytes = 0,
            AccessSource = "exact",
            SamplingFraction = samplingFraction,
        });
        foreach (var row in rows)
            writer.Append(row);
        writer.Complete();
    }

    /// <summary>A row of process 1.</summary>
    public static TraceRow Row(double seconds, OperationKind kind, int page, int pages, PageContent content = PageContent.Unknown, ushort compressedBytes = 0) =>
        new((ulong)(seconds * Second), new Operation(kind, 1, (ulong)page, (uint)pages, content, compressedBytes));

    /// <summary>A study, by its class lines and what else it says.</summary>
    public StudyPlan Plan(IReadOnlyList<string> classes, string study = "", string mechanisms = "linux-6.12, linux-6.12+zero-pfn-swapin") => StudyPlan.Make(
        StudyReader.Read(
            $$"""
            study: what-if
            seed: 7
            mechanisms: [{{mechanisms}}]
            warm_up: 0%
            {{study}}
            classes:
            {{string.Join('\n', classes.Select(@class => $"  - {{memory: 32 MiB, recordings: [\"*.arrow\"], {@class}}}"))}}
            """,
            "what-if.yaml"),
        _folder);

    /// <summary>The first recording as node 0 of a class has it.</summary>
    public Workload Workload(StudyPlan plan) => _workloads.Get(plan.Recordings[0], WhatIf.Of(plan.Study.Classes[0]));

    /// <summary>Node 0 of a study with one class.</summary>
    public NodeResult Simulate(string @class, string study = "", string mechanisms = "linux-6.12, linux-6.12+zero-pfn-swapin") =>
        Study(Plan([$"name: web, nodes: 1, {@class}"], study, mechanisms)).Simulate(0);

    public LoadedStudy Study(StudyPlan plan) => new(plan, _workloads);
}
