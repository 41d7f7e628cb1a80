using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Backtests;

/// <summary>What a node's kernel counted while it was recorded: of the recorded cgroup, where its kernel counts swap traffic by cgroup; else of the whole node.</summary>
internal sealed class KernelReadings
{
    private readonly IReadOnlyList<CounterSample> _samples;
    private readonly string? _cgroup;
    private readonly bool _countsByCgroup;

    /// <param name="samples">The samples, at least two.</param>
    public KernelReadings(IReadOnlyList<CounterSample> samples)
    {
        _samples = samples;
        var names = samples.SelectMany(sample => CgroupsOf(sample).Keys).Distinct(StringComparer.Ordinal).ToList();
        _cgroup = names is [var name] && samples.All(sample => CgroupsOf(sample).ContainsKey(name)) ? name : null;
        _countsByCgroup = _cgroup is not null && Has("pswpin") && Has("pswpout");

        bool Has(string counter) => samples.All(sample => CgroupsOf(sample)[_cgroup!].ContainsKey(counter));
    }

    /// <summary>Times of the samples.</summary>
    public IReadOnlyList<long> Times => [.. _samples.Select(sample => (long)sample.TimeMicroseconds)];

    /// <summary>Where <see cref="Between"/> comes from, in words of results.</summary>
    public string Source => _countsByCgroup ? $"cgroup {_cgroup}" : "vmstat";

    /// <summary>Whether other processes' swap traffic may be in the figures.</summary>
    public bool IsOfWholeNode => !_countsByCgroup;

    /// <summary>What was counted between two samples; null where the kernel does not count it, or was restarted in between.</summary>
    public long? Between(int from, int to, string counter)
    {
        for (var index = from; index < to; index++)
        {
            if (Value(index, counter) is not { } before || Value(index + 1, counter) is not { } after || after < before)
                return null;
        }

        return Value(to, counter) - Value(from, counter);
    }

    /// <summary>
    /// What the cgroup's limit left for anonymous memory at each sample, in bytes: the limit less what the group used otherwise. Null where no cgroup was recorded, it had no
    /// limit, or never came within a tenth of it, so that something else made it reclaim.
    /// </summary>
    public IReadOnlyList<long>? AnonymousLimits()
    {
        if (_cgroup is null)
            return null;
        var groups = _samples.Select(sample => CgroupsOf(sample)[_cgroup]).ToList();
        if (!groups.TrueForAll(group => group.ContainsKey("max") && group.ContainsKey("current") && Anonymous(group) is not null) || !groups.Exists(group => group["current"] >= 0.9 * group["max"]))
            return null;
        return [.. groups.Select(group => Math.Max(1, group["max"] - Math.Max(0, group["current"] - Anonymous(group)!.Value)))];
    }

    // cgroup v2 calls it anon; v1 rss, and total_rss with the groups below.
    private static long? Anonymous(IReadOnlyDictionary<string, long> group) =>
        group.TryGetValue("anon", out var anonymous) || group.TryGetValue("total_rss", out anonymous) || group.TryGetValue("rss", out anonymous) ? anonymous : null;

    private long? Value(int index, string counter) =>
        (_countsByCgroup ? CgroupsOf(_samples[index])[_cgroup!] : _samples[index].Vmstat).TryGetValue(counter, out var value) ? value : null;

    private static IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> CgroupsOf(CounterSample sample) =>
        sample.Cgroups ?? System.Collections.ObjectModel.ReadOnlyDictionary<string, IReadOnlyDictionary<string, long>>.Empty;
}
