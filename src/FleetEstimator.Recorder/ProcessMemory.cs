namespace FleetEstimator.Recorder;

/// <summary>The contents of the pages of one batch. The buffer is reused, handed out only as spans of a page, and cleared at the end.</summary>
internal sealed class PageContents : IDisposable
{
    private readonly int _pageSize = Environment.SystemPageSize;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(PageBatch.Capacity * Environment.SystemPageSize, pinned: true);
    private readonly bool[] _isRead = new bool[PageBatch.Capacity];

    /// <summary>The content of page number <paramref name="index"/> of the batch read last; empty if it could not be read.</summary>
    internal ReadOnlySpan<byte> this[int index] => _isRead[index] ? _buffer.AsSpan(index * _pageSize, _pageSize) : default;

    /// <summary>Room for <paramref name="count"/> pages from page number <paramref name="first"/> of the batch on.</summary>
    internal Span<byte> Room(int first, int count) => _buffer.AsSpan(first * _pageSize, count * _pageSize);

    /// <summary>Forgets what was read.</summary>
    internal void Clear() => _isRead.AsSpan().Clear();

    /// <summary>Notes that <paramref name="count"/> pages have been read.</summary>
    internal void MarkRead(int first, int count) => _isRead.AsSpan(first, count).Fill(true);

    /// <inheritdoc/>
    public void Dispose() => _buffer.AsSpan().Clear();
}

/// <summary>Reads present pages of one process from /proc/PID/mem, which stays the memory of the program that ran when it was opened.</summary>
/// <remarks>
/// Not process_vm_readv: that pins pages, and pinning a page that fork shares gives the process a copy of its own (gup_must_unshare in
/// include/linux/mm.h); looking would undo the sharing it looks at. Both fault absent pages in, so that only pages are read that were present a moment
/// ago, and both mark what they read as accessed: see the README.
/// </remarks>
internal sealed unsafe class ProcessMemory : IDisposable
{
    private readonly int _descriptor;

    private ProcessMemory(int descriptor) => _descriptor = descriptor;

    /// <summary>Opens the memory of a process; null if it is gone.</summary>
    /// <exception cref="RecordingException">This user may not read the process.</exception>
    internal static ProcessMemory? Open(int pid)
    {
        var descriptor = Linux.Open($"/proc/{pid}/mem", Linux.ReadOnly | Linux.CloseOnExec);
        if (descriptor >= 0)
            return new ProcessMemory(descriptor);
        return Linux.Errno is Linux.NoEntry or Linux.NoSuchProcess ? null : throw PageMaps.NotPermitted(pid, "mem", Linux.Errno);
    }

    /// <summary>Reads every page of the batch that has content. A page that cannot be read, whatever the kernel's reason, is left out.</summary>
    internal void Read(PageBatch batch, PageContents contents)
    {
        contents.Clear();
        for (var first = 0; first < batch.Count;)
        {
            var end = EndOfRun(batch, first);
            if (end > first)
            {
                var pages = ReadRun(batch.Pages[first], contents.Room(first, end - first));
                contents.MarkRead(first, pages);
                // The page at which the kernel stopped is passed over, and the rest of the run tried from there.
                end = Math.Min(end, first + pages + 1);
            }

            first = Math.Max(end, first + 1);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ = Linux.Close(_descriptor);

    /// <summary>Number in the batch of the page after the last one that follows page number <paramref name="first"/> without a gap; itself, if it has no content.</summary>
    private static int EndOfRun(PageBatch batch, int first)
    {
        var end = first;
        while (end < batch.Count && batch.HasContent(end) && batch.Pages[end] - batch.Pages[first] == (ulong)(end - first))
            end++;
        return end;
    }

    /// <summary>Whole pages read.</summary>
    private int ReadRun(ulong page, Span<byte> room)
    {
        nint got;
        fixed (byte* buffer = room)
            got = Linux.ReadAt(_descriptor, buffer, (nuint)room.Length, (long)(page * (ulong)Environment.SystemPageSize));
        return (int)(Math.Max(0, got) / Environment.SystemPageSize);
    }
}
