namespace FleetEstimator.Paging;

/// <summary>
/// Reclaim because the node's memory runs out, not a group's limit: below the low watermark kswapd reclaims up to the high one, below the
/// lowest an allocation reclaims for itself (__setup_per_zone_wmarks and __alloc_pages_slowpath in mm/page_alloc.c). kswapd is taken to be as fast as
/// it is needed: it has done its work when the allocation that woke it goes on.
/// </summary>
internal sealed class Watermarks
{
    // MAX_RECLAIM_RETRIES.
    private const int Retries = 16;

    private readonly Kernel _kernel;
    private readonly MemoryGroup _node;
    private readonly long _available;
    private readonly long _min;
    private readonly long _low;
    private readonly long _high;
    private readonly Func<bool> _isBalanced;

    public Watermarks(Kernel kernel, MemoryGroup node, NodeSettings settings)
    {
        (_kernel, _node) = (kernel, node);
        _available = settings.MemoryPages - settings.UnmodelledPages;
        _min = settings.MinFreePages ?? DefaultMinFreePages(settings);
        var distance = Math.Max(_min / 4, settings.MemoryPages * settings.WatermarkScaleFactor / 10_000);
        (_low, _high) = (_min + distance, _min + 2 * distance);
        _isBalanced = () => Free >= _high;
    }

    /// <summary>Pages that neither processes, the swap cache nor compressed swap use, nor what the recordings do not hold.</summary>
    private long Free => _available - _kernel.Frames - _kernel.CompressedPages;

    /// <summary>Whether an allocation wakes no reclaim.</summary>
    public bool HasRoom(int frames) => Free - frames >= _low;

    /// <summary>Makes room for an allocation; false if reclaim finds none.</summary>
    public bool TryAllocate(int frames)
    {
        if (HasRoom(frames))
            return true;
        _node.ReclaimUntil(_isBalanced, Math.Max(_high - Free, MemoryGroup.ReclaimMin));
        for (var attempt = 0; Free - frames < _min && attempt < Retries;)
        {
            if (_node.TryToFree(MemoryGroup.ReclaimMin) == 0)
                attempt++;
        }

        return Free - frames >= 0;
    }

    /// <summary>init_per_zone_wmark_min: vm.min_free_kbytes = √(16 × memory in KiB), from 128 to 262,144 KiB.</summary>
    public static long DefaultMinFreePages(NodeSettings settings)
    {
        var kibibytes = settings.MemoryPages * settings.PageBytes / 1024;
        return (long)Math.Clamp(Math.Sqrt(16.0 * kibibytes), 128, 262_144) * 1024 / settings.PageBytes;
    }
}
