namespace FleetEstimator.Paging;

/// <summary>What a node uses at one moment.</summary>
/// <param name="MappedFrames">Resident set: distinct frames mapped by any process, in pages; the zero page is none of them.</param>
/// <param name="UnmappedCacheFrames">Frames in the swap cache that no process maps, in pages.</param>
/// <param name="ZeroFilledFrames">Mapped frames filled with zeros, in pages.</param>
/// <param name="Slots">Swap slots in use.</param>
/// <param name="SlotsHoldingData">Slots on whose copy the device spends memory.</param>
/// <param name="HiddenZeroEntries">Pages a mechanism took out of users' swap accounting.</param>
/// <param name="PinnedUnmappedFrames">Frames that no process maps and only long-term pins keep, in pages.</param>
/// <param name="ZswapEntryBytes">What zswap spends beside the copies in <paramref name="SlotsHoldingData"/>, in bytes: its entries, and the little that pages of one repeated word compress to.</param>
/// <param name="StrandedFrames">Frames of large folios that no process maps any more and that go with the rest of their folio, in pages.</param>
public readonly record struct NodeState(
    long MappedFrames, long UnmappedCacheFrames, long ZeroFilledFrames, long Slots, long SlotsHoldingData, long HiddenZeroEntries, long PinnedUnmappedFrames = 0, long ZswapEntryBytes = 0,
    long StrandedFrames = 0)
{
    /// <summary>RSS, swap cache, frames that only pins or the rest of a large folio keep, and what the swap device keeps in memory, in bytes: what the node really spends.</summary>
    public long MemoryBytes(NodeSettings settings) =>
        (MappedFrames + UnmappedCacheFrames + PinnedUnmappedFrames + StrandedFrames) * settings.PageBytes + SlotsHoldingData * settings.CompressedPageBytes + ZswapEntryBytes;
}

/// <summary>What a node used over a period: means over time (rounded down), peaks over all moments that last, and events.</summary>
/// <param name="Microseconds">Length of the period.</param>
/// <param name="RssMeanBytes">Mean resident set size.</param>
/// <param name="RssPeakBytes">Peak resident set size.</param>
/// <param name="MemoryMeanBytes">Mean of <see cref="NodeState.MemoryBytes"/>.</param>
/// <param name="MemoryPeakBytes">Peak of <see cref="NodeState.MemoryBytes"/>.</param>
/// <param name="ZeroFilledMeanBytes">Mean zero-filled part of the resident set.</param>
/// <param name="SlotsMeanPages">Mean swap slots in use.</param>
/// <param name="HiddenMeanPages">Mean pages taken out of users' swap accounting.</param>
/// <param name="Counters">Events in the period.</param>
public readonly record struct UsageOverTime(
    long Microseconds,
    long RssMeanBytes,
    long RssPeakBytes,
    long MemoryMeanBytes,
    long MemoryPeakBytes,
    long ZeroFilledMeanBytes,
    long SlotsMeanPages,
    long HiddenMeanPages,
    Counters Counters);

/// <summary>Sums of state times time for one kernel, in page microseconds.</summary>
internal sealed class Usage(NodeSettings settings)
{
    private long _elapsed;
    private Int128 _mapped;
    private Int128 _unmapped;
    private Int128 _zeroFilled;
    private Int128 _slots;
    private Int128 _slotsHoldingData;
    private Int128 _hidden;
    private Int128 _zswapEntryBytes;
    private long _mappedPeak;
    private long _memoryPeakBytes;
    private Counters _before;

    public void Begin(Counters counters)
    {
        _before = counters;
        _elapsed = 0;
        _mapped = _unmapped = _zeroFilled = _slots = _slotsHoldingData = _hidden = _zswapEntryBytes = 0;
        _mappedPeak = _memoryPeakBytes = 0;
    }

    public void Pass(long microseconds, NodeState state)
    {
        _elapsed += microseconds;
        _mapped += (Int128)state.MappedFrames * microseconds;
        _unmapped += (Int128)(state.UnmappedCacheFrames + state.PinnedUnmappedFrames + state.StrandedFrames) * microseconds;
        _zeroFilled += (Int128)state.ZeroFilledFrames * microseconds;
        _slots += (Int128)state.Slots * microseconds;
        _slotsHoldingData += (Int128)state.SlotsHoldingData * microseconds;
        _hidden += (Int128)state.HiddenZeroEntries * microseconds;
        _zswapEntryBytes += (Int128)state.ZswapEntryBytes * microseconds;
        _mappedPeak = Math.Max(_mappedPeak, state.MappedFrames);
        _memoryPeakBytes = Math.Max(_memoryPeakBytes, state.MemoryBytes(settings));
    }

    public UsageOverTime Result(Counters counters)
    {
        var (page, compressed) = (settings.PageBytes, settings.CompressedPageBytes);
        return new UsageOverTime(
            _elapsed,
            Mean(_mapped * page),
            _mappedPeak * page,
            Mean((_mapped + _unmapped) * page + _slotsHoldingData * compressed + _zswapEntryBytes),
            _memoryPeakBytes,
            Mean(_zeroFilled * page),
            Mean(_slots),
            Mean(_hidden),
            counters.Since(_before));
    }

    private long Mean(Int128 sum) => _elapsed == 0 ? 0 : (long)(sum / _elapsed);
}
