using CsCheck;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces.Inspection;

/// <summary>The tally is a second way to a figure of the model: to the same digits, or it gives up.</summary>
public sealed class ResidentTallyTests
{
    private static readonly HashSet<OperationKind> Followed =
    [
        OperationKind.Map, OperationKind.Unmap, OperationKind.Read, OperationKind.Write, OperationKind.Observe, OperationKind.Access, OperationKind.Discard,
        OperationKind.LazyFree, OperationKind.Cold, OperationKind.Huge, OperationKind.NoHuge, OperationKind.Fork, OperationKind.Exit, OperationKind.Settle,
    ];

    [Fact]
    public void RandomRows_GiveTheShareOfTheReplay()
    {
        var (exact, all) = (0, 0);
        RowsOfMuchSharing().Sample(
            rows =>
            {
                var (tally, replay) = Both(rows);
                Interlocked.Increment(ref all);
                if (!tally.IsExact)
                    return;
                Interlocked.Increment(ref exact);
                Assert.Equal(replay.ZeroShares.ResidentPages, tally.Share);
            },
            iter: 20_000);
        Assert.True(exact > all / 2, $"only {exact} of {all} traces were followed to the end");
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public void RecordingsOfRealPrograms_AreFollowedToTheEnd_WithTheShareOfTheReplay(string file)
    {
        var trace = Trace.Load(Path.Combine(Recordings.Folder, file));
        var (tally, replay) = Both(Enumerable.Range(0, trace.RowCount).Select(trace.Row));
        Assert.True(tally.IsExact);
        Assert.Equal(replay.ZeroShares.ResidentPages, tally.Share);
    }

    public static TheoryData<string> Recorded() => [.. Directory.GetFiles(Recordings.Folder, "*.arrow").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [InlineData(OperationKind.PageOut)]
    [InlineData(OperationKind.ObservedSwapOut)]
    [InlineData(OperationKind.Reclaim)]
    [InlineData(OperationKind.Limit)]
    [InlineData(OperationKind.Lock)]
    [InlineData(OperationKind.Pin)]
    public void WhatSwapsOutOrHolds_IsNotFollowed(OperationKind kind)
    {
        var (tally, _) = Both([Row(0, OperationKind.Map, 1, 0, 8), Row(0, OperationKind.Write, 1, 0, 8, PageContent.Zero), Row(1, kind, 1, 0, 4)]);
        Assert.False(tally.IsExact);
    }

    [Fact]
    public void ZeroPageThatAForkedProcessMayLack_IsNotFollowed_WhenAScanFindsZerosThere()
    {
        TraceRow[] rows =
        [
            Row(0, OperationKind.Map, 1, 0, 8), Row(0, OperationKind.Read, 1, 0, 8), Row(0, OperationKind.Fork, 1, 2, 1),
        ];
        Assert.True(Both(rows).Tally.IsExact);
        Assert.True(Both([.. rows, Row(1, OperationKind.Write, 2, 0, 4, PageContent.Zero)]).Tally.IsExact);
        Assert.False(Both([.. rows, Row(1, OperationKind.Observe, 2, 0, 4, PageContent.Zero)]).Tally.IsExact);
    }

    [Fact]
    public void MoreMemoryThanItKeepsAccountOf_IsNotFollowed()
    {
        var tally = new ResidentTally(4096);
        tally.Take(0, OperationKind.Observe, 1, 0, uint.MaxValue, PageContent.Zero);
        Assert.False(tally.IsExact);
    }

    private static Gen<TraceRow[]> RowsOfMuchSharing() =>
        (from steps in (
            from kind in Gen.Frequency(
                (4, Gen.Const(OperationKind.Map)), (4, Gen.Const(OperationKind.Fork)), (2, OneOf(OperationKind.Unmap, OperationKind.Discard, OperationKind.Exit)),
                (12, OneOf(OperationKind.Write, OperationKind.Observe, OperationKind.Access, OperationKind.Read)),
                (1, OneOf([.. Followed])))
            from process in Gen.UInt[0, 3]
            from page in Gen.OneOf(Gen.ULong[0, 9], Gen.ULong[60, 66], Gen.ULong[508, 514])
            from pages in Gen.OneOf(Gen.Const(1u), Gen.UInt[1, 8], Gen.UInt[60, 600])
            from content in Gen.Byte[0, 3]
            from elapsed in Gen.ULong[0, 3]
            select (kind, process, page, pages, content, elapsed)).Array[0, 80]
         select steps).Select(steps =>
         {
             var rules = new TraceRules(4096, 1_000);
             var rows = new List<TraceRow>();
             var time = 0ul;
             foreach (var (kind, process, page, pages, content, elapsed) in steps)
             {
                 time += elapsed;
                 var row = kind is OperationKind.Fork or OperationKind.Exit or OperationKind.Settle
                     ? Row(time, kind, process, kind == OperationKind.Fork ? page % 4 : 0, 1)
                     : Row(time, kind, process, page, pages, (PageContent)content);
                 if (rules.Take(row.TimeMicroseconds, row.Operation) is null)
                     rows.Add(row);
             }

             return rows.ToArray();
         });

    private static Gen<OperationKind> OneOf(params OperationKind[] kinds) => Gen.Int[0, kinds.Length - 1].Select(index => kinds[index]);

    private static (ResidentTally Tally, TraceReplay Replay) Both(IEnumerable<TraceRow> rows)
    {
        var (tally, replay) = (new ResidentTally(Header.PageSize), new TraceReplay(Header));
        foreach (var (time, operation, _) in rows)
        {
            tally.Take(time, operation.Kind, operation.Process, operation.Page, operation.Pages, operation.Content);
            replay.Take(time, in operation);
        }

        return (tally, replay);
    }
}
