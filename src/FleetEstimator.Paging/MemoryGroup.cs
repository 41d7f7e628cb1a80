namespace FleetEstimator.Paging;

/// <summary>
/// A memory cgroup: what is charged to it, its limit, and reclaim down to it (try_to_free_mem_cgroup_pages in mm/vmscan.c, try_charge in
/// mm/memcontrol.c). A group has one policy; the node, the group above all others, has those of all.
/// </summary>
internal sealed class MemoryGroup(Kernel kernel, ReclaimPolicy[] policies)
{
    // DEF_PRIORITY: the first pass scans 1/4096 of the frames, the last all of them.
    public const int PriorityAtFirst = 12;

    // SWAP_CLUSTER_MAX: what a charge asks reclaim for at least.
    public const int ReclaimMin = 32;

    // MAX_RECLAIM_RETRIES.
    private const int Retries = 16;

    // Where the last pass that had enough ended (mem_cgroup_iter's shared position): the next goes on from there.
    private int _position;

    /// <summary>Memory limit in frames, 0 = none.</summary>
    public long LimitFrames { get; private set; }

    /// <summary>Frames charged against the limit.</summary>
    public long Frames => policies.Length == 1 ? policies[0].Frames + kernel.Pins.UnmappedFramesOf(policies[0].Group) : kernel.Frames;

    /// <summary>Most frames ever charged and asked for together: a group without a limit does the same under one of as many frames.</summary>
    public long PeakFrames { get; private set; }

    /// <summary>Makes room for frames under the limit; false if there is still none for them.</summary>
    public bool TryCharge(int frames) => HasRoom(frames) || MakeRoom(frames);

    public bool HasRoom(int frames)
    {
        var asked = Frames + frames;
        PeakFrames = Math.Max(PeakFrames, asked);
        return LimitFrames == 0 || asked <= LimitFrames;
    }

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

    /// <summary>What writing memory.reclaim does: a quarter of what is left at a time (on 6.1 all of it), until done or nothing more can be had.</summary>
    public void ReclaimProactively(long frames)
    {
        var done = 0L;
        for (var attempt = 0; done < frames && attempt < Retries;)
        {
            var reclaimed = TryToFree((frames - done) / (kernel.Mechanism.ReclaimsOnRequestInParts ? 4 : 1));
            done += reclaimed;
            if (reclaimed == 0)
                attempt++;
        }
    }

    /// <summary>Reclaims until <paramref name="enough"/>, a full pass over all groups at a time (balance_pgdat), or nothing more can be had.</summary>
    public void ReclaimUntil(Func<bool> enough, long wanted)
    {
        for (var priority = PriorityAtFirst; priority > 0 && !enough();)
        {
            var reclaimed = 0L;
            foreach (var policy in policies)
                reclaimed += Shrink(policy, priority, wanted);
            kernel.Settle();
            if (reclaimed < wanted)
                priority--;
        }

        PassesEnd(wanted);
    }

    /// <summary>One go of direct reclaim, harder and harder until <paramref name="wanted"/> frames are free. How many are.</summary>
    public long TryToFree(long wanted)
    {
        var reclaimed = 0L;
        wanted = Math.Max(wanted, ReclaimMin);
        do
        {
            for (var priority = PriorityAtFirst; priority >= 0 && reclaimed < wanted; priority--)
                reclaimed += Shrink(priority, wanted, wanted - reclaimed);
        }
        while (PassesEnd(reclaimed));

        // By the time the caller looks again, what was written has reached the device and can be taken.
        kernel.Settle();
        return reclaimed;
    }

    /// <summary>shrink_node_memcgs: every group in turn, from 6.12 on until there is enough.</summary>
    private long Shrink(int priority, long wanted, long missing)
    {
        var reclaimed = 0L;
        for (var visited = 0; visited < policies.Length && (reclaimed < missing || !kernel.Mechanism.WalksGroupsInParts); visited++)
        {
            reclaimed += Shrink(policies[_position], priority, wanted);
            _position = (_position + 1) % policies.Length;
        }

        return reclaimed;
    }

    /// <summary>shrink_one: the lists of a group, then its shrinker, whose frames are not counted as reclaimed.</summary>
    private long Shrink(ReclaimPolicy policy, int priority, long wanted)
    {
        var reclaimed = policy.Shrink(priority, wanted);
        kernel.ShrinkDeferredSplits(policy.Group, priority);
        return reclaimed;
    }

    private bool PassesEnd(long reclaimed)
    {
        var again = false;
        foreach (var policy in policies)
            again |= policy.PassesEnd(reclaimed);
        return again;
    }

    private bool MakeRoom(int frames)
    {
        for (var attempt = 0; Frames + frames > LimitFrames && attempt < Retries;)
        {
            if (TryToFree(frames) == 0)
                attempt++;
        }

        return HasRoom(frames);
    }
}
