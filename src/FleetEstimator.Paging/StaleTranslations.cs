namespace FleetEstimator.Paging;

/// <summary>
/// Pages that were unmapped while a TLB may still have let other CPUs store to them, each until its flush. A store in that time goes to the old frame
/// and takes no fault.
/// </summary>
/// <param name="windowMicroseconds">From unmapping a page to the flush; 0 = stores are never taken to fall into it.</param>
internal sealed class StaleTranslations(long windowMicroseconds)
{
    private readonly Dictionary<int, long> _unmappedAt = [];
    private long _last;

    /// <summary>The entry is unmapped without a flush.</summary>
    public void Add(int index, long now)
    {
        if (windowMicroseconds == 0)
            return;
        if (now - _last >= windowMicroseconds)
            _unmappedAt.Clear();
        _unmappedAt[index] = _last = now;
    }

    /// <summary>The entry is unmapped without such a risk.</summary>
    public void Forget(int index) => _unmappedAt.Remove(index);

    /// <summary>Whether a store now may go through a translation that is out of date. Answers once for each time it was unmapped.</summary>
    public bool Take(int index, long now) => _unmappedAt.Count > 0 && _unmappedAt.Remove(index, out var since) && now - since < windowMicroseconds;
}
