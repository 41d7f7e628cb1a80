using CsCheck;
using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Grains.Work;

public sealed class SliceLeasesTests : IDisposable
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private static readonly WorkSettings Settings = new();

    private readonly RecordedFolder _folder = new();

    public SliceLeasesTests()
    {
        foreach (var name in (string[])["a", "b", "c"])
            _folder.Record(name, [RecordedFolder.Row(0, OperationKind.Map, 0, 10), RecordedFolder.Row(1, OperationKind.Write, 0, 10, PageContent.Data)]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Queue_HandsOutEveryNodeOnce_RecordingByRecording_WithinShards()
    {
        var plan = Plan(2000, 7);

        var slices = Drain(new SliceQueue(plan, 0, NodeAllocation.All(plan.Study), null), most: 100);

        Assert.Equal(Enumerable.Range(0, 2007).Select(ordinal => (long)ordinal), slices.SelectMany(plan.Ordinals).Order());
        Assert.All(slices, slice => Assert.Equal(slice.Shard, (slice.First + slice.Count - 1) / NodeSlice.NodesPerShard));
        Assert.Equal(slices.Select(slice => (slice.Class, slice.Turn)).Order(), slices.Select(slice => (slice.Class, slice.Turn)));
        Assert.All(slices, slice => Assert.Single(plan.Ordinals(slice).Select(ordinal => plan.Locate(ordinal).Recording).Distinct()));
    }

    [Fact]
    public void Queue_LeavesOutWhatWasSimulatedBefore()
    {
        var plan = Plan(100, 50);

        var slices = Drain(new SliceQueue(plan, 0, new NodeAllocation([60, 20]), new NodeAllocation([24, 20])), most: 256);

        Assert.Equal(Enumerable.Range(24, 36).Select(ordinal => (long)ordinal), slices.SelectMany(plan.Ordinals).Order());
    }

    [Fact]
    public void Queue_HandsOutAgainWhatWasReturned_InSmallerSlicesToo()
    {
        var plan = Plan(30);
        var queue = new SliceQueue(plan, 0, NodeAllocation.All(plan.Study), null);
        var first = queue.Take(10)!.Value;

        queue.Return(first);

        Assert.Equal(30, queue.Remaining);
        Assert.Equal(first with { Count = 4 }, queue.Take(4));
        Assert.Equal(first with { First = 4, Count = 6 }, queue.Take(10));
        Assert.Equal(20, Drain(queue, 7).Sum(slice => slice.Count));
    }

    [Fact]
    public void LeaseThatItsSiloDoesNotHold_GoesToTheNext_AtOnce()
    {
        var leases = Leases(Plan(3));
        var granted = leases.Exchange(Request("one", 1, wanted: 1), Start).Leases.Single();

        // The answer was lost: the silo knows nothing of the lease.
        leases.Exchange(Request("one", 2), Start);

        Assert.Contains(granted.Slice, leases.Exchange(Request("two", 1, wanted: 3), Start).Leases.Select(lease => lease.Slice));
    }

    [Fact]
    public void SilentSilo_LosesItsSlices_AndIsToldWhenItComesBack()
    {
        var leases = Leases(Plan(3));
        var granted = leases.Exchange(Request("one", 1, wanted: 1), Start).Leases.Single();

        Assert.DoesNotContain(granted.Slice, leases.Exchange(Request("two", 1, wanted: 3), Start + Settings.Silence).Leases.Select(lease => lease.Slice));
        var other = leases.Exchange(Request("three", 1, wanted: 3), Start + Settings.Silence + TimeSpan.FromSeconds(1)).Leases.Single();

        Assert.Equal(granted.Slice, other.Slice);
        Assert.Equal([granted.Id], leases.Exchange(Request("one", 2, held: [granted.Id]), Start + (2 * Settings.Silence)).Lost);
    }

    [Fact]
    public void SliceThatTwoSilosDid_CountsOnce()
    {
        var leases = Leases(Plan(1));
        var first = leases.Exchange(Request("one", 1, wanted: 1), Start).Leases.Single();
        var second = leases.Exchange(Request("two", 1, wanted: 1), Start + (2 * Settings.Silence)).Leases.Single();

        leases.Exchange(Request("two", 2, ended: [new(second.Id, 0, 1, 1000)]), Start + (2 * Settings.Silence));
        leases.Exchange(Request("one", 2, ended: [new(first.Id, 0, 1, 1000)]), Start + (2 * Settings.Silence));
        leases.Exchange(Request("two", 3, ended: [new(second.Id, 0, 1, 1000)]), Start + (2 * Settings.Silence));

        Assert.Equal((1, 0, 0, true), (leases.Done, leases.Failed, leases.Running, leases.IsDone));
    }

    [Fact]
    public void RequestThatComesLate_ChangesNothing()
    {
        var leases = Leases(Plan(3));
        var granted = leases.Exchange(Request("one", 2, wanted: 1), Start).Leases.Single();

        var late = leases.Exchange(Request("one", 1, wanted: 1), Start);

        Assert.Empty(late.Leases);
        Assert.Empty(leases.Exchange(Request("one", 3, held: [granted.Id]), Start).Lost);
    }

    [Fact]
    public void Slices_GrowToTheTimeTheyShouldTake_AndShrinkTowardsTheEnd()
    {
        var leases = Leases(Plan(3000));
        var first = leases.Exchange(Request("one", 1, wanted: 1), Start).Leases.Single();
        Assert.Equal(1, first.Slice.Count);

        // 20 ms a node: 50 take a second.
        var second = leases.Exchange(Request("one", 2, wanted: 1, ended: [new(first.Id, 0, 1, 20_000)]), Start).Leases.Single();
        Assert.Equal(50, second.Slice.Count);

        var sizes = leases.Exchange(Request("one", 3, wanted: 1000, ended: [new(second.Id, 0, 50, 1_000_000)]), Start).Leases.Select(lease => lease.Slice.Count).ToList();
        Assert.Equal(3000 - 51, sizes.Sum());
        Assert.Equal((50, 1), (sizes[0], sizes[^1]));
    }

    [Fact]
    public void WhateverSilosDo_EveryNodeEndsOnce()
    {
        var plan = Plan(500, 77);
        Gen.Select(Gen.ULong, Gen.Int[1, 4]).Sample((seed, silos) =>
        {
            var (random, leases, now, sequence) = (new Random((int)seed), Leases(plan), Start, 0L);
            var held = Enumerable.Range(0, silos).Select(_ => new List<SliceLease>()).ToArray();
            var done = new HashSet<long>();
            for (var step = 0; !leases.IsDone; step++)
            {
                Assert.True(step < 20_000, "it does not come to an end");
                now += TimeSpan.FromSeconds(random.Next(3));
                var silo = random.Next(silos);
                if (random.Next(20) == 0)
                    held[silo].Clear();
                if (random.Next(50) == 0)
                    now += 2 * Settings.Silence;
                var ended = held[silo].Where(_ => random.Next(2) == 0).ToList();
                held[silo].RemoveAll(ended.Contains);
                foreach (var lease in ended)
                    done.UnionWith(plan.Ordinals(lease.Slice));
                var grant = leases.Exchange(
                    Request($"silo {silo}", ++sequence, random.Next(4), [.. held[silo].Select(lease => lease.Id)], [.. ended.Select(lease => new SliceReport(lease.Id, 0, lease.Slice.Count, 10_000))]),
                    now);
                held[silo].RemoveAll(lease => grant.Lost.Contains(lease.Id));
                if (random.Next(10) != 0)
                    held[silo].AddRange(grant.Leases);
            }

            Assert.Equal(plan.NodeCount, leases.Done);
            Assert.Equal(plan.NodeCount, done.Count);
        }, iter: 200);
    }

    private static List<NodeSlice> Drain(SliceQueue queue, int most)
    {
        var slices = new List<NodeSlice>();
        while (queue.Take(most) is { } slice)
            slices.Add(slice);
        Assert.Equal(0, queue.Remaining);
        return slices;
    }

    private static SliceLeases Leases(StudyPlan plan) => new(new SliceQueue(plan, 0, NodeAllocation.All(plan.Study), null), Settings, attempt: 0, firstLease: 1);

    private static WorkRequest Request(string silo, long sequence, int wanted = 0, long[]? held = null, SliceReport[]? ended = null) => new(silo, sequence, ended ?? [], held ?? [], wanted);

    private StudyPlan Plan(params int[] nodes) => _folder.Plan([.. nodes.Select((count, index) => $"name: class{index}, nodes: {count}")]);
}
