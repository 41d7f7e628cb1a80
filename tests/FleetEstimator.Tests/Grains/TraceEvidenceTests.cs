using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Grains;

public sealed class TraceEvidenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("zero_filled_share/resident_pages", "> 10%", Capability.ContentKnown)]
    [InlineData("swap_out", "< 1 MiB", Capability.ContentKnown)]
    [InlineData("rss_mean", "saved > 2%", Capability.ContentKnown)]
    [InlineData("major_faults", "saved > 2%", Capability.ContentKnown)]
    [InlineData("rss_mean", "< 1 GiB", Capability.MappingOnly)]
    [InlineData("major_faults", "< 100", Capability.AccessOnly)]
    public void AClaimIsRefused_WhenARecordingOfItsClassCannotSupportIt(string metric, string condition, Capability needed)
    {
        for (var capability = Capability.AccessOnly; capability <= Capability.ContentKnown; capability++)
        {
            Record("web", capability);
            if (capability >= needed)
            {
                Plan(metric, condition);
                continue;
            }

            var exception = Assert.Throws<TraceException>(() => Plan(metric, condition));
            Assert.EndsWith("web.arrow", exception.FilePath, StringComparison.Ordinal);
            Assert.Contains($"the recording is {Capabilities.NameOf(capability)}, but the claim \"{metric} of ", exception.Message, StringComparison.Ordinal);
            Assert.Contains($"needs recordings that are {Capabilities.NamesFrom(needed)}", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ACounterOnlyRecordingIsRefused_WhateverIsClaimed()
    {
        Record("web", Capability.CounterOnly);
        Assert.Contains("counters cannot be simulated", Assert.Throws<TraceException>(() => Plan(null, "")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACountersFileIsNamedAsOne()
    {
        File.WriteAllText(_folder["web.arrow"], "{\"format\":\"node-counters\",\"version\":1}\n");
        Assert.Contains("this is a counters file: counter-only", Assert.Throws<TraceException>(() => Plan(null, "")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EstimatesBeyondTheRecordings_HaveNoFigureButAReason()
    {
        Record("web", Capability.MappingOnly);
        var plan = Plan(null, "");
        var workloads = new WorkloadCache();
        var result = StudyResults.Make(plan, await LocalStudy.Run(plan, workloads, new Progress<StudyProgress>(), TestContext.Current.CancellationToken), workloads, []);

        Assert.Equal("mapping-only", Assert.Single(result.Recordings).Capability);
        Assert.All(result.Estimates, estimate =>
        {
            var needed = TraceEvidence.Needed(estimate.Metric, estimate.Against is not null);
            if (needed == Capability.MappingOnly || needed == Capability.AccessOnly)
            {
                Assert.NotNull(estimate.Value);
            }
            else
            {
                Assert.Null(estimate.Value);
                Assert.Null(estimate.Relative);
                Assert.Equal("it takes recordings that are content-known, and there are mapping-only ones among them", estimate.Reason);
            }
        });
        Assert.Contains(result.Estimates, estimate => estimate.Value is not null);
        Assert.Contains(result.Assumptions, assumption => assumption.Contains("do not know what pages contain (mapping-only)", StringComparison.Ordinal));
    }

    private StudyPlan Plan(string? metric, string condition)
    {
        var claims = metric is null ? "" : $"claims: [{{metric: {metric}, is: \"{condition}\", scope: class:web, mechanism: {(condition.StartsWith("saved", StringComparison.Ordinal) ? "linux-6.12+zero-pfn-swapin" : "linux-6.12")}}}]";
        var study = StudyReader.Read(
            $$"""
            study: evidence
            seed: 1
            mechanisms: [linux-6.12, linux-6.12+zero-pfn-swapin]
            baseline: linux-6.12
            level: 95%
            classes:
              - {name: web, nodes: 2, memory: 1 GiB, recordings: [web.arrow], instances: 1, limit: none, swap: {device: zram, size: 1 GiB}, start: beginning}
            {{claims}}
            """,
            "study.yaml", File.ReadAllText);
        return StudyPlan.Make(study, _folder[""]);
    }

    private void Record(string node, Capability capability)
    {
        using var writer = TraceWriter.Create(_folder[node + ".arrow"], TraceExamples.Header with { Node = node, Capability = capability });
        writer.Append(new TraceRow(0, new Operation(OperationKind.Map, 1, 16, 64)));
        writer.Append(new TraceRow(0, new Operation(OperationKind.Write, 1, 16, 64, PageContent.Zero)));
        writer.Append(new TraceRow(1_000_000, new Operation(OperationKind.Read, 1, 16, 64)));
        writer.Complete();
    }
}
