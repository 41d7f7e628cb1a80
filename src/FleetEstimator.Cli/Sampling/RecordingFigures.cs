using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli.Sampling;

/// <summary>What recordings say of themselves, replayed as linux-6.12 with all the memory they want: enough to see how much they differ.</summary>
internal static class RecordingFigures
{
    /// <summary>Metrics that need no study.</summary>
    public static readonly IReadOnlyList<string> Metrics = ["zero_filled_share/resident_pages", "rss_mean"];

    private const long UnlimitedPages = long.MaxValue / 4;
    private const ulong LastTime = 1UL << 60;

    /// <summary>One figure per recording that has a class.</summary>
    /// <param name="recordings">The recordings.</param>
    /// <param name="metric">One of <see cref="Metrics"/>.</param>
    /// <param name="skipped">Is told of each recording without a class.</param>
    public static IReadOnlyList<RecordedFigure> Of(IReadOnlyList<Recording> recordings, string metric, Action<Recording> skipped)
    {
        var figures = new List<RecordedFigure>();
        foreach (var recording in recordings)
        {
            if (recording.Files[0].Header.Labels.GetValueOrDefault(CatalogueEntry.ClassLabel) is not { } @class)
            {
                skipped(recording);
                continue;
            }

            // Files of one node weigh by their time; snapshots, which have none, alike.
            var (zero, resident, weight) = (0.0, 0.0, 0.0);
            foreach (var file in recording.Files)
            {
                var (fileZero, fileResident, microseconds) = Replay(file.Load(LocalTraces.Instance));
                var fileWeight = Math.Max(1, microseconds);
                (zero, resident, weight) = (zero + (fileWeight * fileZero), resident + (fileWeight * fileResident), weight + fileWeight);
            }

            figures.Add(metric == "rss_mean" ? new(@class, resident / weight) : new(@class, zero / weight, resident / weight));
        }

        return figures;
    }

    private static (double ZeroBytes, double ResidentBytes, double Microseconds) Replay(Trace trace)
    {
        var pageBytes = trace.Header.PageSize;
        var simulator = new Simulator([new Simulator.Lane(Mechanism.Linux612)],
            new NodeSettings { PageBytes = pageBytes, SwapDevice = SwapDevice.Zram, SwapPages = UnlimitedPages });
        for (var row = 0; row < trace.RowCount; row++)
        {
            simulator.AdvanceTo((long)Math.Min(trace.Times[row], LastTime));
            simulator.Apply(trace[row]);
        }

        var (usage, state) = (simulator.Usage(0), simulator.State(0));
        return usage.Microseconds > 0
            ? (usage.ZeroFilledMeanBytes, usage.RssMeanBytes, usage.Microseconds)
            : ((double)state.ZeroFilledFrames * pageBytes, (double)state.MappedFrames * pageBytes, 0);
    }
}
