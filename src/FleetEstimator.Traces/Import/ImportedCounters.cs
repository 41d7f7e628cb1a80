namespace FleetEstimator.Traces.Import;

/// <summary>The counters file that an importer writes, and what of it a person can check.</summary>
internal sealed class ImportedCounters(CounterHeader header, Action<CounterSample> sink)
{
    private CounterSample? _first;

    /// <summary>What the file says about itself.</summary>
    public CounterHeader Header => header;

    /// <summary>Samples written.</summary>
    public long Samples { get; private set; }

    /// <summary>Time of the last sample in microseconds since the first.</summary>
    public ulong LastTime => Last?.TimeMicroseconds ?? 0;

    /// <summary>The last sample.</summary>
    public CounterSample? Last { get; private set; }

    /// <summary>By how much each counter of vmstat grew from the first to the last sample that has it.</summary>
    public IEnumerable<(string Name, long Growth)> Growth =>
        Last is null ? [] : Last.Vmstat.Where(counter => _first!.Vmstat.ContainsKey(counter.Key)).Select(counter => (counter.Key, counter.Value - _first!.Vmstat[counter.Key]));

    /// <summary>Adds a sample, in order of time.</summary>
    public void Append(CounterSample sample)
    {
        sink(sample);
        _first ??= sample;
        Last = sample;
        Samples++;
    }
}
