namespace FleetEstimator.Recorder;

/// <summary>
/// The idle flags of page frames: /sys/kernel/mm/page_idle/bitmap with /proc/kpageflags (mm/page_idle.c, Documentation/admin-guide/mm/idle_page_tracking.rst).
/// Frames are read and written 64 at a time; of the others in such a word only the flags that are set are brought up to date, which loses nothing.
/// </summary>
internal sealed unsafe class IdlePageBitmap : IDisposable
{
    // include/uapi/linux/kernel-page-flags.h
    private const ulong FlagTail = 1UL << 16;
    private const ulong FlagIdle = 1UL << 25;

    // Folios are aligned to their size, and none that the kernel gives to anonymous memory is larger than a page table's worth.
    private const int FramesPerBlock = 512;

    private readonly ulong[] _flags = GC.AllocateArray<ulong>(FramesPerBlock, pinned: true);
    private readonly int _bitmap;
    private readonly int _pageFlags;
    private ulong _flagsOf = ulong.MaxValue;
    private ulong _bitsOf = ulong.MaxValue;
    private ulong _bits;
    private bool _isWordRead;

    private IdlePageBitmap(int bitmap, int pageFlags) => (_bitmap, _pageFlags) = (bitmap, pageFlags);

    /// <summary>Path of the bitmap.</summary>
    internal static string PathIn(KernelTree kernel) => $"{kernel.Sys}/kernel/mm/page_idle/bitmap";

    /// <summary>Whether idle page tracking can be used.</summary>
    internal static Availability Check(KernelTree kernel)
    {
        if (!File.Exists(PathIn(kernel)))
            return new("This kernel has no idle page tracking.", "It needs CONFIG_IDLE_PAGE_TRACKING.");
        foreach (var (path, flags) in ((string, int)[])[(PathIn(kernel), Linux.ReadWrite), ($"{kernel.Proc}/kpageflags", Linux.ReadOnly)])
        {
            var descriptor = Linux.Open(path, flags | Linux.CloseOnExec);
            if (descriptor < 0)
                return new($"{path} cannot be opened: {Linux.Describe(Linux.Errno)}.", "Run as root, with CAP_SYS_ADMIN.");
            _ = Linux.Close(descriptor);
        }

        return PageTable.Check(kernel);
    }

    /// <summary>Opens the bitmap.</summary>
    /// <exception cref="RecordingException">This kernel has none, or this user may not.</exception>
    internal static IdlePageBitmap Open(KernelTree kernel)
    {
        var bitmap = Linux.Open(PathIn(kernel), Linux.ReadWrite | Linux.CloseOnExec);
        var flags = bitmap < 0 ? -1 : Linux.Open($"{kernel.Proc}/kpageflags", Linux.ReadOnly | Linux.CloseOnExec);
        if (flags >= 0)
            return new IdlePageBitmap(bitmap, flags);
        var errno = Linux.Errno;
        if (bitmap >= 0)
            _ = Linux.Close(bitmap);
        throw new RecordingException(RecordingFailure.NotPermitted, $"Idle page tracking cannot be used: {Linux.Describe(errno)}. Run as root, or use --source content.");
    }

    /// <summary>The frame that stands for the whole folio of a frame: the head of a huge page, the frame itself of a small one.</summary>
    internal ulong HeadOf(ulong frame)
    {
        ReadFlags(frame / FramesPerBlock);
        var first = frame - (frame % FramesPerBlock);
        while (frame > first && (_flags[frame - first] & FlagTail) != 0)
            frame--;
        return frame;
    }

    /// <summary>
    /// Whether nobody accessed the frame since it was marked. True is certain; false also when its mark was lost. Null for the last frames of memory, if their number
    /// is not a multiple of 64: the kernel hands out whole words only.
    /// </summary>
    internal bool? IsIdle(ulong frame)
    {
        if (frame / 64 != _bitsOf)
        {
            ulong bits;
            _isWordRead = Linux.ReadAt(_bitmap, &bits, sizeof(ulong), (long)(frame / 64 * sizeof(ulong))) == sizeof(ulong);
            (_bits, _bitsOf) = (bits, frame / 64);
        }

        return _isWordRead ? (_bits & (1UL << (int)(frame % 64))) != 0 : null;
    }

    /// <summary>Marks frames as idle: up to 64 in one word of the bitmap.</summary>
    /// <param name="word">Number of the first frame / 64.</param>
    /// <param name="bits">The frames.</param>
    internal void Mark(ulong word, ulong bits) => _ = Linux.WriteAt(_bitmap, &bits, sizeof(ulong), (long)(word * sizeof(ulong)));

    /// <summary>
    /// Whether a frame that was marked bears the mark: the kernel passes over those on no list of pages, as new ones are for a while and those on their way
    /// elsewhere. Does not look at page tables: an access since does not show here.
    /// </summary>
    internal bool IsMarked(ulong frame)
    {
        ReadFlags(frame / FramesPerBlock);
        return (_flags[frame % FramesPerBlock] & FlagIdle) != 0;
    }

    /// <summary>Forgets what was read: the kernel may have changed it.</summary>
    internal void Refresh() => _flagsOf = _bitsOf = ulong.MaxValue;

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = Linux.Close(_bitmap);
        _ = Linux.Close(_pageFlags);
    }

    private void ReadFlags(ulong block)
    {
        if (block == _flagsOf)
            return;
        fixed (ulong* flags = _flags)
        {
            var got = Linux.ReadAt(_pageFlags, flags, FramesPerBlock * sizeof(ulong), (long)(block * FramesPerBlock * sizeof(ulong)));
            _flags.AsSpan((int)(Math.Max(0, got) / sizeof(ulong))..).Clear();
        }

        _flagsOf = block;
    }
}
