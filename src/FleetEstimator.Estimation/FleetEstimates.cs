namespace FleetEstimator.Estimation;

/// <summary>What the nodes of a study come to: estimates, verdicts and the size of what lies behind them.</summary>
public sealed record FleetEstimates
{
    /// <summary>By scope (fleet, then classes), metric, mechanism: the level, then the difference from the baseline.</summary>
    public required IReadOnlyList<Estimate> Estimates { get; init; }

    /// <summary>By scope, metric, mechanism (the level, then the difference from the baseline) and quantile: how figures are distributed over nodes.</summary>
    public required IReadOnlyList<Estimate> Quantiles { get; init; }

    /// <summary>The claims in the order of the study.</summary>
    public required IReadOnlyList<ClaimResult> Claims { get; init; }

    /// <summary>What simulation reached of the precision that the study asks for; null if it asks for none.</summary>
    public required SimulationOutcome? Simulation { get; init; }

    /// <summary>The classes in the order of the study.</summary>
    public required IReadOnlyList<ClassSummary> Classes { get; init; }

    /// <summary>What in the nodes makes the estimates less than they look, in plain sentences.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    internal static FleetEstimates From(StudyDefinition study, FleetAccumulator nodes, SelectionWeights weights)
    {
        var scopes = Scopes(study, nodes, weights);
        return new FleetEstimates
        {
            Estimates = [.. scopes.SelectMany(scope => EstimatesOf(study, scope))],
            Quantiles = [.. scopes.SelectMany(scope => QuantilesOf(study, scope))],
            Claims = ClaimJudge.Judge(study, scopes.ToDictionary(scope => scope.Name, scope => scope.Estimator)),
            Simulation = SimulationPlanner.Outcome(study, nodes, weights),
            Classes = [.. study.Classes.Select((@class, index) => Summary(@class, [.. nodes.Of(index).Select(entry => entry.Sums)]))],
            Warnings = [.. WarningsOf(study, nodes), .. FewRecordings(scopes)],
        };
    }

    private static List<Scope> Scopes(StudyDefinition study, FleetAccumulator nodes, SelectionWeights weights)
    {
        var strata = Strata.Of(study, nodes, weights);
        return
        [
            new(EstimateScope.Fleet, study.Nodes, new ScopeSample(strata), study.Level),
            .. strata.Select(stratum => new Scope(EstimateScope.OfClass(stratum.Class), stratum.FleetNodes, new ScopeSample([stratum]), study.Level)),
        ];
    }

    private static IEnumerable<Estimate> EstimatesOf(StudyDefinition study, Scope scope)
    {
        foreach (var metric in study.Metrics)
        {
            for (var mechanism = 0; mechanism < study.Mechanisms.Count; mechanism++)
            {
                yield return Of(metric, study.Mechanisms[mechanism], against: null, scope, study.Level, scope.Estimator.Level(metric, mechanism));
                if (mechanism == study.BaselineIndex)
                    continue;
                var difference = Of(metric, study.Mechanisms[mechanism], study.Baseline, scope, study.Level, scope.Estimator.Difference(metric, mechanism, study.BaselineIndex));
                yield return metric.IsShare ? difference : difference with
                {
                    Relative = scope.Estimator.RelativeDifference(metric, mechanism, study.BaselineIndex).Interval,
                };
            }
        }
    }

    internal static Estimate Of(Metric metric, string mechanism, string? against, Scope scope, double level, ScopeEstimate estimate) => new()
    {
        Metric = metric.Name,
        Mechanism = mechanism,
        Against = against,
        Scope = scope.Name,
        Value = estimate.Interval.Value,
        Low = estimate.Interval.Low,
        High = estimate.Interval.High,
        Level = level,
        Unit = metric.Unit,
        Recordings = estimate.Recordings,
        Reason = estimate.Reason,
        Note = estimate.Note,
        DegreesOfFreedom = estimate.DegreesOfFreedom,
        SimulationHalfWidth = estimate.SimulationHalfWidth,
        Components = estimate.Components,
        AllReads = estimate.AllReads,
        AllWrites = estimate.AllWrites,
        PerNode = metric.IsShare || estimate.Interval.Value is null ? null : estimate.Interval.Times(1.0 / scope.Nodes),
    };

    private static IEnumerable<string> FewRecordings(List<Scope> scopes) =>
        MeasuredCoverage.Warning(scopes.Where(scope => scopes.Count > 2 || scope.Name == EstimateScope.Fleet).Where(scope => scope.Sample is { WhyNoFigure: null, WhyNoInterval: null, IsCensus: false })
            .Select(scope => (scope.Name, scope.Estimator.EffectiveRecordings))) is { } warning ? [warning] : [];

    private static IEnumerable<Estimate> QuantilesOf(StudyDefinition study, Scope scope)
    {
        var estimator = new QuantileEstimator(scope.Sample, study.Level);
        for (var metric = 0; metric < NodeDistributions.Metrics.Count; metric++)
        {
            if (!study.Metrics.Contains(NodeDistributions.Metrics[metric]))
                continue;
            for (var mechanism = 0; mechanism < study.Mechanisms.Count; mechanism++)
            {
                foreach (var difference in mechanism == study.BaselineIndex ? (bool[])[false] : [false, true])
                {
                    foreach (var quantile in QuantileEstimator.Quantiles)
                    {
                        yield return Of(
                            NodeDistributions.Metrics[metric],
                            study.Mechanisms[mechanism],
                            difference ? study.Baseline : null,
                            scope,
                            study.Level,
                            estimator.Estimate(metric, mechanism, difference, quantile)) with
                        {
                            Quantile = quantile,
                            PerNode = null,
                        };
                    }
                }
            }
        }
    }

    private static ClassSummary Summary(NodeClass @class, IReadOnlyList<RecordingSums> recordings)
    {
        var nodes = recordings.Sum(sums => sums.Nodes);
        return new ClassSummary
        {
            Name = @class.Name,
            Nodes = @class.Nodes,
            SimulatedNodes = nodes,
            Recordings = recordings.Count,
            MemoryBytes = @class.MemoryBytes,
            UnmodelledBytes = @class.UnmodelledBytes,
            Limit = @class.Limit,
            LimitMeanBytes = @class.Limit.IsNone ? null : MeanOverNodes(sums => sums.LimitBytes),
            Swap = @class.Swap,
            Start = @class.Start,
            Lru = @class.Lru,
            GroupLimit = @class.GroupLimit.IsNone ? null : @class.GroupLimit,
            Watermarks = @class.Watermarks,
            Proactive = @class.Proactive,
            HugePages = @class.HugePages == new HugePageDefinition() ? null : @class.HugePages,
            Ksm = @class.Ksm,
            ZeroPageForbidden = @class.ZeroPageForbidden,
            InstancesMean = MeanOverNodes(sums => sums.Instances) ?? 0,
        };

        double? MeanOverNodes(Func<RecordingSums, Int128> sumOf) =>
            nodes == 0 ? null : (double)recordings.Aggregate(Int128.Zero, (sum, sums) => sum + sumOf(sums)) / nodes;
    }

    private static List<string> WarningsOf(StudyDefinition study, FleetAccumulator nodes)
    {
        var warnings = new List<string>();
        for (var @class = 0; @class < study.Classes.Count; @class++)
        {
            var recordings = nodes.Of(@class).Select(entry => entry.Sums).ToList();
            for (var mechanism = 0; mechanism < study.Mechanisms.Count; mechanism++)
            {
                var (outOfMemory, atRisk) = (Most(mechanism, NodeQuantity.OutOfMemoryNodes), Most(mechanism, NodeQuantity.UnmapsAtRisk));
                if (outOfMemory > 0)
                {
                    warnings.Add($"Class {study.Classes[@class].Name}: {outOfMemory} of {recordings.Sum(sums => sums.Nodes)} nodes could not be kept under their memory limit with "
                        + $"{study.Mechanisms[mechanism]}, where a kernel would have killed processes; their figures are those of nodes over the limit.");
                }

                if (study.RightSize is { } bound && Most(mechanism, NodeQuantity.BeyondBoundNodes) is var beyond && beyond > 0)
                {
                    warnings.Add($"Class {study.Classes[@class].Name}: {beyond} of {recordings.Sum(sums => sums.Nodes)} nodes exceed the bound ({bound}) even without a memory limit with "
                        + $"{study.Mechanisms[mechanism]}; their smallest limit is given as what they use without one.");
                }

                if (atRisk > 0)
                {
                    warnings.Add($"Class {study.Classes[@class].Name}: {study.Mechanisms[mechanism]} can lose data. On the simulated nodes it took {atRisk} pages for zeros while a store could still reach them, "
                        + $"and lost {Most(mechanism, NodeQuantity.LostStores)} stores that the recordings show. What it saves is not to be had.");
                }
            }

            // Under the assumption on unknown accesses that gives more.
            Int128 Most(int mechanism, NodeQuantity quantity) => recordings.Aggregate(Int128.Zero, (sum, sums) => sum + Int128.Max(
                sums.Sum(mechanism, AccessAssumption.AllReads, quantity), sums.Sum(mechanism, AccessAssumption.AllWrites, quantity)));
        }

        return warnings;
    }

    /// <summary>A part of the fleet that is estimated.</summary>
    internal sealed record Scope(string Name, long Nodes, ScopeSample Sample, double Level)
    {
        public ScopeEstimator Estimator { get; } = new(Sample, Level);
    }
}
