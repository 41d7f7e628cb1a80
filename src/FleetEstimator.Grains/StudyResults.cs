using System.Security.Cryptography;
using System.Text;
using FleetEstimator.Estimation;
using FleetEstimator.Grains.Backtests;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains;

/// <summary>Makes what reports are written from: the estimates of a study together with what they rest on.</summary>
public static class StudyResults
{
    /// <summary>How the model does on the recordings of a study that have counters beside them; one entry for each file, in order.</summary>
    /// <param name="plan">The study.</param>
    /// <param name="traces">Where its recordings lie.</param>
    /// <param name="cancellation">Gives up between files.</param>
    /// <exception cref="TraceException">A counters file cannot be used.</exception>
    public static async Task<IReadOnlyList<RecordingBacktest>> Backtest(StudyPlan plan, ITraceSource traces, CancellationToken cancellation)
    {
        var files = plan.Recordings.SelectMany(recording => recording.Files).ToList();
        var results = new RecordingBacktest[files.Count];
        await Parallel.ForAsync(0, files.Count, cancellation, (index, _) =>
        {
            results[index] = NodeBacktest.Run(files[index], traces);
            return ValueTask.CompletedTask;
        });
        return results;
    }

    /// <summary>The same on the threads of a silo, among the nodes that it simulates.</summary>
    /// <exception cref="TraceException">A counters file cannot be used.</exception>
    public static async Task<IReadOnlyList<RecordingBacktest>> Backtest(StudyPlan plan, ITraceSource traces, SimulationThreads threads) =>
        await Task.WhenAll(plan.Recordings.SelectMany(recording => recording.Files).Select(file => threads.Run(() => NodeBacktest.Run(file, traces))));

    /// <summary>The result of a study.</summary>
    public static StudyResult Make(StudyPlan plan, StudyOutcome outcome, WorkloadCache workloads, IReadOnlyList<RecordingBacktest> backtests) =>
        TraceEvidence.Limit(plan, StudyConclusion.Conclude(
            plan.Study,
            [.. plan.Recordings.Select((recording, index) => Summary(plan, index, workloads.Get(recording)))],
            outcome.Parts[0].Sums,
            [.. outcome.Parts[0].Failed.Select(failure => Failed(plan, failure))],
            [.. outcome.Parts.Skip(1).Select(point => (point.Sums, (IReadOnlyList<string>)[.. point.Failed.Select(failure => failure.Reason)]))],
            plan.Weights)) with
        {
            Backtest = backtests,
        };

    private static RecordingSummary Summary(StudyPlan plan, int index, Workload workload)
    {
        var recording = plan.Recordings[index];
        var header = recording.Files[0].Header;
        return new RecordingSummary
        {
            Node = recording.Node,
            Digest = Digest(recording),
            KernelRelease = header.KernelRelease,
            AccessSource = header.AccessSource,
            Capability = Capabilities.NameOf(recording.Files.Min(file => file.Header.Capability)),
            HasUnknownAccesses = workload.HasUnknownAccesses,
            Codec = header.Codec,
            SamplingFraction = workload.Share.Value,
            SampledBlocks = workload.Share.IsWhole ? null : workload.CountBlocks(),
            DurationMicroseconds = workload.DurationMicroseconds,
            PeakResidentBytes = workload.PeakResidentFrames * header.PageSize,
            Rows = recording.Files.Sum(file => (long)file.RowCount),
            Classes = [.. plan.Study.Classes.Where((_, @class) => plan.ClassRecordings[@class].Contains(index)).Select(@class => @class.Name)],
            Weights = [.. WeightsOf(plan, index)],
        };
    }

    private static IEnumerable<double> WeightsOf(StudyPlan plan, int recording)
    {
        for (var @class = 0; @class < plan.ClassRecordings.Count; @class++)
        {
            for (var index = 0; index < plan.ClassRecordings[@class].Count; index++)
            {
                if (plan.ClassRecordings[@class][index] == recording)
                    yield return plan.ClassWeights[@class][index];
            }
        }
    }

    // A recording of one file has the digest that sha256sum prints for it.
    private static string Digest(Recording recording) => recording.Files.Count == 1
        ? recording.Files[0].Digest
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', recording.Files.Select(file => file.Digest)))));

    private static FailedNode Failed(StudyPlan plan, NodeFailure failure)
    {
        var (@class, node, recording) = plan.Locate(failure.Ordinal);
        return new FailedNode(plan.Study.Classes[@class].Name, node, plan.Recordings[recording].Node, failure.Reason);
    }
}
