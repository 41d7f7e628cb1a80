namespace FleetEstimator.Paging;

/// <summary>
/// Which frames of one memory group leave memory first (the kernel's lruvec). <see cref="MemoryGroup"/> decides when and how hard to reclaim;
/// the policy keeps the lists and hands frames to <see cref="Kernel.SwapOut"/>.
/// </summary>
internal abstract class ReclaimPolicy(Kernel kernel, int group)
{
    private readonly int _firstList = group * FrameLists.PerGroup;

    protected Kernel Kernel { get; } = kernel;

    /// <summary>Number of the group.</summary>
    protected int Group { get; } = group;

    /// <summary>Frames on the lists: what is charged to the group.</summary>
    public long Frames { get; private set; }

    protected FrameLists Lists { get; } = kernel.Lists;

    /// <summary>A frame that a fault brought in, or that was split off a large folio.</summary>
    public void AddFaulted(int node)
    {
        Frames += Kernel.FolioPages(node);
        Add(node);
    }

    /// <summary>A frame, or a folio as a whole, that goes.</summary>
    public void Remove(int node) => Remove(node, Kernel.FolioPages(node), Kernel.FlagsOf(node));

    /// <summary>The same for a folio whose flags have been taken away already.</summary>
    public void Remove(int node, int pages, NodeFlags flags)
    {
        Frames -= pages;
        Forget(pages, flags);
        Lists.Remove(node);
    }

    /// <summary>A frame changes its name, not its place.</summary>
    public void Rename(int old, int node) => Lists.Replace(old, node);

    /// <summary>A process has run since the last call.</summary>
    public virtual void ProcessesRan()
    {
    }

    /// <summary>
    /// shrink_lruvec: one pass over the lists, the harder the lower the priority (0: everything). Returns how many frames the group is smaller by.
    /// </summary>
    /// <param name="priority">A pass looks at 1/2^priority of the frames.</param>
    /// <param name="wanted">Frames after which a pass may stop early.</param>
    public abstract long Shrink(int priority, long wanted);

    /// <summary>Puts a frame that a fault brought in on a list.</summary>
    protected abstract void Add(int node);

    /// <summary>Takes a frame that goes out of what is counted of the lists; it is unlinked afterwards.</summary>
    protected abstract void Forget(int pages, NodeFlags flags);

    /// <summary>Whether a list of the group, from 0 to <see cref="FrameLists.PerGroup"/> - 1, is empty.</summary>
    protected bool IsEmpty(int list) => Lists.IsEmpty(_firstList + list);

    /// <summary>The frame longest on a list.</summary>
    protected int Tail(int list) => Lists.Tail(_firstList + list);

    protected void AddHead(int list, int node) => Lists.AddHead(_firstList + list, node);

    protected void AddTail(int list, int node) => Lists.AddTail(_firstList + list, node);
}
