namespace FleetEstimator.Recorder;

/// <summary>Reads present pages of other processes into one buffer, which is handed out only as spans of a page and cleared at the end.</summary>
/// <remarks>
/// process_vm_readv faults absent pages in, so it is given only pages that were present a moment ago. It marks the pages it reads as accessed, as any
/// load would: the README says what that means for the recorded machine.
/// </remarks>
internal sealed unsafe class ProcessMemory : IDisposable
{
    private readonly int _pageSize = Environment.SystemPageSize;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(PageBatch.Capacity * Environment.SystemPageSize, pinned: true);
    private readonly Linux.IoVector[] _local = GC.AllocateUninitializedArray<Linux.IoVector>(PageBatch.Capacity, pinned: true);
    private readonly Linux.IoVector[] _remote = GC.AllocateUninitializedArray<Linux.IoVector>(PageBatch.Capacity, pinned: true);
    private readonly bool[] _isRead = new bool[PageBatch.Capacity];

    /// <summary>The content of page number <paramref name="index"/> of the batch read last; empty if it could not be read.</summary>
    internal ReadOnlySpan<byte> Page(int index) => _isRead[index] ? _buffer.AsSpan(index * _pageSize, _pageSize) : default;

    /// <summary>Reads every page of the batch that has content. Pages that cannot be read (mappings without read permission) stay empty.</summary>
    /// <returns>False if the process no longer exists.</returns>
    /// <exception cref="RecordingException">This user may not read the process.</exception>
    internal bool Read(int pid, PageBatch batch)
    {
        _isRead.AsSpan().Clear();
        for (var index = 0; index < batch.Count;)
        {
            if (!batch.HasContent(index))
            {
                index++;
                continue;
            }

            var vectors = CollectVectors(batch, index);
            nint got;
            fixed (Linux.IoVector* local = _local, remote = _remote)
                got = Linux.ReadProcessMemory(pid, local, (nuint)vectors, remote, (nuint)vectors, 0);
            if (got < 0)
            {
                switch (Linux.Errno)
                {
                    case Linux.NoSuchProcess:
                        return false;
                    case Linux.BadAddress or Linux.InputOutput:
                        break;
                    default:
                        throw new RecordingException(
                            RecordingFailure.NotPermitted,
                            $"The memory of process {pid} cannot be read: {Linux.Describe(Linux.Errno)}. Run as root or with CAP_SYS_PTRACE.");
                }
            }

            index = MarkRead(batch, index, Math.Max(0, got));
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.AsSpan().Clear();

    /// <summary>One vector per run of pages with content from page <paramref name="index"/> to the end of the batch; every page has its own place in the buffer.</summary>
    private int CollectVectors(PageBatch batch, int index)
    {
        var vectors = 0;
        var pages = batch.Pages;
        fixed (byte* buffer = &_buffer[0])
        {
            while (index < batch.Count)
            {
                if (!batch.HasContent(index))
                {
                    index++;
                    continue;
                }

                var first = index;
                do
                    index++;
                while (index < batch.Count && batch.HasContent(index) && pages[index] == pages[index - 1] + 1);
                var bytes = (nuint)(index - first) * (nuint)_pageSize;
                _local[vectors] = new Linux.IoVector { Address = (nuint)buffer + ((nuint)first * (nuint)_pageSize), Length = bytes };
                _remote[vectors] = new Linux.IoVector { Address = (nuint)pages[first] * (nuint)_pageSize, Length = bytes };
                vectors++;
            }
        }

        return vectors;
    }

    /// <summary>Marks the pages that <paramref name="bytes"/> cover from page <paramref name="index"/> on; returns the page after the one the kernel stopped at.</summary>
    private int MarkRead(PageBatch batch, int index, nint bytes)
    {
        for (; index < batch.Count && bytes >= _pageSize; index++)
        {
            if (!batch.HasContent(index))
                continue;
            _isRead[index] = true;
            bytes -= _pageSize;
        }

        while (index < batch.Count && !batch.HasContent(index))
            index++;
        return index + 1;
    }
}
