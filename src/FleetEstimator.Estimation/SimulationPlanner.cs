namespace FleetEstimator.Estimation;

/// <summary>
/// Decides how many nodes of each class to simulate until the simulation's own part of the uncertainty is as narrow as a study asks. A first round tells how much nodes
/// with one recording differ; from it each further round is allocated to the classes as Neyman (1934) does, by what their nodes add to the variance. A class that
/// gets more nodes gets at least half as many again: there are few looks at the intermediate result, so that stopping when it looks good costs no coverage worth mentioning (tests
/// measure it). Nothing random: the same study gives the same rounds everywhere.
/// </summary>
public static class SimulationPlanner
{
    // Four random groups of each recording's nodes tell their variance: with this many, next to none of the groups is empty.
    private const int FirstNodesPerRecording = 8;
    private const int FirstNodesPerClass = 32;
    private const double LeastGrowth = 1.5;

    // More recordings than this are no plan.
    private const int MostRecordings = 1_000_000;

    /// <summary>The nodes of the first round; of a study without a target, all.</summary>
    /// <param name="study">The study.</param>
    /// <param name="recordingsOfClass">Recordings of each class, which take turns over its nodes.</param>
    public static NodeAllocation First(StudyDefinition study, IReadOnlyList<int> recordingsOfClass) => study.Simulation is null
        ? NodeAllocation.All(study)
        : new([.. study.Classes.Select((@class, index) =>
            Math.Min(@class.Nodes, Whole(Math.Max(FirstNodesPerClass, FirstNodesPerRecording * recordingsOfClass[index]), recordingsOfClass[index])))]);

    /// <summary>The nodes of the next round, those of the rounds before among them; null if none is needed, or none is left.</summary>
    /// <param name="study">The study.</param>
    /// <param name="allocated">The nodes of the rounds so far.</param>
    /// <param name="nodes">Their results.</param>
    /// <param name="weights">What recordings count for; null = alike.</param>
    public static NodeAllocation? Next(StudyDefinition study, NodeAllocation allocated, FleetAccumulator nodes, SelectionWeights? weights = null)
    {
        if (study.Simulation is null || allocated.Nodes == study.Nodes)
            return null;
        var sample = new ScopeSample(Strata.Of(study, nodes, weights ?? SelectionWeights.Equal));
        if (sample.WhyNoFigure is not null)
            return null;
        var wanted = allocated.NodesOfClass.ToArray();
        foreach (var figure in Figures(study, sample).Where(figure => figure is { IsReached: false, Achieved: not null }))
        {
            var needed = Neyman(figure, sample, allocated.NodesOfClass);
            for (var @class = 0; @class < wanted.Length; @class++)
                wanted[@class] = Math.Max(wanted[@class], needed[@class]);
        }

        return Grown(study, allocated, wanted, [.. sample.Strata.Select(stratum => stratum.Recordings.Count)]);
    }

    /// <summary>How narrow simulation has made the figures that the study asks for, of the whole fleet.</summary>
    internal static SimulationOutcome? Outcome(StudyDefinition study, FleetAccumulator nodes, SelectionWeights weights)
    {
        if (study.Simulation is not { } target)
            return null;
        var sample = new ScopeSample(Strata.Of(study, nodes, weights));
        return new SimulationOutcome
        {
            HalfWidth = target.HalfWidth,
            Figures = sample.WhyNoFigure is not null ? [] : [.. Figures(study, sample)
                .GroupBy(figure => (figure.Metric, figure.Mechanism))
                .Select(group => new SimulationPrecision(
                    group.Key.Metric.Name,
                    study.Mechanisms[group.Key.Mechanism],
                    group.Max(figure => figure.Achieved),
                    group.All(figure => figure.IsReached),
                    group.First().LeftOut,
                    sample.Recordings,
                    sample.WhyNoInterval is not null || group.Any(figure => figure.RecordingsForWhole is null) ? null : group.Max(figure => figure.RecordingsForWhole)))],
        };
    }

    private static IEnumerable<Figure> Figures(StudyDefinition study, ScopeSample sample)
    {
        foreach (var metric in study.Simulation!.Metrics.Select(name => Metric.Find(name)!))
        {
            for (var mechanism = 0; mechanism < study.Mechanisms.Count; mechanism++)
            {
                foreach (var accesses in sample.HasAllWrites ? (AccessAssumption[])[AccessAssumption.AllReads, AccessAssumption.AllWrites] : [AccessAssumption.AllReads])
                {
                    // Of nothing, and of no level at all, there is no precision to reach.
                    if (LinearisedStatistic.Level(metric, mechanism, (lane, quantity) => sample.Total(accesses, lane, quantity)) is { Value: not 0 } statistic)
                        yield return new Figure(study, sample, metric, mechanism, statistic, accesses);
                }
            }
        }
    }

    /// <summary>
    /// The fewest nodes with which Σ K/n is the variance asked for: n ∝ √K, where class c adds K(c)/n(c). A class never has fewer nodes than it has already, nor more than
    /// the fleet has; where that binds, the others make up for it.
    /// </summary>
    private static long[] Neyman(Figure figure, ScopeSample sample, IReadOnlyList<long> allocated)
    {
        var classes = allocated.Count;
        var (fixedNodes, nodes) = (new long?[classes], new long[classes]);
        for (; ; )
        {
            var (variance, roots) = (figure.VarianceWanted, 0.0);
            for (var @class = 0; @class < classes; @class++)
            {
                if (fixedNodes[@class] is { } known)
                    variance -= figure.VarianceTimesNodes[@class] / known;
                else
                    roots += Math.Sqrt(figure.VarianceTimesNodes[@class]);
            }

            var bound = false;
            for (var @class = 0; @class < classes; @class++)
            {
                if (fixedNodes[@class] is { } known)
                {
                    nodes[@class] = known;
                    continue;
                }

                var most = sample.Strata[@class].FleetNodes;
                var wanted = variance > 0 ? Math.Ceiling(Math.Sqrt(figure.VarianceTimesNodes[@class]) * roots / variance) : most;
                nodes[@class] = (long)Math.Clamp(wanted, Math.Min(allocated[@class], most), most);
                if (nodes[@class] != wanted)
                    (fixedNodes[@class], bound) = (nodes[@class], true);
            }

            if (!bound)
                return nodes;
        }
    }

    private static NodeAllocation? Grown(StudyDefinition study, NodeAllocation allocated, long[] wanted, int[] recordings)
    {
        if (wanted.Sum() == allocated.Nodes)
            return null;
        return new([.. study.Classes.Select((@class, index) => wanted[index] == allocated.NodesOfClass[index]
            ? wanted[index]
            : Math.Min(@class.Nodes, Whole(Math.Max(wanted[index], (long)Math.Ceiling(LeastGrowth * allocated.NodesOfClass[index])), recordings[index])))]);
    }

    // Recordings take turns over the nodes of a class: in whole rounds each gets as many as the next.
    private static long Whole(long nodes, int recordings) => (nodes + recordings - 1) / recordings * recordings;

    /// <summary>A figure of the fleet that is to be known so well, and how well it is.</summary>
    private sealed class Figure
    {
        public Figure(StudyDefinition study, ScopeSample sample, Metric metric, int mechanism, LinearisedStatistic statistic, AccessAssumption accesses)
        {
            (Metric, Mechanism) = (metric, mechanism);
            var scale = metric.IsShare ? 1 : statistic.Value;
            var asked = study.Simulation!.HalfWidth * scale;
            VarianceTimesNodes = [.. sample.Strata.Select(stratum => OfOneNode(stratum, statistic, accesses))];
            var comparable = sample.Strata.Select(stratum => stratum.SimulationSpread(statistic, accesses)).OfType<Spread>().ToList();
            Spread? spread = comparable.Count == 0 ? null : Spread.OfSum(comparable);
            LeftOut = [.. sample.Strata.Where(stratum => stratum.SimulationSpread(statistic, accesses) is null).Select(stratum => stratum.Class)];
            Achieved = spread?.HalfWidth(study.Level) / scale;
            IsReached = Achieved <= study.Simulation.HalfWidth;
            var t = spread is { } known ? StudentQuantile.TwoSided(study.Level, known.DegreesOfFreedom) : 0;
            VarianceWanted = t > 0 ? asked * asked / (t * t) : 0;
            if (sample.WhyNoInterval is null && !sample.HasFrame)
            {
                var grounds = new IntervalGrounds(
                    statistic.Value, double.NegativeInfinity, double.PositiveInfinity, sample.RecordingSpread(statistic, accesses), spread, HasFrame: false);
                RecordingsForWhole = IntervalGrounds.FewestRecordings(
                    ScopeSample.LeastRecordings - 1,
                    MostRecordings,
                    recordings => grounds.WithRecordings((double)recordings / sample.Recordings).At(study.Level) is var interval && (interval.High - interval.Low) / 2 <= asked);
            }
        }

        public Metric Metric { get; }

        public int Mechanism { get; }

        /// <summary>Half the width of the simulation interval, relative for totals; null where nodes of one recording cannot be compared.</summary>
        public double? Achieved { get; }

        public bool IsReached { get; }

        /// <summary>For each class what it adds to the variance, times its nodes.</summary>
        public double[] VarianceTimesNodes { get; }

        public double VarianceWanted { get; }

        /// <summary>Classes whose nodes cannot be compared, since each recording is replayed by one; what they add is in neither <see cref="Achieved"/> nor the allocation.</summary>
        public IReadOnlyList<string> LeftOut { get; }

        /// <summary>Recordings with which half the whole interval would be as narrow as asked; null beyond what could be planned.</summary>
        public int? RecordingsForWhole { get; }

        private static double OfOneNode(Stratum stratum, LinearisedStatistic statistic, AccessAssumption accesses)
        {
            var squares = 0.0;
            for (var index = 0; index < stratum.Recordings.Count; index++)
                squares += stratum.ExpansionOf(index) * stratum.ExpansionOf(index);
            return stratum.NodeVariance(statistic, accesses) is { } nodes ? nodes.Variance * squares * stratum.Recordings.Count : 0;
        }
    }
}
