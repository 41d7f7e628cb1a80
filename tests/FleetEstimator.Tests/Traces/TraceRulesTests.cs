using CsCheck;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Traces;

public sealed class TraceRulesTests
{
    [Fact]
    public void AgreesWithTheNaiveRules_AndKeepsItsStateWhenItRefuses() =>
        TraceRowGenerators.Rows.Sample(
            rows =>
            {
                var rules = new TraceRules(4096, mappingsMax: 1000);
                var naive = new NaiveTraceRules();
                foreach (var row in rows)
                    Assert.Equal(naive.Take(row.TimeMicroseconds, row.Operation), rules.Take(row.TimeMicroseconds, row.Operation) is null);
                Assert.Equal(naive.LiveProcesses, rules.LiveProcesses);
            },
            iter: 20_000);

    [Fact]
    public void HalfOfTheRowsTheGeneratorMakesAreValid()
    {
        // A generator whose rows are nearly all refused, or accepted, would test little.
        var (all, valid) = (0, 0);
        TraceRowGenerators.Rows.Sample(
            rows =>
            {
                var naive = new NaiveTraceRules();
                Interlocked.Add(ref all, rows.Length);
                Interlocked.Add(ref valid, rows.Count(row => naive.Take(row.TimeMicroseconds, row.Operation)));
            },
            iter: 1000);
        Assert.InRange((double)valid / all, 0.25, 0.75);
    }
}
