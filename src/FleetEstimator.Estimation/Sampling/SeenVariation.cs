namespace FleetEstimator.Estimation;

/// <summary>A figure of one recording: what a node that it stands for contributes.</summary>
/// <param name="Class">Class of the node.</param>
/// <param name="Numerator">The figure, or the numerator of a share.</param>
/// <param name="Denominator">The denominator of a share; null for a total.</param>
public sealed record RecordedFigure(string Class, double Numerator, double? Denominator = null);

/// <summary>What is known of the variation between recordings before a sample is planned.</summary>
public static class SeenVariation
{
    /// <summary>
    /// Mean and deviation of each class from recordings. Of a share they are those of its linearisation: with R the share in the fleet, z − R x has the
    /// deviation, and z the mean (Cochran 1977, 6.3 and 6.11), so that a precision of the total of z is one of the share.
    /// </summary>
    /// <param name="frame">Classes and their nodes.</param>
    /// <param name="figures">What was recorded; figures of other classes are left out.</param>
    /// <param name="assumedVariation">Deviation by mean where nothing was seen at all.</param>
    public static IReadOnlyList<PlannedClass> Of(IReadOnlyList<(string Class, long Nodes)> frame, IReadOnlyList<RecordedFigure> figures, double assumedVariation)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(figures);
        var byClass = figures.ToLookup(figure => figure.Class, StringComparer.Ordinal);
        var seen = frame.Where(planned => byClass.Contains(planned.Class)).ToList();
        var denominator = seen.Sum(planned => planned.Nodes * byClass[planned.Class].Average(figure => figure.Denominator ?? 0));
        var share = denominator == 0 ? 0 : seen.Sum(planned => planned.Nodes * byClass[planned.Class].Average(figure => figure.Numerator)) / denominator;
        return WithAssumptions(
            [.. frame.Select(planned =>
            {
                var values = byClass[planned.Class].ToList();
                return new PlannedClass(
                    planned.Class, planned.Nodes, values.Count > 0 ? values.Average(figure => figure.Numerator) : 0,
                    DeviationOf(values.ConvertAll(figure => figure.Numerator - (share * (figure.Denominator ?? 0)))))
                {
                    SeenRecordings = values.Count,
                };
            })],
            assumedVariation);
    }

    /// <summary>Mean and deviation of a class from the interval that a study gave for its total, see <see cref="Stratum"/>: half its width is t N s / √R.</summary>
    /// <param name="name">Name of the class.</param>
    /// <param name="studyNodes">Nodes it had in that study.</param>
    /// <param name="frameNodes">Nodes it has now.</param>
    /// <param name="estimate">The class's total.</param>
    /// <param name="halfWidth">Half the width of its interval; null if it had none.</param>
    /// <param name="level">Level of the interval.</param>
    /// <param name="recordings">Recordings behind it.</param>
    public static PlannedClass OfInterval(string name, long studyNodes, long frameNodes, double estimate, double? halfWidth, double level, int recordings) =>
        halfWidth is { } half && recordings > 1
            ? new(name, frameNodes, estimate / studyNodes, half * Math.Sqrt(recordings) / (StudentQuantile.TwoSided(level, recordings - 1) * studyNodes)) { SeenRecordings = recordings }
            : new(name, frameNodes, estimate / studyNodes, 0) { SeenRecordings = Math.Min(recordings, 1) };

    /// <summary>
    /// Fills in what was not seen: a class without recordings has the mean of the others, and one with fewer than two the largest variation (deviation by
    /// mean) of any that has more; where there is none, <paramref name="assumedVariation"/>.
    /// </summary>
    public static IReadOnlyList<PlannedClass> WithAssumptions(IReadOnlyList<PlannedClass> classes, double assumedVariation)
    {
        ArgumentNullException.ThrowIfNull(classes);
        var withMean = classes.Where(planned => planned.SeenRecordings > 0).ToList();
        var mean = withMean.Count == 0 ? 1 : withMean.Sum(planned => planned.Nodes * planned.Mean) / withMean.Sum(planned => (double)planned.Nodes);
        var variation = classes.Where(planned => planned.SeenRecordings > 1 && planned.Mean != 0)
            .Select(planned => (double?)Math.Abs(planned.StandardDeviation / planned.Mean)).Max() ?? assumedVariation;
        return
        [
            .. classes.Select(planned => planned.SeenRecordings > 0 ? planned : planned with { Mean = mean })
                .Select(planned => planned.SeenRecordings > 1 ? planned : planned with { StandardDeviation = Math.Abs(variation * planned.Mean) }),
        ];
    }

    private static double DeviationOf(List<double> values)
    {
        if (values.Count < 2)
            return 0;
        var mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
