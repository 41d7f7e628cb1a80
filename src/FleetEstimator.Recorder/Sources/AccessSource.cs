namespace FleetEstimator.Recorder;

/// <summary>What a source tells of a page since the scan before.</summary>
internal enum PageUse : byte
{
    /// <summary>Nothing: the source cannot tell, or was not watching yet.</summary>
    NotKnown,

    /// <summary>Neither read nor written.</summary>
    Untouched,

    /// <summary>Read or written: which, the source cannot tell.</summary>
    Accessed,

    /// <summary>Read, not written.</summary>
    Read,

    /// <summary>Written, whether or not its content changed.</summary>
    Written,
}

/// <summary>
/// Where a recording learns which pages were accessed between two scans. Compared contents lie beneath every source: they tell the writes that change
/// something. A scan drives its source in this order: <see cref="BeginScan"/>; for each process <see cref="BeginProcess"/>, for each batch of its pages
/// <see cref="Ask"/>, the look at the contents and <see cref="Watch"/>; then <see cref="EndProcess"/>
/// and <see cref="Provoke"/>; at last <see cref="EndScan"/>.
/// </summary>
internal abstract class AccessSource : IDisposable
{
    /// <summary>Its name in a trace's <c>access_source</c>.</summary>
    internal abstract string Name { get; }

    /// <summary>Whether watching changes what is watched: pages are then sent to swap by the recorder, not by the kernel.</summary>
    internal virtual bool SwapsPagesOut => false;

    /// <summary>What a reader of the trace should know of how it watched, as labels.</summary>
    internal virtual IReadOnlyDictionary<string, string> Labels => new Dictionary<string, string>();

    /// <summary>A scan of all processes begins.</summary>
    internal virtual void BeginScan()
    {
    }

    /// <summary>The pages of one process are about to be looked at.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="process">What the trace knows of it since the scan before.</param>
    /// <param name="vmas">Its private anonymous VMAs, ascending.</param>
    /// <param name="recorded">The parts of them that are recorded, ascending and disjoint.</param>
    internal virtual void BeginProcess(int pid, RecordedProcess process, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded)
    {
    }

    /// <summary>Says what happened to each page of a batch: <see cref="PageBatch.Uses"/>. Before the contents are read, since that is an access, too.</summary>
    internal virtual void Ask(PageBatch batch, RecordedProcess process)
    {
    }

    /// <summary>Begins to watch the pages of a batch whose contents have been read: <see cref="PageBatch.IsWatched"/>.</summary>
    internal virtual void Watch(PageBatch batch)
    {
    }

    /// <summary>All pages of a process have been looked at.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="process">What the trace knows of it now.</param>
    /// <param name="pageMap">Its page table.</param>
    internal virtual void EndProcess(int pid, RecordedProcess process, PageMap pageMap)
    {
    }

    /// <summary>Does what makes the next scan see accesses, if that takes more than watching. Not called when no scan follows.</summary>
    internal virtual void Provoke(int pid, RecordedProcess process)
    {
    }

    /// <summary>A scan of all processes has ended.</summary>
    internal virtual void EndScan()
    {
    }

    /// <summary>What the source counted since the last call.</summary>
    internal virtual PageTally TakeTally() => default;

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}

/// <summary>No source but the contents themselves.</summary>
internal sealed class ContentSource : AccessSource
{
    /// <inheritdoc/>
    internal override string Name => "content-diff";
}
