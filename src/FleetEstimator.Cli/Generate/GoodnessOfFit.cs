using System.Text.Json.Serialization;
using FleetEstimator.Reports.Charts;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Synthesis;

namespace FleetEstimator.Cli;

/// <summary>A trace beside one generated from its model: the figures that <c>inspect</c> shows, without and under a memory limit.</summary>
internal sealed record GoodnessOfFit
{
    /// <summary>Seed of the generated trace.</summary>
    [JsonPropertyName("seed")]
    public required ulong Seed { get; init; }

    /// <summary>The limit in bytes.</summary>
    [JsonPropertyName("limit_bytes")]
    public required long LimitBytes { get; init; }

    /// <summary>Replayed without a limit; a is the trace, b the generated one.</summary>
    [JsonPropertyName("unlimited")]
    public required IReadOnlyList<FigureDifference> Unlimited { get; init; }

    /// <summary>Replayed under the limit.</summary>
    [JsonPropertyName("limited")]
    public required IReadOnlyList<FigureDifference> Limited { get; init; }

    /// <summary>Generates a trace, in a file that is removed again, and compares.</summary>
    public static GoodnessOfFit Of(Trace original, WorkloadModel model, ulong seed, ReplayLimit limit)
    {
        var folder = Directory.CreateTempSubdirectory("fleet-estimator-fit-");
        try
        {
            var path = Path.Combine(folder.FullName, "generated.arrow");
            GenerateCommand.Write(model, seed, model.Steps, scale: 1, path);
            var generated = Trace.Load(path);
            var pages = limit.PagesFor(original);
            return new()
            {
                Seed = seed,
                LimitBytes = pages * original.Header.PageSize,
                Unlimited = InspectionFigures.Compare(TraceInspection.Of(original), TraceInspection.Of(generated)),
                Limited = InspectionFigures.Compare(TraceInspection.Of(original, pages), TraceInspection.Of(generated, pages)),
            };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Writes both side by side.</summary>
    public void Write(TextWriter writer, int width)
    {
        // What a limit changes; the rest stays as without.
        HashSet<string> changed =
        [
            "resident, mean over time", "zero-filled, of resident pages over time", "zero-filled, of pages swapped out", "zero-filled, of pages swapped in",
            "pages swapped out", "pages swapped in", "came back by a store, of zero-filled pages", "came back by a store, of other pages",
        ];
        ChartPageText.Write(
            new()
            {
                Title = "The trace, and one generated from its model",
                Kind = "fit",
                Facts = [("Seed", $"{Seed}"), ("Limit", Measures.Text(LimitBytes, Measure.Bytes))],
                Charts = [],
                Tables =
                [
                    ("Without a limit", Table(Unlimited.Where(figure => figure.Unit != "pages" || figure.Figure.EndsWith("pages", StringComparison.Ordinal)))),
                    ("Under the limit, as linux-6.12 on zram", Table(Limited.Where(figure => changed.Contains(figure.Figure)))),
                ],
            },
            writer,
            width);
    }

    private static ChartTable Table(IEnumerable<FigureDifference> figures) =>
        new(["figure", "trace", "generated", "difference"], [.. figures.Where(figure => figure.A != null || figure.B != null).Select(DiffPage.Row)]);
}
