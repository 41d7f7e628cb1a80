namespace FleetEstimator.Recorder;

/// <summary>
/// Idle page tracking: every access through a page table, by whichever process shares the frame. With soft-dirty bits it tells writes from reads.
/// </summary>
internal sealed class IdlePageSource : AccessSource
{
    private readonly KernelTree _kernel;
    private readonly IdlePageBitmap _bitmap;
    private readonly SoftDirtyBits? _softDirty;
    private readonly bool _flushes;
    private readonly PageTable _table = new();
    private readonly ulong[] _heads = new ulong[PageBatch.Capacity];
    private ulong _lastHead;
    private bool? _isLastHeadIdle;

    /// <summary>Takes over an open bitmap.</summary>
    internal IdlePageSource(KernelTree kernel, IdlePageBitmap bitmap, bool withSoftDirty) =>
        (_kernel, _bitmap, _softDirty, _flushes) = (kernel, bitmap, withSoftDirty ? new SoftDirtyBits(kernel) : null, !PageTable.HasSoftDirtyBits(kernel));

    /// <inheritdoc/>
    internal override string Name => _softDirty is null ? "idle-page" : "idle-page+soft-dirty";

    /// <inheritdoc/>
    internal override void BeginProcess(int pid, RecordedProcess process, IReadOnlyList<AnonymousMapping> vmas, IReadOnlyList<PageRange> recorded)
    {
        _table.Open(_kernel, pid);
        _softDirty?.Begin(process, vmas, recorded);
        _lastHead = 0;
    }

    /// <inheritdoc/>
    internal override void Ask(PageBatch batch, RecordedProcess process)
    {
        _table.Read(batch);
        _bitmap.Refresh();
        for (var index = 0; index < batch.Count; index++)
        {
            var before = process.Pages[batch.Pages[index]];
            var head = _heads[index] = batch.HasContent(index) && _table.Frame(index) is not 0 and var frame ? _bitmap.HeadOf(frame) : 0;
            var accessed = Accessed(head, in before, batch.IsHuge(index));
            batch.Uses[index] = _softDirty is null
                ? accessed
                : Combine(accessed, _softDirty.Use(batch.Pages[index], _table.IsSoftDirty(index), in before, batch.IsHuge(index)));
        }
    }

    /// <inheritdoc/>
    internal override void Watch(PageBatch batch)
    {
        MarkHeads(batch.Count);
        _bitmap.Refresh();
        for (var index = 0; index < batch.Count; index++)
            batch.IsWatched[index] = _heads[index] != 0 && _bitmap.IsMarked(_heads[index]);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _table.Dispose();
        _bitmap.Dispose();
        base.Dispose();
    }

    /// <summary>
    /// Makes the processors forget the translations of the process: as long as one holds a page's translation, an access does not set the page's bit again, and the
    /// kernel, which clears the bits, leaves translations alone (ptep_clear_flush_young in arch/x86/mm/pgtable.c). Without this the pages in use all the time would
    /// be the ones to look idle. Clearing soft-dirty bits does it; where they are there and not ours, they are left alone.
    /// </summary>
    internal override void EndProcess(int pid, RecordedProcess process, PageMap pageMap)
    {
        if (_softDirty is not null)
            _softDirty.End(pid, process, pageMap);
        else if (_flushes)
            SoftDirtyBits.Clear(_kernel, pid);
    }

    /// <summary>Joins both facilities.</summary>
    internal static PageUse Combine(PageUse accessed, PageUse written) => (accessed, written) switch
    {
        (_, PageUse.Written) => PageUse.Written,
        (PageUse.Accessed, PageUse.Untouched) => PageUse.Read,
        _ => accessed,
    };

    private PageUse Accessed(ulong head, in PageState before, bool isHuge)
    {
        // A huge page that khugepaged made is new, and was never marked.
        if (head == 0 || !before.IsWatched || (isHuge && !before.IsHuge))
            return PageUse.NotKnown;
        // The pages of one huge page are in several batches, and the first one's look marks all of it anew.
        if (head != _lastHead)
            (_lastHead, _isLastHeadIdle) = (head, _bitmap.IsIdle(head));
        return _isLastHeadIdle switch
        {
            true => PageUse.Untouched,
            false => PageUse.Accessed,
            null => PageUse.NotKnown,
        };
    }

    private void MarkHeads(int count)
    {
        ulong word = 0, bits = 0;
        foreach (var head in _heads.AsSpan(0, count))
        {
            if (head == 0)
                continue;
            if (head / 64 != word && bits != 0)
            {
                _bitmap.Mark(word, bits);
                bits = 0;
            }

            word = head / 64;
            bits |= 1UL << (int)(head % 64);
        }

        if (bits != 0)
            _bitmap.Mark(word, bits);
    }
}
