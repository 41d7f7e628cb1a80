namespace FleetEstimator.Estimation;

/// <summary>
/// What the sampling error of a figure is made of, as standard errors in the figure's unit: squares add up. The sample has two stages, recordings among nodes and pages within
/// a recording (Cochran 1977, chapter 10), and simulated nodes begin at random times. All of it shows in how recordings differ, and so is in the interval; the parts are
/// reported to tell what would reduce it. Of two access assumptions, each the greater.
/// </summary>
/// <param name="BetweenRecordings">
/// What recorded nodes differ by themselves: the spread of recordings less the other two, 0 where these alone explain it. Only more recordings reduce it.
/// Null where there are too few recordings to tell, or another component is not known.
/// </param>
/// <param name="Simulation">What simulated nodes with one recording differ by. More nodes reduce it. Null where it cannot be told.</param>
/// <param name="PageSampling">What it adds that recordings hold a sample of their node's pages; 0 where all hold every page. A larger share of pages reduces it.</param>
public sealed record ErrorComponents(double? BetweenRecordings, double? Simulation, double? PageSampling)
{
    /// <summary>Fewer sampled blocks in a recording than this make <see cref="PageSampling"/> rough.</summary>
    public const int FewBlocks = 30;

    internal static ErrorComponents Of(Spread? recordings, Spread? simulation, Spread? pageSampling) => new(
        recordings is { } all && simulation is { } nodes && pageSampling is { } pages ? Math.Sqrt(Math.Max(0, all.Variance - nodes.Variance - pages.Variance)) : null,
        Root(simulation),
        Root(pageSampling));

    internal static ErrorComponents? Greater(ErrorComponents? one, ErrorComponents? other) => one is null || other is null ? null : new(
        Greater(one.BetweenRecordings, other.BetweenRecordings), Greater(one.Simulation, other.Simulation), Greater(one.PageSampling, other.PageSampling));

    private static double? Greater(double? one, double? other) => one is { } first && other is { } second ? Math.Max(first, second) : null;

    private static double? Root(Spread? spread) => spread is { } known ? Math.Sqrt(known.Variance) : null;
}
