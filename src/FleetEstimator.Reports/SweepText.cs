using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>A figure at one point of a sweep, and by how much it differs from the study's own.</summary>
/// <param name="Title">What it is.</param>
/// <param name="Figure">The figure.</param>
/// <param name="Range">Its interval, or null.</param>
/// <param name="Change">The difference from the study.</param>
/// <param name="ChangeRange">Its interval, or null.</param>
/// <param name="Remark">Why there is no figure or no interval, or what a reader must know; or null.</param>
internal sealed record SweepRow(string Title, string Figure, string? Range, string Change, string? ChangeRange, string? Remark);

/// <summary>Points of a sweep, as every report says them.</summary>
internal static class SweepText
{
    // What a reader looks for first; the rest stands in report.json.
    private static readonly string[] s_metrics = ["memory_mean", "major_faults", "smallest_limit"];

    /// <summary>The level under the baseline and what each mechanism saves, of memory and major faults.</summary>
    public static IEnumerable<SweepRow> Rows(Findings findings, SweepResult point, Typography typography)
    {
        foreach (var wording in s_metrics.Select(MetricWording.Of))
        {
            foreach (var estimate in point.Estimates.Where(estimate => estimate.Metric == wording.Metric))
            {
                if (estimate.Against is not null)
                    yield return Row($"{wording.Title} {wording.Verb} by {findings.ShortName(estimate.Mechanism)}", estimate, negate: true, typography);
                else if (estimate.Mechanism == findings.Result.Baseline)
                    yield return Row($"{wording.Title} under {estimate.Mechanism}", estimate, negate: false, typography);
            }
        }
    }

    private static SweepRow Row(string title, Estimate estimate, bool negate, Typography typography)
    {
        var (figure, change) = (new Interval(estimate.Value, estimate.Low, estimate.High), estimate.Change!);
        if (negate)
            (figure, change) = (figure.Negated(), change.Negated());
        var text = FigureFormat.Text(figure, estimate.Unit, typography);
        var format = FigureFormat.For(change, estimate.Unit, typography);
        return new SweepRow(title, text.Value, text.Range, format.Extra(change.Value), format.Range(change), estimate.Reason ?? estimate.Note);
    }
}
