using FleetEstimator.Estimation;

namespace FleetEstimator.Tests.Reports;

/// <summary>Stands in until the estimator is there.</summary>
internal static class StandInEstimator
{
    public static StudyResult Estimate(this SampleStudy sample)
    {
        var study = sample.Study;
        List<Estimate> estimates = [];
        string[] scopes = [EstimateScope.Fleet, .. study.Classes.Select(c => EstimateScope.OfClass(c.Name))];
        foreach (var scope in scopes)
        {
            foreach (var metric in Metric.All)
            {
                for (var m = 0; m < study.Mechanisms.Count; m++)
                {
                    estimates.Add(One(sample, scope, metric, m, null));
                    if (m != study.BaselineIndex)
                        estimates.Add(One(sample, scope, metric, m, study.BaselineIndex));
                }
            }
        }

        return new StudyResult
        {
            Study = study.Name, StudyDigest = new string('a', 64), Seed = study.Seed, Level = study.Level, Nodes = study.Nodes, SimulatedNodes = sample.Nodes.Count,
            Recordings = sample.Recordings,
            Classes = [.. study.Classes.Select((c, i) => new ClassSummary
            {
                Name = c.Name, Nodes = c.Nodes, SimulatedNodes = sample.Nodes.Count(n => n.Class == i), Recordings = sample.Nodes.Where(n => n.Class == i).Select(n => n.Recording).Distinct().Count(),
                MemoryBytes = c.MemoryBytes, UnmodelledBytes = c.UnmodelledBytes, Limit = c.Limit, LimitMeanBytes = 20.0 * (1L << 30), Swap = c.Swap, Start = c.Start, Lru = c.Lru, InstancesMean = 3,
            })],
            Mechanisms = study.Mechanisms, Baseline = study.Baseline, Estimates = estimates,
            Claims = [.. study.Claims.Select(c =>
            {
                var e = estimates.First(e => e.Scope == c.Scope && e.Metric == c.Metric && e.Mechanism == c.Mechanism && (e.Against is null) == (c.Subject == ClaimSubject.Level));
                var f = c.Subject == ClaimSubject.Level ? new Interval(e.Value, e.Low, e.High) : e.SavedShare!;
                return new ClaimResult
                {
                    Text = c.Text, Scope = c.Scope, Value = f.Value, Low = f.Low, High = f.High, Level = study.Level, Unit = "1", Metric = c.Metric, Mechanism = c.Mechanism,
                    Against = e.Against, Is = c.Is, Threshold = c.Threshold, Verdict = f.Low > c.Threshold ? Verdict.Supported : f.High < c.Threshold ? Verdict.Refuted : Verdict.Undecided,
                    Reason = f.Low > c.Threshold || f.High < c.Threshold ? null : "The interval lies on both sides of the threshold.",
                };
            })],
            Assumptions = ["Recordings are a random sample of their class's nodes.", "Memory that no trace holds is the same under every mechanism."],
            Warnings = ["Class web rests on 2 recordings: its interval is wide."],
            FailedNodes = [],
        };
    }

    private static Estimate One(SampleStudy sample, string scope, Metric metric, int mechanism, int? against)
    {
        var bounded = sample.Recordings.Any(r => r.HasUnknownAccesses && (scope == EstimateScope.Fleet || scope == EstimateScope.OfClass(r.Classes[0])));
        var r1 = Side(sample, scope, metric, mechanism, against, AccessAssumption.AllReads);
        var r2 = bounded ? Side(sample, scope, metric, mechanism, against, AccessAssumption.AllWrites) : r1;
        double? Mid(double? a, double? b) => (a + b) / 2;
        var level = against is null || metric.IsShare ? null : Side(sample, scope, metric, against.Value, null, AccessAssumption.AllReads).Value;
        var value = new Interval(Mid(r1.Value, r2.Value), r1.Low is null ? null : Math.Min(r1.Low.Value, r2.Low!.Value), r1.High is null ? null : Math.Max(r1.High.Value, r2.High!.Value));
        return new Estimate
        {
            Metric = metric.Name, Mechanism = sample.Study.Mechanisms[mechanism], Against = against is { } b ? sample.Study.Mechanisms[b] : null, Scope = scope, Value = value.Value, Low = value.Low, High = value.High,
            Level = sample.Study.Level, Unit = metric.Unit, Recordings = sample.Recordings.Count, Reason = value.Low is null ? "a class has fewer than 2 recordings" : null,
            AllReads = bounded && r1 != r2 ? r1 : null, AllWrites = bounded && r1 != r2 ? r2 : null,
            Relative = level is > 0 ? new Interval(value.Value / level, value.Low / level, value.High / level) : null,
        };
    }

    private static Interval Side(SampleStudy sample, string scope, Metric metric, int mechanism, int? against, AccessAssumption accesses)
    {
        double total = 0, variance = 0, nodesTotal = 0;
        var none = false;
        for (var c = 0; c < sample.Study.Classes.Count; c++)
        {
            var @class = sample.Study.Classes[c];
            if (scope != EstimateScope.Fleet && scope != EstimateScope.OfClass(@class.Name))
                continue;
            var means = sample.Nodes.Where(n => n.Class == c).GroupBy(n => n.Recording).Select(g => g.Average(n =>
            {
                double Of(int m) => metric.Of(n, n.Lanes.FirstOrDefault(l => l.Mechanism == m && l.Accesses == accesses) ?? n.Lanes.First(l => l.Mechanism == m)) ?? 0;
                return Of(mechanism) - (against is { } b ? Of(b) : 0);
            })).ToArray();
            var mean = means.Average();
            total += mean * @class.Nodes;
            nodesTotal += @class.Nodes;
            none |= means.Length < 2;
            if (means.Length > 1)
                variance += means.Sum(v => (v - mean) * (v - mean)) / (means.Length - 1) / means.Length * @class.Nodes * (double)@class.Nodes;
        }

        var half = 2.7 * Math.Sqrt(variance);
        var scale = metric.IsShare ? 1 / nodesTotal : 1;
        return none ? new Interval(total * scale, null, null) : new Interval(total * scale, (total - half) * scale, (total + half) * scale);
    }
}
