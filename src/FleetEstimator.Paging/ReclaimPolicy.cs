namespace FleetEstimator.Paging;

/// <summary>
/// Which frames of one <see cref="MemoryGroup"/> leave memory first (the kernel's lruvec). The group decides when and how hard to reclaim;
/// the policy keeps the lists and hands frames to <see cref="Kernel.SwapOut"/>.
/// </summary>
internal abstract class ReclaimPolicy(Kernel kernel, MemoryGroup group)
{
    protected Kernel Kernel { get; } = kernel;

    protected MemoryGroup Group { get; } = group;

    protected FrameLists Lists { get; } = kernel.Lists;

    /// <summary>A frame that a fault brought in, or that was split off a large folio.</summary>
    public abstract void AddFaulted(int node);

    /// <summary>A frame, or a folio as a whole, that goes.</summary>
    public void Remove(int node) => Remove(node, Kernel.FolioPages(node), Kernel.FlagsOf(node));

    /// <summary>The same for a folio whose flags have been taken away already.</summary>
    public abstract void Remove(int node, int pages, NodeFlags flags);

    /// <summary>A frame changes its name, not its place.</summary>
    public void Rename(int old, int node) => Lists.Replace(old, node);

    /// <summary>
    /// shrink_lruvec: one pass over the lists, the harder the lower the priority (0: everything). Returns how many frames the group is smaller by.
    /// </summary>
    /// <param name="priority">A pass looks at 1/2^priority of the frames.</param>
    /// <param name="wanted">Frames after which a pass may stop early.</param>
    public abstract long Shrink(int priority, long wanted);
}
