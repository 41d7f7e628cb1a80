using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Synthesis;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces.Synthesis;

public sealed class ModelFitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EachParameterIsTheFrequencyItNames()
    {
        const ulong second = 1_000_000;
        var model = ModelFit.Of(Written(
            Row(0, OperationKind.Map, 1, 0, 1000),
            Row(0, OperationKind.Observe, 1, 0, 10, PageContent.Zero),
            Row(0, OperationKind.Observe, 1, 10, 30, PageContent.Data),

            // Step 0: 4 zeros become data, 6 pages of data are stored to again, 10 accessed; 20 new pages, half of them zeros.
            Row(second, OperationKind.Write, 1, 0, 4, PageContent.Data),
            Row(second, OperationKind.Write, 1, 10, 6, PageContent.Data),
            Row(second, OperationKind.Access, 1, 16, 10, PageContent.Data),
            Row(second, OperationKind.Write, 1, 100, 10, PageContent.Zero),
            Row(second, OperationKind.Write, 1, 110, 10, PageContent.Data),
            Row(second, OperationKind.Map, 2, 0, 64),
            Row(second, OperationKind.Write, 2, 0, 7, PageContent.Data),

            // Step 1: the other process exits, 5 pages are discarded.
            Row(2 * second, OperationKind.Discard, 1, 100, 5),
            Row(2 * second, OperationKind.Exit, 2, 0, 1),
            Row(2 * second, OperationKind.Write, 1, 100, 2, PageContent.Data)));

        Assert.Equal((4096, 2, (long)second, 40L), (model.PageSize, model.Steps, model.StepMicroseconds, model.FirstPages));
        Assert.Equal(new ContentShares(0.25, 0, 0.75, 0), Assert.Single(model.First).Contents);
        Assert.Equal([new WorkloadPhase(1, 20, 7, 0, 0, 20), new WorkloadPhase(1, 2, 0, 7, 5, 0)], model.Phases);
        Assert.Equal(new ContentShares(10 / 29.0, 0, 19 / 29.0, 0), model.NewContents);
        Assert.Equal(1, model.Stored[0].Data);
        Assert.Equal([1.0], model.LastingProcesses);
        Assert.Equal([(7.0, 1.0)], model.TransientProcesses.Sizes);
        Assert.Equal(2 / 2.0, model.Reuse);
        Assert.Equal(0, model.Unmapped);
        Assert.Equal(1, model.ZeroGone[0][0], 1e-9);
        Assert.Equal(1, model.ZeroGone.Concat(model.OtherGone).Sum(shares => shares.Sum()), 1e-9);
        Assert.Equal(67, model.PeakPages);
    }

    [Fact]
    public void StoresAreToldApartByAllAccessesBefore()
    {
        const ulong second = 1_000_000;
        var model = ModelFit.Of(Written(
            Row(0, OperationKind.Map, 1, 0, 10_000),
            Row(0, OperationKind.Observe, 1, 0, 2000, PageContent.Data),

            // Of 2000 pages never accessed before, half are stored to; these are stored to ever after, the others never.
            Row(second, OperationKind.Write, 1, 0, 1000, PageContent.Data), Row(second, OperationKind.Access, 1, 1000, 1000, PageContent.Data),
            Row(2 * second, OperationKind.Write, 1, 0, 1000, PageContent.Data), Row(2 * second, OperationKind.Access, 1, 1000, 1000, PageContent.Data),

            // New pages are loaded next, and then stored to.
            Row(2 * second, OperationKind.Write, 1, 5000, 1000, PageContent.Data),
            Row(3 * second, OperationKind.Access, 1, 5000, 1000, PageContent.Data),
            Row(4 * second, OperationKind.Write, 1, 5000, 1000, PageContent.Data)));

        var afterOneStep = PastStores.Names.Zip(model.OtherStores, (name, byIdle) => (name, byIdle[0])).ToDictionary();
        Assert.Equal(0.5, afterOneStep["never"], 0.01);
        Assert.Equal(1, afterOneStep["stores-only"], 0.01);
        Assert.Equal(0, afterOneStep["new"], 0.01);
        Assert.Equal(0.5, afterOneStep["no-store"], 0.01);
    }

    [Fact]
    public void MemoryThatIsThereAtFirstDiffersByAddress()
    {
        const ulong second = 1_000_000;
        var model = ModelFit.Of(Written(
            Row(0, OperationKind.Map, 1, 0, 2048),
            Row(0, OperationKind.Observe, 1, 0, 1024, PageContent.Data), Row(0, OperationKind.Observe, 1, 1024, 1024, PageContent.Zero),
            Row(second, OperationKind.Write, 1, 0, 500, PageContent.Data), Row(second, OperationKind.Access, 1, 512, 100, PageContent.Data)));

        Assert.Equal([512L, 512L, 512L, 512L], model.First.Select(part => part.Pages));
        Assert.Equal([0.0, 0.0, 1.0, 1.0], model.First.Select(part => part.Contents.Zero));
        Assert.True(model.First[0].Accessed > 2 && model.First[1].Accessed < 0.5, $"{model.First[0].Accessed}, {model.First[1].Accessed}");
        Assert.True(model.First[0].Stores > 2 && model.First[1].Stores < 0.5, $"{model.First[0].Stores}, {model.First[1].Stores}");
        Assert.Equal(1, model.First[3].Accessed, 0.2);
    }

    [Fact]
    public void WhatIsStoredToGoes_AndWhatIsReadStays()
    {
        const ulong second = 1_000_000;
        var model = ModelFit.Of(Written(
            Row(0, OperationKind.Map, 1, 0, 10_000),
            Row(second, OperationKind.Write, 1, 0, 2000, PageContent.Data),
            Row(2 * second, OperationKind.Write, 1, 0, 1000, PageContent.Data), Row(2 * second, OperationKind.Access, 1, 1000, 1000, PageContent.Data),
            Row(3 * second, OperationKind.Discard, 1, 0, 900),
            Row(4 * second, OperationKind.Write, 1, 0, 1, PageContent.Data)));

        var risk = PastStores.Names.Zip(model.GoneRisk).ToDictionary();
        Assert.Equal(2, risk["stores-only"], 0.05);
        Assert.Equal(0, risk["no-store"], 0.05);
        Assert.Equal(1, risk["never"]);
    }

    [Fact]
    public void ASnapshotIsRefused_AndSoIsATraceWithoutContent()
    {
        Assert.Contains("no duration", Assert.Throws<TraceException>(() => ModelFit.Of(Written(Row(0, OperationKind.Map, 1, 0, 10)))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "access-only",
            Assert.Throws<TraceException>(() => ModelFit.Of(Written(Header with { Capability = Capability.AccessOnly }, Row(0, OperationKind.Map, 1, 0, 10), Row(9, OperationKind.Access, 1, 0, 1)))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void TheSameSeedGivesTheSameRows_AndAnotherOthers()
    {
        var model = Recorded("redis-shop");
        var rows = WorkloadGenerator.Rows(model, seed: 5).ToList();
        Assert.Equal(rows, WorkloadGenerator.Rows(model, seed: 5));
        Assert.NotEqual(rows, WorkloadGenerator.Rows(model, seed: 6));
    }

    [Fact]
    public void GeneratedRowsAreATrace_OfTheStepsAndPagesAskedFor()
    {
        var model = Recorded("duckdb-reports");
        var rules = new TraceRules(model.PageSize, 1_000_000);
        var rows = WorkloadGenerator.Rows(model, seed: 1, steps: 30, scale: 0.1).ToList();
        Assert.All(rows, row => Assert.Null(rules.Take(row.TimeMicroseconds, row.Operation)));
        Assert.Equal(30 * (ulong)model.StepMicroseconds, rows[^1].TimeMicroseconds);

        var path = _folder["small.arrow"];
        using (var writer = TraceWriter.Create(path, WorkloadGenerator.HeaderOf(model, 1, "tests")))
        {
            foreach (var row in WorkloadGenerator.Rows(model, seed: 1, scale: 0.1))
                writer.Append(row);
            writer.Complete();
        }

        Assert.InRange(TraceInspection.Of(Trace.Load(path)).Details!.ResidentPeakPages, 0.09 * model.PeakPages, 0.11 * model.PeakPages);
    }

    [Fact]
    public void AGeneratedTraceSaysSo()
    {
        var header = WorkloadGenerator.HeaderOf(Recorded("redis-shop"), 7, "tests");
        Assert.Equal("synthetic", header.AccessSource);
        Assert.Contains("seed 7", header.Labels[GeneratedTrace.Label], StringComparison.Ordinal);
        Assert.StartsWith("synthetic-", header.Node, StringComparison.Ordinal);
    }

    private static WorkloadModel Recorded(string name) => ModelFit.Of(Trace.Load(Path.Combine(Recordings.Folder, name + ".arrow")));

    private Trace Written(params TraceRow[] rows) => Written(Header with { IntervalMicroseconds = 1_000_000 }, rows);

    private Trace Written(TraceHeader header, params TraceRow[] rows)
    {
        using var writer = TraceWriter.Create(_folder["t.arrow"], header);
        foreach (var row in rows)
            writer.Append(row);
        writer.Complete();
        return Trace.Load(_folder["t.arrow"]);
    }
}
