namespace FleetEstimator.Recorder;

/// <summary>The entries of /proc/PID/pagemap for the pages of one batch (Documentation/admin-guide/mm/pagemap.rst).</summary>
internal sealed unsafe class PageTable : IDisposable
{
    private const ulong PresentBit = 1UL << 63;
    private const ulong SwappedBit = 1UL << 62;
    private const ulong SoftDirtyBit = 1UL << 55;
    private const ulong FrameMask = SoftDirtyBit - 1;

    private readonly ulong[] _entries = GC.AllocateArray<ulong>(PageBatch.Capacity, pinned: true);
    private int _descriptor = -1;

    /// <summary>Whether this user may see page frame numbers, of this very process to begin with.</summary>
    internal static Availability Check(KernelTree kernel) => EntryOfOwnPage(kernel) switch
    {
        null => new($"{kernel.Proc}/self/pagemap cannot be read.", "The kernel needs CONFIG_PROC_PAGE_MONITOR."),
        { } entry when (entry & FrameMask) == 0 => new("Page frame numbers are hidden from this user.", "Run as root, with CAP_SYS_ADMIN."),
        _ => default,
    };

    /// <summary>Whether this kernel keeps soft-dirty bits: a page that was just written for the first time has one.</summary>
    internal static bool HasSoftDirtyBits(KernelTree kernel) => ((EntryOfOwnPage(kernel) ?? 0) & SoftDirtyBit) != 0;

    /// <summary>Opens the page table of a process in place of the one before. When it is gone, every entry reads as absent.</summary>
    internal void Open(KernelTree kernel, int pid)
    {
        Dispose();
        _descriptor = Linux.Open($"{kernel.Proc}/{pid}/pagemap", Linux.ReadOnly | Linux.CloseOnExec);
    }

    /// <summary>Reads the entries of a batch, one call for each run of neighbouring pages.</summary>
    internal void Read(PageBatch batch)
    {
        var pages = batch.Pages;
        for (var first = 0; first < pages.Length;)
        {
            var end = first + 1;
            while (end < pages.Length && pages[end] == pages[end - 1] + 1)
                end++;
            fixed (ulong* entries = &_entries[first])
            {
                var got = Linux.ReadAt(_descriptor, entries, (nuint)(end - first) * sizeof(ulong), (long)(pages[first] * sizeof(ulong)));
                _entries.AsSpan((first + (int)(Math.Max(0, got) / sizeof(ulong)))..end).Clear();
            }

            first = end;
        }
    }

    /// <summary>The page frame behind page number <paramref name="index"/> of the batch; 0 if it is not present or this user may not know.</summary>
    internal ulong Frame(int index) => (_entries[index] & (PresentBit | SwappedBit)) == PresentBit ? _entries[index] & FrameMask : 0;

    /// <summary>Whether the soft-dirty bit of page number <paramref name="index"/> of the batch is set.</summary>
    internal bool IsSoftDirty(int index) => (_entries[index] & SoftDirtyBit) != 0;

    /// <summary>The entry of a page of this process that was mapped and written a moment ago; null if it cannot be read.</summary>
    private static ulong? EntryOfOwnPage(KernelTree kernel)
    {
        var size = (nuint)Environment.SystemPageSize;
        var page = Linux.Map(null, size, Linux.ProtectReadWrite, Linux.MapPrivate | Linux.MapAnonymous, -1, 0);
        var descriptor = Linux.Open($"{kernel.Proc}/self/pagemap", Linux.ReadOnly | Linux.CloseOnExec);
        if (descriptor < 0 || (nint)page == -1)
            return null;
        *page = 1;
        ulong entry;
        var got = Linux.ReadAt(descriptor, &entry, sizeof(ulong), (long)((nuint)page / size * sizeof(ulong)));
        _ = Linux.Close(descriptor);
        _ = Linux.Unmap(page, size);
        return got == sizeof(ulong) ? entry : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_descriptor >= 0)
            _ = Linux.Close(_descriptor);
        _descriptor = -1;
    }
}
