using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>
/// The sample behind one scope (a class or the fleet): strata whose sampling units are recordings. A recording may stand in several strata; its
/// deviations there are then added before they are squared, so that what the strata have in common is counted in full.
/// </summary>
internal sealed class ScopeSample
{
    /// <summary>Fewest recordings with which a variance is estimated: with two, t has one degree of freedom and the interval says nothing.</summary>
    public const int LeastRecordings = 3;

    // Of sums of weights that are equal but for rounding.
    private const double Rounding = 1e-6;

    private readonly IReadOnlyList<Stratum> _strata;

    // Each group's variance is estimated from its recordings together; of a stratum that is not collapsed with others, from its own.
    private readonly IReadOnlyList<IReadOnlyList<Stratum>> _groups;

    public ScopeSample(IReadOnlyList<Stratum> strata)
    {
        _strata = strata;
        _groups =
        [
            .. strata.Where(stratum => stratum.Collapse is null).Select(stratum => (IReadOnlyList<Stratum>)[stratum]),
            .. strata.Where(stratum => stratum.Collapse is not null).GroupBy(stratum => stratum.Collapse, StringComparer.Ordinal).Select(group => (IReadOnlyList<Stratum>)[.. group]),
        ];
        Recordings = strata.SelectMany(stratum => stratum.Recordings).Select(recording => recording.Recording).Distinct().Count();
        HasAllWrites = strata.Any(stratum => stratum.Recordings.Any(recording => recording.HasAllWrites));
        WhyNoFigure = strata.FirstOrDefault(stratum => stratum.Recordings.Count == 0) is { } empty ? $"no node of class {empty.Class} was simulated" : null;
        WhyNoInterval = _groups.FirstOrDefault(group => Units(group) < LeastRecordings - Rounding) is { } small ? WhyTooFew(small) : null;
    }

    /// <summary>Different recordings in the scope.</summary>
    public int Recordings { get; }

    /// <summary>Whether the two access assumptions can differ.</summary>
    public bool HasAllWrites { get; }

    /// <summary>Why no figure can be given, or null.</summary>
    public string? WhyNoFigure { get; }

    /// <summary>Why no interval can be given, or null.</summary>
    public string? WhyNoInterval { get; }

    /// <summary>The strata.</summary>
    public IReadOnlyList<Stratum> Strata => _strata;

    /// <summary>Whether a part of the frame is all there is: then recordings were not drawn from more.</summary>
    public bool IsCensus => _strata.All(stratum => stratum.SampledShare == 1);

    /// <summary>Whether the study gives a frame for some of it.</summary>
    public bool HasFrame => _strata.Any(stratum => stratum.SampledShare > 0);

    /// <summary>Nodes of the fleet in the scope.</summary>
    public long Nodes => _strata.Sum(stratum => stratum.FleetNodes);

    /// <summary>The total of a quantity over the nodes of the scope.</summary>
    public double Total(AccessAssumption accesses, int mechanism, NodeQuantity quantity)
    {
        var total = 0.0;
        foreach (var stratum in _strata)
            total += stratum.Total(accesses, mechanism, quantity);
        return total;
    }

    /// <summary>
    /// The variance of a figure over samples of recordings. Of a frame that was sampled in part, the variance between recordings counts only for the part that was not
    /// recorded, and what is within recordings in full (two-stage sampling, Cochran 1977, 10.4).
    /// </summary>
    public Spread RecordingSpread(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        Func<RecordingMeans, double> form = recording => recording.Form(statistic, accesses);
        var within = new List<Spread?>();
        foreach (var stratum in _strata.Where(stratum => stratum.SampledShare > 0))
            within.Add(stratum.SimulationSpread(statistic, accesses) is { } spread ? spread with { Variance = stratum.SampledShare * spread.Variance } : null);
        if (within.Count > 0)
            within.Add(PageSamplingSpread(statistic, accesses, stratum => Math.Sqrt(stratum.SampledShare)));

        if (within.Count == 0)
            return RecordingSpread(form, correctsForFrame: false);

        // Where what is within recordings is not known, leaving the correction out errs on the safe side.
        return within.Contains(null)
            ? RecordingSpread(form, correctsForFrame: false)
            : Spread.OfSum([RecordingSpread(form, correctsForFrame: true), .. within.OfType<Spread>()]);
    }

    /// <summary>
    /// The variance of a sum over recordings of anything, each recording's expanded by what it stands for. Strata that share recordings form one part, whose degrees of freedom
    /// are the fewest of its strata that vary at all; parts are independent, and their degrees of freedom are combined by Satterthwaite's formula.
    /// </summary>
    public Spread RecordingSpread(Func<RecordingMeans, double> form, bool correctsForFrame)
    {
        var parts = new List<Part>();
        foreach (var group in _groups)
        {
            var part = new Part();
            var varies = false;
            foreach (var (recording, influence) in Influences(group, form, correctsForFrame))
            {
                varies |= influence != 0;
                part.Influences[recording] = part.Influences.GetValueOrDefault(recording) + influence;
            }

            part.DegreesOfFreedom = varies ? Units(group) - 1 : int.MaxValue;
            foreach (var overlapping in parts.Where(part.SharesRecordings).ToList())
            {
                part.TakeIn(overlapping);
                parts.Remove(overlapping);
            }

            parts.Add(part);
        }

        return Spread.OfSum([.. parts.Select(part => part.Spread)]);
    }

    /// <summary>The variance of a figure over choices of nodes for the same recordings; null where some stratum's cannot be estimated.</summary>
    public Spread? SimulationSpread(LinearisedStatistic statistic, AccessAssumption accesses)
    {
        var parts = _strata.Select(stratum => stratum.SimulationSpread(statistic, accesses)).ToList();
        return parts.Exists(part => part is null) ? null : Spread.OfSum([.. parts.Select(part => part!.Value)]);
    }

    /// <summary>The variance that page sampling brings to a figure; null where a sampled recording has no halves.</summary>
    public Spread? PageSamplingSpread(LinearisedStatistic statistic, AccessAssumption accesses) => PageSamplingSpread(statistic, accesses, _ => 1);

    /// <summary>
    /// From random halves: for each sampled recording the figure is made from one half of its blocks and from the other, in all strata at once, and half their difference
    /// squared estimates the variance. Recordings are sampled independently.
    /// </summary>
    private Spread? PageSamplingSpread(LinearisedStatistic statistic, AccessAssumption accesses, Func<Stratum, double> scale)
    {
        var sampled = _strata
            .SelectMany(stratum => stratum.Recordings.Select((recording, index) => (Expansion: scale(stratum) * stratum.ExpansionOf(index), Recording: recording)))
            .Where(entry => entry.Recording.SamplingFraction < 1)
            .GroupBy(entry => entry.Recording.Recording)
            .OrderBy(group => group.Key)
            .ToList();
        if (sampled.Count == 0)
            return new Spread(0, int.MaxValue);
        if (sampled.Exists(recording => recording.Any(entry => entry.Recording.Halves.Count == 0)))
            return null;
        return Spread.OfSum([.. sampled.Select(recording => OfOneRecording([.. recording]))]);

        Spread OfOneRecording(IReadOnlyList<(double Expansion, RecordingMeans Recording)> entries)
        {
            var splits = entries[0].Recording.Halves.Count / 2;
            var squares = 0.0;
            for (var split = 0; split < splits; split++)
            {
                var difference = 0.0;
                foreach (var (expansion, recording) in entries)
                    difference += expansion * (recording.Halves[2 * split].Form(statistic, accesses) - recording.Halves[(2 * split) + 1].Form(statistic, accesses));
                squares += difference * difference / 4;
            }

            return new Spread((1 - entries[0].Recording.SamplingFraction) * squares / splits, splits);
        }
    }

    /// <summary>
    /// What each recording of a group adds to the deviation of the group's total from what it estimates, made larger by what its deviation cannot show because the mean is made of it: the squares
    /// then have the variance of the total as their expectation, N² s² / R with equal weights. Collapsed strata deviate from the plain mean of all their recordings, so that none decides
    /// what it deviates from; where their means differ they show more variance than they have, never less (Cochran 1977, 5A.12).
    /// </summary>
    private static IEnumerable<(int Recording, double Influence)> Influences(IReadOnlyList<Stratum> group, Func<RecordingMeans, double> form, bool correctsForFrame)
    {
        var units = group.Sum(stratum => stratum.Recordings.Count);
        var mean = group.Count == 1 ? group[0].MeanOf(form) : PlainMean([.. group.SelectMany(stratum => stratum.Recordings).Select(form)]);
        foreach (var stratum in group)
        {
            var unsampled = correctsForFrame ? Math.Sqrt(1 - stratum.SampledShare) : 1;
            for (var index = 0; index < stratum.Recordings.Count; index++)
            {
                var shown = group.Count == 1 ? stratum.ShownVariance(index) : (units - 1.0) / units;
                yield return (stratum.Recordings[index].Recording, unsampled * stratum.ExpansionOf(index) * (form(stratum.Recordings[index]) - mean) / Math.Sqrt(shown));
            }
        }
    }

    /// <summary>Recordings of a group, as far as they count by their weights.</summary>
    private static double Units(IReadOnlyList<Stratum> group) => group.Sum(stratum => stratum.EffectiveRecordings);

    // Exactly the common value where all agree.
    private static double PlainMean(double[] values) => values[0] + (values.Sum(value => value - values[0]) / values.Length);

    private string WhyTooFew(IReadOnlyList<Stratum> group)
    {
        var recordings = group.Sum(stratum => stratum.Recordings.Count);
        var counted = $"{recordings} recording{(recordings == 1 ? "" : "s")}"
            + (recordings < LeastRecordings ? "" : $", which by their weights say as much as {Units(group).ToString("0.0", CultureInfo.InvariantCulture)}");
        if (group[0].Collapse is not { } name)
            return $"class {group[0].Class} has {counted}; an interval needs at least {LeastRecordings}";
        return _strata.Count == 1
            ? $"class {group[0].Class} has {counted}, and its variance is only known together with that of the other classes collapsed as {name}"
            : $"the classes collapsed as {name} have {counted}; an interval needs at least {LeastRecordings}";
    }

    /// <summary>Groups of strata that share recordings, directly or through others.</summary>
    private sealed class Part
    {
        public SortedDictionary<int, double> Influences { get; } = [];

        public double DegreesOfFreedom { get; set; }

        public Spread Spread
        {
            get
            {
                var (squares, cubes) = (0.0, 0.0);
                foreach (var influence in Influences.Values)
                {
                    squares += influence * influence;
                    cubes += influence * influence * influence;
                }

                return new Spread(squares, DegreesOfFreedom == int.MaxValue ? Influences.Count - 1 : DegreesOfFreedom, squares > 0 ? cubes / Math.Pow(squares, 1.5) : 0);
            }
        }

        public bool SharesRecordings(Part other) => other.Influences.Keys.Any(Influences.ContainsKey);

        public void TakeIn(Part other)
        {
            foreach (var (recording, influence) in other.Influences)
                Influences[recording] = Influences.GetValueOrDefault(recording) + influence;
            DegreesOfFreedom = Math.Min(DegreesOfFreedom, other.DegreesOfFreedom);
        }
    }
}
