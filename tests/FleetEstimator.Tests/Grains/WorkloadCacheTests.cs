using System.Runtime.CompilerServices;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Grains.RecordedFolder;

namespace FleetEstimator.Tests.Grains;

public sealed class WorkloadCacheTests : IDisposable
{
    private const int Nodes = 6;

    private readonly RecordedFolder _folder = new();
    private readonly StudyPlan _plan;

    public WorkloadCacheTests()
    {
        for (var node = 0; node < Nodes; node++)
            _folder.Record($"node-{node}", [Row(0, OperationKind.Map, 0, 1000), .. Enumerable.Range(0, 1000).Select(k => Row(k, OperationKind.Write, k * (node + 1) % 1000, 1, PageContent.Data))]);
        _plan = _folder.Plan(["name: web, nodes: 12"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WhatIsHeld_StaysWithinTheBound_TheLeastRecentlyUsedGoesFirst()
    {
        var one = OneBytes();
        var cache = new WorkloadCache(bytesMax: (3 * one) + 1);
        for (var node = 0; node < Nodes; node++)
        {
            LoadAndForget(cache, node);
            LoadAndForget(cache, 0);
            Assert.InRange(cache.BytesHeld, one, cache.BytesMax);
        }

        Assert.Equal(Nodes, cache.Loads);
        Collect();
        LoadAndForget(cache, 0);
        LoadAndForget(cache, Nodes - 1);
        Assert.Equal(Nodes, cache.Loads);
        LoadAndForget(cache, 1);
        Assert.Equal(Nodes + 1, cache.Loads);
    }

    [Fact]
    public void LetGoOf_ItIsLoadedAgain_AndNodesComeToTheSame()
    {
        var one = OneBytes();
        var (ample, tight) = (new WorkloadCache(), new WorkloadCache(bytesMax: one));
        foreach (var ordinal in Enumerable.Range(0, 12))
        {
            var (first, again) = (new LoadedStudy(_plan, ample).Simulate(ordinal), new LoadedStudy(_plan, tight).Simulate(ordinal));
            Assert.Equal(System.Text.Json.JsonSerializer.Serialize(first), System.Text.Json.JsonSerializer.Serialize(again));
            Collect();
        }

        Assert.Equal((Nodes, 12), (ample.Loads, tight.Loads));
        Assert.True(tight.BytesHeld <= one);
    }

    [Fact]
    public void LetGoOfWhileInUse_ItIsFoundAgain()
    {
        var cache = new WorkloadCache(bytesMax: OneBytes());
        var inUse = cache.Get(_plan.Recordings[0]);
        LoadAndForget(cache, 1);
        Collect();

        Assert.Same(inUse, cache.Get(_plan.Recordings[0]));
        Assert.Equal(2, cache.Loads);
    }

    [Fact]
    public void LargerThanTheBound_ItIsHeldUntilTheNext()
    {
        var cache = new WorkloadCache(bytesMax: 1);
        LoadAndForget(cache, 0);
        LoadAndForget(cache, 0);
        Assert.Equal(1, cache.Loads);
        LoadAndForget(cache, 1);
        Assert.Equal(OneBytes(1), cache.BytesHeld);
    }

    [Fact]
    public void WhatIfs_GoBeforeTheirRecording()
    {
        var one = OneBytes();
        var cache = new WorkloadCache(bytesMax: (5 * one) / 2);
        foreach (var share in (double[])[0.1, 0.2, 0.3, 0.4])
            _ = cache.Get(_plan.Recordings[0], new WhatIf(share, null)).RowCount;
        Collect();
        Assert.Equal(5, cache.Loads);
        LoadAndForget(cache, 0);
        Assert.Equal(5, cache.Loads);
    }

    [Fact]
    public async Task AskedForByManyAtOnce_ItIsLoadedOnce()
    {
        using var source = new HeldSource();
        var cache = new WorkloadCache(source);
        var all = Enumerable.Range(0, 16).Select(_ => Task.Factory.StartNew(() => cache.Get(_plan.Recordings[0]), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        source.Asked.Wait(TestContext.Current.CancellationToken);
        source.Answer.Set();

        var workloads = await Task.WhenAll(all);

        Assert.All(workloads, workload => Assert.Same(workloads[0], workload));
        Assert.Equal((1, 1), (source.Times, cache.Loads));
    }

    [Fact]
    public async Task OneRecordingBeingLoaded_KeepsNobodyFromAnother()
    {
        using var source = new HeldSource { Held = _plan.Recordings[0].Files[0].Path };
        var cache = new WorkloadCache(source);
        var slow = Task.Factory.StartNew(() => cache.Get(_plan.Recordings[0]), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        source.Asked.Wait(TestContext.Current.CancellationToken);

        Assert.Equal(_plan.Recordings[1].Node, cache.Get(_plan.Recordings[1]).Node);
        source.Answer.Set();
        Assert.Equal(_plan.Recordings[0].Node, (await slow).Node);
    }

    [Fact]
    public void FailedLoad_IsToldForAWhileWithoutLooking_ThenTriedAgain()
    {
        var (clock, file) = (new Clock(), _plan.Recordings[0].Files[0].Path);
        var cache = new WorkloadCache(time: clock);
        File.Move(file, file + ".away");

        var reason = NodeFailure.ReasonOf(Assert.Throws<TraceException>(() => cache.Get(_plan.Recordings[0])));
        Assert.Equal($"node-0.arrow: the file is not there any more; its SHA-256 was {_plan.Recordings[0].Files[0].Digest}", reason);
        File.Move(file + ".away", file);
        Assert.Equal(reason, NodeFailure.ReasonOf(Assert.Throws<TraceException>(() => cache.Get(_plan.Recordings[0], new WhatIf(0.5, null)))));
        clock.Now += TimeSpan.FromSeconds(11);

        Assert.Equal("node-0", cache.Get(_plan.Recordings[0]).Node);
        Assert.Equal("node-0", cache.Get(_plan.Recordings[0], new WhatIf(0.5, null)).Node);
    }

    [Fact]
    public void Bytes_AreThoseOfItsRowsAndOfWhatIsResident()
    {
        var cache = new WorkloadCache();
        var (workload, whatIf) = (cache.Get(_plan.Recordings[0]), cache.Get(_plan.Recordings[0], new WhatIf(0.5, null)));

        // A list gives back what it has too much only from a tenth on.
        AssertBytes(workload.RowCount * 32L, workload.Bytes - (16 * workload.ResidentFrames.Count));
        AssertBytes(whatIf.RowCount * 32L, whatIf.Bytes);
        Assert.Equal(workload.Bytes + whatIf.Bytes, cache.BytesHeld);
    }

    private static void AssertBytes(long rows, long actual) => Assert.InRange(actual, rows, (rows * 10 / 9) + 64);

    private long OneBytes(int node = 0) => new WorkloadCache().Get(_plan.Recordings[node]).Bytes;

    // Apart, so that no variable of the test keeps what it gave.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LoadAndForget(WorkloadCache cache, int node) => Assert.Equal($"node-{node}", cache.Get(_plan.Recordings[node]).Node);

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    /// <summary>Local files, of which one or all are given only when the test says so.</summary>
    private sealed class HeldSource : ITraceSource, IDisposable
    {
        private int _times;

        public string? Held { get; init; }

        public ManualResetEventSlim Asked { get; } = new();

        public ManualResetEventSlim Answer { get; } = new();

        public int Times => _times;

        public string? Find(TraceFile file)
        {
            if (Held is null || Held == file.Path)
            {
                Interlocked.Increment(ref _times);
                Asked.Set();
                Answer.Wait();
            }

            return LocalTraces.Instance.Find(file);
        }

        public string? FindCounters(TraceFile file) => LocalTraces.Instance.FindCounters(file);

        public void Dispose()
        {
            Asked.Dispose();
            Answer.Dispose();
        }
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
