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
    /// How much more the cgroup could have used at each sample before its own limit (memory.max, or memory.high if that is less) made it reclaim, in bytes; below 0 where it
    /// used more. Null where no cgroup was recorded, it had no limit, or never came within a tenth of it, so that something else made it reclaim.
    /// </summary>
    public IReadOnlyList<long>? RoomBelowLimit()
    {
        if (_cgroup is null)
            return null;
        var groups = _samples.Select(sample => CgroupsOf(sample)[_cgroup]).Select(group => (Limit: LimitOf(group), Current: group.TryGetValue("current", out var current) ? current : (long?)null)).ToList();
        if (!groups.TrueForAll(group => group is { Limit: not null, Current: not null }) || !groups.Exists(group => group.Current >= 0.9 * group.Limit))
            return null;
        return groups.ConvertAll(group => group.Limit!.Value - group.Current!.Value);
    }

    /// <summary>How much of the recorded cgroup could be in swap, in bytes: memory.swap.max, or what was there before it was set. Null where it had no such limit all the time.</summary>
    public long? SwapLimit => _cgroup is not null && _samples.All(sample => CgroupsOf(sample)[_cgroup].ContainsKey("swap_max"))
        ? _samples.Select(sample => CgroupsOf(sample)[_cgroup]).Max(group => Math.Max(group["swap_max"], group.GetValueOrDefault("swap_current")))
        : null;

    private static long? LimitOf(IReadOnlyDictionary<string, long> group) =>
        group.TryGetValue("max", out var max) ? group.TryGetValue("high", out var high) ? Math.Min(max, high) : max
        : group.TryGetValue("high", out high) ? high : null;

    private long? Value(int index, string counter) =>
        (_countsByCgroup ? CgroupsOf(_samples[index])[_cgroup!] : _samples[index].Vmstat).TryGetValue(counter, out var value) ? value : null;

    private static IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> CgroupsOf(CounterSample sample) =>
        sample.Cgroups ?? System.Collections.ObjectModel.ReadOnlyDictionary<string, IReadOnlyDictionary<string, long>>.Empty;
}
