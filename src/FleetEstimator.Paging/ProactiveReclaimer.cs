namespace FleetEstimator.Paging;

/// <summary>Proactive reclaim of one kernel's groups: asks each for a part of its memory as long as its pressure allows it (<see cref="ProactiveReclaim"/>).</summary>
internal sealed class ProactiveReclaimer(Kernel kernel, ProactiveReclaim policy)
{
    private readonly long[] _waitedBefore = new long[kernel.Groups.Count];

    // What a group was not asked for yet because it is less than reclaim takes at a time.
    private readonly double[] _due = new double[kernel.Groups.Count];

    /// <summary>An interval has passed.</summary>
    public void Tick()
    {
        for (var group = 0; group < _due.Length; group++)
        {
            var waited = kernel.WaitedNanoseconds(group);
            var pressure = (waited - _waitedBefore[group]) / (policy.IntervalMicroseconds * 1e3);
            _waitedBefore[group] = waited;
            var memory = kernel.Groups[group];
            _due[group] += memory.Frames * policy.Ratio * Math.Max(0, 1 - pressure / policy.Pressure);
            if (_due[group] < MemoryGroup.ReclaimMin)
                continue;
            memory.ReclaimProactively((long)_due[group]);
            _due[group] -= (long)_due[group];
        }
    }
}
