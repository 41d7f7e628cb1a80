using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

/// <summary>The budget against a recorder whose clock and CPU time are made up.</summary>
public sealed class CpuBudgetTests
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(2);

    private TimeSpan _cpuTime = TimeSpan.FromHours(1);

    [Fact]
    public void ScansAreDueWhenAskedFor_WithoutABudget()
    {
        var starts = Record(share: null, duration: 20, startMilliseconds: 500, _ => 900);
        Assert.Equal(Enumerable.Range(0, 11).Select(scan => scan * 2.0), starts);
    }

    [Fact]
    public void ScansAreDueWhenAskedFor_AsLongAsTheyAreCheap() =>
        Assert.Equal(31, Record(share: 0.01, duration: 60, startMilliseconds: 0, _ => 15).Count);

    [Theory]
    [InlineData(60, 100, 20)]
    [InlineData(60, 300, 20)]
    [InlineData(60, 0, 100)]
    [InlineData(600, 500, 100)]
    [InlineData(600, 2000, 20)]
    [InlineData(3600, 50, 1000)]
    public void WhatIsUsedStaysWithinTheBudget(int duration, int start, int cost)
    {
        var starts = Record(share: 0.01, duration, start, _ => cost);
        var used = start + (starts.Count * cost);
        Assert.InRange(used, 0.85 * duration * 10 - cost, duration * 10);
        // Spread over the recording, with a last look at its end.
        Assert.Equal(duration, starts[^1]);
    }

    [Fact]
    public void WhatTheStartTookIsPaidBackEvenly_WithinAMinuteOrSo()
    {
        var starts = Record(share: 0.01, duration: 600, startMilliseconds: 400, _ => 20);
        var intervals = starts.Zip(starts.Skip(1), (first, second) => second - first).ToList();
        Assert.InRange(intervals[0], 3, 10);
        Assert.All(intervals.Skip(60).SkipLast(1), interval => Assert.InRange(interval, 2, 2.5));
    }

    [Fact]
    public void WhatWasNotUsedIsNotSavedUp()
    {
        // Cheap for five minutes, then 200 ms a scan: never more often than every 20 s.
        var starts = Record(share: 0.01, duration: 600, startMilliseconds: 0, time => time < 300 ? 1 : 200);
        Assert.All(starts.Zip(starts.Skip(1)).Where(pair => pair.First >= 300), pair => Assert.InRange(pair.Second - pair.First, 19.9, 40));
    }

    [Fact]
    public void ARecordingTooShortForMoreHasOneScan()
    {
        Assert.Single(Record(share: 0.01, duration: 30, startMilliseconds: 400, _ => 20));
        Assert.Single(Record(share: 0.01, duration: 1, startMilliseconds: 0, _ => 20));
    }

    [Fact]
    public void ARecordingWithoutAnEndKeepsTheBudgetInTheLongRun()
    {
        var starts = Record(share: 0.01, duration: null, startMilliseconds: 5000, _ => 50, until: 3600);
        Assert.InRange(5000 + (50 * starts.Count), 0.95 * 36_000, 36_000);
    }

    [Fact]
    public void TheStartCounts_AlsoWhatWasUsedBefore_AndIsToldApart()
    {
        var budget = new CpuBudget(0.01, TimeSpan.FromSeconds(10), () => _cpuTime, before: TimeSpan.FromMilliseconds(70));
        _cpuTime += TimeSpan.FromMilliseconds(20);
        budget.EndStart();
        budget.BeginScan();
        _cpuTime += TimeSpan.FromMilliseconds(10);

        Assert.Equal((90, 100), (budget.Start.TotalMilliseconds, budget.Used.TotalMilliseconds));
        // The 100 ms of 10 s are used up.
        _ = budget.NextScan(_interval, TimeSpan.Zero);
        Assert.False(budget.Allows(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void CountsTheScansThatWaited()
    {
        var budget = new CpuBudget(0.5, null, () => _cpuTime);
        budget.BeginScan();
        _cpuTime += TimeSpan.FromSeconds(2);
        Assert.InRange(budget.NextScan(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1)).TotalSeconds, 4, 6);
        Assert.Equal(1, budget.Stretched);
        Assert.Equal(TimeSpan.FromSeconds(2), budget.Used);
    }

    /// <summary>Starts of scans in seconds, of a recording that begins with a start of its own.</summary>
    private List<double> Record(double? share, int? duration, int startMilliseconds, Func<double, int> costMilliseconds, int until = 0)
    {
        TimeSpan? length = duration is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        var budget = new CpuBudget(share, length, () => _cpuTime);
        _cpuTime += TimeSpan.FromMilliseconds(startMilliseconds);
        var starts = new List<double>();
        for (var now = TimeSpan.Zero; now <= (length ?? TimeSpan.FromSeconds(until));)
        {
            starts.Add(now.TotalSeconds);
            budget.BeginScan();
            _cpuTime += TimeSpan.FromMilliseconds(costMilliseconds(now.TotalSeconds));
            if (now == length)
                break;
            var due = budget.NextScan(_interval * (Math.Floor(now / _interval) + 1), now);
            if (due >= length && !budget.Allows(length.Value))
                break;
            now = due < (length ?? TimeSpan.MaxValue) ? due : length!.Value;
        }

        return starts;
    }
}
