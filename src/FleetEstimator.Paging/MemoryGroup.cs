namespace FleetEstimator.Paging;

/// <summary>A memory cgroup: what is charged to it, its limit, and reclaim down to it (try_to_free_mem_cgroup_pages in mm/vmscan.c, try_charge in mm/memcontrol.c).</summary>
internal sealed class MemoryGroup
{
    // DEF_PRIORITY: the first pass scans 1/4096 of the frames, the last all of them.
    public const int PriorityAtFirst = 12;

    // SWAP_CLUSTER_MAX: what a charge asks reclaim for at least.
    private const int ReclaimMin = 32;

    // MAX_RECLAIM_RETRIES.
    private const int Retries = 16;

    private readonly Kernel _kernel;

    public MemoryGroup(Kernel kernel, PageTables tables, LruKind lru)
    {
        _kernel = kernel;
        Policy = lru switch
        {
            LruKind.MultiGenerational => new MultiGenerationalLru(kernel, this, tables),
            _ => throw new NotSupportedException("The classic LRU is not modelled yet."),
        };
    }

    public ReclaimPolicy Policy { get; }

    /// <summary>Memory limit in frames, 0 = none.</summary>
    public long LimitFrames { get; private set; }

    /// <summary>Frames charged against the limit.</summary>
    public long Frames => _kernel.Frames;

    /// <summary>Makes room for frames under the limit; false if there is still none for them.</summary>
    public bool TryCharge(int frames) => LimitFrames == 0 || Frames + frames <= LimitFrames || MakeRoom(frames);

    /// <summary>What writing memory.max does: a new limit in frames (0 = none), and reclaim down to it.</summary>
    public void SetLimit(long frames)
    {
        LimitFrames = frames;
        if (frames == 0)
            return;
        for (var attempt = 0; Frames > frames && attempt < Retries;)
        {
            if (TryToFree(Frames - frames) == 0)
                attempt++;
        }
    }

    /// <summary>What writing memory.reclaim does: a quarter of what is left at a time, until done or nothing more can be had.</summary>
    public void ReclaimProactively(long frames)
    {
        var done = 0L;
        for (var attempt = 0; done < frames && attempt < Retries;)
        {
            var reclaimed = TryToFree(Math.Max(ReclaimMin, (frames - done) / 4));
            done += reclaimed;
            if (reclaimed == 0)
                attempt++;
        }
    }

    private bool MakeRoom(int frames)
    {
        for (var attempt = 0; Frames + frames > LimitFrames && attempt < Retries;)
        {
            if (TryToFree(Math.Max(frames, ReclaimMin)) == 0)
                attempt++;
        }

        return Frames + frames <= LimitFrames;
    }

    private long TryToFree(long wanted)
    {
        var reclaimed = 0L;
        for (var priority = PriorityAtFirst; priority >= 0 && reclaimed < wanted; priority--)
            reclaimed += Policy.Shrink(priority, wanted);

        // By the time the caller looks again, what was written has reached the device and can be taken.
        _kernel.Settle();
        return reclaimed;
    }
}
