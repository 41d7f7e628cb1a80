namespace FleetEstimator.Paging;

/// <summary>
/// Which frames of one memory group leave memory first (the kernel's lruvec). <see cref="MemoryGroup"/> decides when and how hard to reclaim;
/// the policy keeps the lists and hands frames to <see cref="Kernel.SwapOut"/>.
/// </summary>
internal abstract class ReclaimPolicy(Kernel kernel, int group)
{
    private readonly int _firstList = group * FrameLists.PerGroup;

    /// <summary>Number of the group.</summary>
    public int Group { get; } = group;

    protected Kernel Kernel { get; } = kernel;

    /// <summary>Frames on the lists: what is charged to the group, but for those that only pins keep.</summary>
    public long Frames { get; private set; }

    protected FrameLists Lists { get; } = kernel.Lists;

    /// <summary>A frame that a fault brought in, or that was split off a large folio.</summary>
    public void AddFaulted(int node)
    {
        Frames += Kernel.FolioPages(node);
        Insert(node);
    }

    /// <summary>A frame that was read back from swap. The shadow is what <see cref="Evict"/> left of it.</summary>
    public void AddRefaulted(int node, long shadow)
    {
        Frames += Kernel.FolioPages(node);
        InsertRefaulted(node, shadow);
    }

    /// <summary>A frame, or a folio as a whole, that goes.</summary>
    public void Remove(int node) => Remove(node, Kernel.FolioPages(node), Kernel.FlagsOf(node));

    /// <summary>The same for a folio whose flags have been taken away already.</summary>
    public void Remove(int node, int pages, NodeFlags flags)
    {
        Frames -= pages;
        TakeOff(node, pages, flags);
    }

    /// <summary>A folio that has been removed lives on in swap: what to remember of it until it comes back.</summary>
    public virtual long Evict(int pages, NodeFlags flags) => 0;

    /// <summary>A frame changes its name, not its place.</summary>
    public void Rename(int old, int node) => Lists.Replace(old, node);

    /// <summary>A frame turned out to be in use.</summary>
    public abstract void Activate(int node);

    /// <summary>MADV_COLD: a frame will not be used soon.</summary>
    public virtual void Deactivate(int node)
    {
    }

    /// <summary>MADV_FREE: gives the frame <see cref="NodeFlags.LazilyFreed"/>.</summary>
    public virtual void FreeLazily(int node) => Kernel.AddFlags(node, NodeFlags.LazilyFreed);

    /// <summary>An asynchronous device has written a frame.</summary>
    public virtual void WriteBackEnded(int node)
    {
    }

    /// <summary>munlock: a frame may be reclaimed again.</summary>
    public virtual void Unlocked(int node)
    {
    }

    /// <summary>The periodic flush of the group's statistics.</summary>
    public virtual void FlushStatistics()
    {
    }

    /// <summary>The same, unless too little has changed to be worth it (mem_cgroup_flush_stats): what a reader of memory.stat causes.</summary>
    public virtual void FlushStatisticsIfChanged()
    {
    }

    /// <summary>A page table has been taken away; what is known of it does not hold of the one that may come to lie there.</summary>
    public virtual void ForgetTable(int first)
    {
    }

    /// <summary>
    /// shrink_lruvec: one pass over the lists, the harder the lower the priority (0: everything). Returns how many frames the group is smaller by.
    /// </summary>
    /// <param name="priority">A pass looks at 1/2^priority of the frames.</param>
    /// <param name="wanted">Frames after which a pass may stop early.</param>
    public abstract long Shrink(int priority, long wanted);

    /// <summary>After the last pass of a reclaim; true if the passes should start over because the policy would now go further.</summary>
    public virtual bool PassesEnd(long reclaimed) => false;

    /// <summary>Everything the policy counts, next to what a recount gives.</summary>
    public abstract IEnumerable<(string What, long Kept, long Recounted)> Counts();

    /// <summary>Puts a frame that a fault brought in on a list.</summary>
    protected abstract void Insert(int node);

    /// <summary>Puts a frame that was read back from swap on a list.</summary>
    protected virtual void InsertRefaulted(int node, long shadow) => Insert(node);

    /// <summary>Takes a frame off its list, to go or to stand on another.</summary>
    protected abstract void TakeOff(int node, int pages, NodeFlags flags);

    protected void TakeOff(int node) => TakeOff(node, Kernel.FolioPages(node), Kernel.FlagsOf(node));

    /// <summary>Nodes of a list from tail to head.</summary>
    protected IEnumerable<int> FromTail(int list) => Lists.FromTail(_firstList + list);

    /// <summary>Whether a list of the group, from 0 to <see cref="FrameLists.PerGroup"/> - 1, is empty.</summary>
    protected bool IsEmpty(int list) => Lists.IsEmpty(_firstList + list);

    /// <summary>The frame longest on a list.</summary>
    protected int Tail(int list) => Lists.Tail(_firstList + list);

    /// <summary>Whether a node is the head of a list: what stands before the first frame.</summary>
    protected bool IsHead(int list, int node) => node == ~(_firstList + list);

    /// <summary>Moves a frame and all that stand between it and the tail of a list to the head of another, as they are ordered.</summary>
    protected void MoveTail(int from, int node, int to) => Lists.MoveTail(_firstList + from, node, _firstList + to);

    /// <summary>Puts a frame at the head of a list, with a new <see cref="NodeFlags.LruState"/>.</summary>
    protected void AddHead(int list, int node, NodeFlags state) => Lists.AddHead(_firstList + list, node, (uint)state);

    /// <summary>Puts a frame at the tail of a list, with a new <see cref="NodeFlags.LruState"/>.</summary>
    protected void AddTail(int list, int node, NodeFlags state) => Lists.AddTail(_firstList + list, node, (uint)state);
}
