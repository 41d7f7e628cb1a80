using System.Security.Cryptography;
using System.Text;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Reports;

namespace FleetEstimator.ClusterTests;

/// <summary>What a study leaves, to be compared byte by byte.</summary>
internal static class StudyReports
{
    /// <summary>report.json, and the digest of nodes.parquet.</summary>
    public static async Task<(string Json, string NodesDigest)> Of(StudyPlan plan, StudyOutcome outcome)
    {
        var result = StudyResults.Make(plan, outcome, new WorkloadCache(), []);
        using var json = new MemoryStream();
        ReportJson.Write(result, json);
        using var nodes = new MemoryStream();
        await NodesParquet.WriteAsync(plan.Study, result.Recordings, outcome.Nodes, nodes, CancellationToken.None);
        return (Encoding.UTF8.GetString(json.ToArray()), Convert.ToHexStringLower(SHA256.HashData(nodes.ToArray())));
    }
}

/// <summary>Progress that nobody watches.</summary>
internal sealed class Silent : IProgress<StudyProgress>
{
    public static Silent Progress { get; } = new();

    public void Report(StudyProgress value)
    {
    }
}
