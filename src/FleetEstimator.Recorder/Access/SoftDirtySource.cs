namespace FleetEstimator.Recorder;

/// <summary>Soft-dirty bits alone: every write, no read.</summary>
internal sealed class SoftDirtySource(KernelTree kernel) : AccessSource
{
    private readonly SoftDirtyBits _bits = new(kernel);

    /// <inheritdoc/>
    internal override string Name => "soft-dirty";

    /// <inheritdoc/>
    internal override void BeginProcess(int pid, RecordedProcess process, PageMap pageMap, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded) =>
        _bits.ReadAndClear(pid, process, pageMap, vmas, recorded);

    /// <inheritdoc/>
    internal override void Ask(PageBatch batch, RecordedProcess process)
    {
        for (var index = 0; index < batch.Count; index++)
        {
            var before = process.Pages[batch.Pages[index]];
            // Clean tells nothing of reads.
            batch.Uses[index] = _bits.Use(batch.Pages[index], in before, batch.IsHuge(index)) == PageUse.Written ? PageUse.Written : PageUse.NotKnown;
        }
    }
}
