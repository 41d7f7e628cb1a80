namespace FleetEstimator.Recorder;

/// <summary>Soft-dirty bits alone: every write, no read.</summary>
internal sealed class SoftDirtySource(KernelTree kernel) : AccessSource
{
    private readonly SoftDirtyBits _bits = new(kernel);
    private readonly PageTable _table = new();

    /// <inheritdoc/>
    internal override string Name => "soft-dirty";

    /// <inheritdoc/>
    internal override void BeginProcess(int pid, RecordedProcess process, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded)
    {
        _table.Open(kernel, pid);
        _bits.Begin(process, vmas, recorded);
    }

    /// <inheritdoc/>
    internal override void Ask(PageBatch batch, RecordedProcess process)
    {
        _table.Read(batch);
        for (var index = 0; index < batch.Count; index++)
        {
            var before = process.Pages[batch.Pages[index]];
            var use = _bits.Use(batch.Pages[index], _table.IsSoftDirty(index), in before, batch.IsHuge(index));
            // A clean page may have been read.
            batch.Uses[index] = use == PageUse.Written ? use : PageUse.NotKnown;
        }
    }

    /// <inheritdoc/>
    internal override void EndProcess(int pid, RecordedProcess process, PageMap pageMap) => _bits.End(pid, process, pageMap);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _table.Dispose();
        base.Dispose();
    }
}
