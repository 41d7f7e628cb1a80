using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Regions of address space that a sampler found accessed, of several targets whose times may be interleaved in any way; written in order of time.
/// A region's pages share one estimate: what was sampled is one page of it for each sample.
/// </summary>
internal sealed class AccessedRegions(ImportJob job)
{
    private readonly List<Region> _regions = [];
    private readonly Dictionary<ulong, Target> _targets = [];

    /// <summary>Takes a region.</summary>
    /// <param name="target">Whose address space.</param>
    /// <param name="nanoseconds">End of the interval in which it was accessed.</param>
    /// <param name="start">First byte.</param>
    /// <param name="end">One past the last byte.</param>
    /// <param name="accesses">Samples that found it accessed; −1 in a region that stands for nothing.</param>
    /// <param name="wrong">Makes the error if the region is none.</param>
    public void Add(ulong target, ulong nanoseconds, ulong start, ulong end, long accesses, Func<string, string, string, ImportException> wrong)
    {
        if (start == 0 && end == 0 && accesses == -1)
        {
            // damo adds it to a lone snapshot, so that its start can be told.
            job.LeaveOut("empty regions that damo adds to a lone snapshot");
            return;
        }

        if (end <= start)
            throw wrong("region", $"it ends at {end} and starts at {start}", "Record again, or take the line out");
        if (accesses < 0)
            throw wrong("nr_accesses", $"{accesses} is negative", "Record again, or take the line out");
        var known = TargetOf(target, wrong);
        known.Count(nanoseconds, start);
        if (accesses < MinAccesses)
        {
            job.LeaveOut(MinAccesses == 1 ? "regions in which no access was seen" : $"regions with fewer than {MinAccesses} accesses");
            return;
        }

        if (_regions.Count == job.Limits.ItemsMax)
            throw wrong("region", $"more than {job.Limits.ItemsMax} regions were accessed", "Import a shorter part of the recording");
        _regions.Add(new Region(nanoseconds, known.Process, start, end));
    }

    /// <summary>Writes what was taken.</summary>
    /// <param name="capability">What the file can say.</param>
    /// <param name="snapshotMicroseconds">How long a snapshot took, for a lone one; otherwise their times say it.</param>
    public void WriteTo(Capability capability, long snapshotMicroseconds = 0)
    {
        if (_targets.Count == 0)
            throw job.Wrong("there is no region in it", "Give a file with the event damon:damon_aggregated or with snapshots");
        var interval = _targets.Values.Max(target => target.IntervalMicroseconds) is > 0 and var measured ? measured : snapshotMicroseconds;
        var trace = job.BeginTrace(capability, "damon", new NodeFacts { IntervalMicroseconds = interval });
        var pageBytes = (ulong)trace.Header.PageSize;
        var origin = _targets.Values.Min(target => target.First);
        _regions.Sort(Region.ByTime);
        long largest = 0;
        foreach (var region in _regions)
        {
            // A page is accessed if any byte of it is.
            var (first, last) = (region.Start / pageBytes, (region.End - 1) / pageBytes);
            largest = Math.Max(largest, (long)Math.Min(region.End - region.Start, long.MaxValue));
            trace.Use((region.Nanoseconds - origin) / 1000, new Operation(OperationKind.Access, region.Process, first, 0), last - first + 1);
        }

        job.Note($"{_targets.Count} {(_targets.Count == 1 ? "target" : "targets")} with {_targets.Values.Sum(target => target.Snapshots):N0} snapshots, one every {interval / 1e6:0.###} s; "
            + $"process {string.Join(", ", _targets.OrderBy(target => target.Value.Process).Take(8).Select(target => $"{target.Value.Process} is target {target.Key}"))}");
        job.Note($"a region is an estimate from sampled pages: all its pages are written as accessed, so working sets are upper bounds; the largest accessed region has {largest / 1048576.0:0.###} MiB");
        job.Note("DAMON does not say where mappings are: each 2 MiB block is mapped when it is first accessed. On physical addresses (paddr), pages are frames of the whole machine, page cache and kernel included");
    }

    private long MinAccesses { get; } = job.Options.Whole("min-accesses", 1, 1, uint.MaxValue);

    private Target TargetOf(ulong id, Func<string, string, string, ImportException> wrong)
    {
        if (_targets.TryGetValue(id, out var target))
            return target;
        if (_targets.Count == job.Limits.ProcessesMax)
            throw wrong("target_id", $"there are more than {job.Limits.ProcessesMax} targets", "Import a shorter part of the recording");
        _targets.Add(id, target = new Target((uint)_targets.Count));
        return target;
    }

    private readonly record struct Region(ulong Nanoseconds, uint Process, ulong Start, ulong End)
    {
        public static int ByTime(Region one, Region other)
        {
            var byTime = (one.Nanoseconds / 1000).CompareTo(other.Nanoseconds / 1000);
            if (byTime != 0)
                return byTime;
            var byProcess = one.Process.CompareTo(other.Process);
            return byProcess != 0 ? byProcess : one.Start.CompareTo(other.Start);
        }
    }

    /// <summary>What is known of a target: a snapshot ends where the next region lies lower than the one before.</summary>
    private sealed class Target(uint process)
    {
        private ulong _lastStart = ulong.MaxValue;
        private ulong _firstSnapshot;
        private ulong _lastSnapshot;

        public uint Process => process;

        public long Snapshots { get; private set; }

        public ulong First { get; private set; } = ulong.MaxValue;

        public long IntervalMicroseconds => Snapshots < 2 ? 0 : (long)((_lastSnapshot - _firstSnapshot) / (ulong)(Snapshots - 1) / 1000);

        public void Count(ulong nanoseconds, ulong start)
        {
            First = Math.Min(First, nanoseconds);
            if (start <= _lastStart)
            {
                if (Snapshots++ == 0)
                    _firstSnapshot = nanoseconds;
                _lastSnapshot = Math.Max(nanoseconds, _firstSnapshot);
            }

            _lastStart = start;
        }
    }
}
