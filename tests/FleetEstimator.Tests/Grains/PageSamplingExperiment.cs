using System.Globalization;
using System.Text;
using FleetEstimator.Estimation;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Traces;

namespace FleetEstimator.Tests.Grains;

/// <summary>
/// What happens to the figures of a node if only a share of its recording's blocks had been recorded: the whole recording is sampled many times, each sample is replayed at
/// its scale, and the spread of the figures is held against the standard errors that the samples give themselves.
/// </summary>
internal sealed class PageSamplingExperiment(string recording, string @class, int draws)
{
    private readonly Workload _whole = Load(recording);
    private readonly StudyDefinition _study = StudyReader.Read(
        $$"""
        study: page-sampling
        mechanisms: [linux-6.12, linux-6.12+zero-pfn-swapin]
        classes:
          - {name: node, nodes: 1, memory: 8 GiB, instances: 1, start: beginning, recordings: ["*"], {{@class}}}
        """,
        "page-sampling.yaml");

    /// <summary>The figures that are looked at, under the baseline; or what the other mechanism changes.</summary>
    public static IReadOnlyList<(string Name, Func<NodeResult, double> Of)> Figures { get; } =
    [
        ("RSS, mean", node => node.Lanes[0].RssMeanBytes),
        ("memory, mean", node => node.Lanes[0].MemoryMeanBytes),
        ("pages written", node => node.Lanes[0].Counters.SwapOuts),
        ("pages read", node => node.Lanes[0].Counters.SwapIns),
        ("zeros swapped out", node => node.Lanes[0].Counters.ZeroSwapOuts),
        ("zeros swapped in", node => node.Lanes[0].Counters.ZeroSwapIns),
        ("major faults", node => node.Lanes[0].Counters.MajorFaults),
        ("memory saved", node => node.Lanes[0].MemoryMeanBytes - node.Lanes[1].MemoryMeanBytes),
    ];

    public string Recording => recording;

    /// <summary>Figures over all samples at a share of the blocks; which one a sample is follows from its number.</summary>
    public IReadOnlyList<Outcome> Run(double share)
    {
        var whole = Simulate(_whole);
        var samples = Enumerable.Range(0, draws).AsParallel().AsOrdered().Select(draw =>
        {
            var sample = _whole.Sampled(share, (ulong)draw);
            return (Sample: Simulate(sample), Halves: NodeSimulation.RunHalves(_study, 0, 0, 0, sample));
        }).ToList();
        return [.. Figures.Select(figure => new Outcome(
            figure.Name,
            share,
            figure.Of(whole),
            [.. samples.Select(sample => figure.Of(sample.Sample))],
            [.. samples.Select(sample => VarianceFromHalves([.. sample.Halves.Select(figure.Of)], share))]))];
    }

    /// <summary>As <c>ScopeSample.PageSamplingSpread</c> has it, for one recording and figure.</summary>
    private static double VarianceFromHalves(IReadOnlyList<double> figures, double share) =>
        (1 - share) * figures.Chunk(2).Average(halves => (halves[0] - halves[1]) * (halves[0] - halves[1]) / 4);

    private NodeResult Simulate(Workload workload) => NodeSimulation.Run(_study, 0, 0, 0, workload);

    private static Workload Load(string recording)
    {
        var set = RecordingSet.Find(DatasetsFolder(), [recording]);
        return new WorkloadCache().Get(set.Recordings[0]);
    }

    private static string DatasetsFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FleetEstimator.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run outside the repository: there is no FleetEstimator.sln above them.");
        return Path.Combine(folder.FullName, "datasets", "recordings");
    }

    /// <summary>One figure at one share of the blocks.</summary>
    internal sealed record Outcome(string Figure, double Share, double Whole, IReadOnlyList<double> Samples, IReadOnlyList<double> Variances)
    {
        public double Mean => Samples.Average();

        /// <summary>Standard deviation over samples: the true standard error of page sampling.</summary>
        public double Deviation => Math.Sqrt(Samples.Sum(sample => (sample - Mean) * (sample - Mean)) / (Samples.Count - 1));

        /// <summary>Standard error that the samples give themselves, from the mean of their variances.</summary>
        public double StandardError => Math.Sqrt(Variances.Average());

        /// <summary>Standard error of <see cref="Mean"/>.</summary>
        public double DeviationOfMean => Deviation / Math.Sqrt(Samples.Count);

        public override string ToString()
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"| {Figure} | {Share:0.####} | {Whole:0} | {Mean / Whole:0.000} ± {DeviationOfMean / Whole:0.000} | {Deviation / Whole:0.000} | {StandardError / Whole:0.000} | {StandardError / Deviation:0.00} |");
            return text.ToString();
        }
    }
}
