using System.Numerics;

namespace FleetEstimator.Traces.Synthesis;

/// <summary>Counts sizes by power of two.</summary>
internal sealed class SizeCounts
{
    private readonly long[] _pieces = new long[64];
    private readonly double[] _pages = new double[64];

    public void Add(long pages)
    {
        if (pages <= 0)
            return;
        var power = BitOperations.Log2((ulong)pages);
        _pieces[power]++;
        _pages[power] += pages;
    }

    public double MeanPages => _pieces.Sum() == 0 ? 1 : _pages.Sum() / _pieces.Sum();

    /// <summary>The mean size for each power of two, with its share of pieces; pieces of one page if there are none.</summary>
    public PageSizes Sizes()
    {
        var all = _pieces.Sum();
        return all == 0 ? new([(1, 1)]) : new([.. Enumerable.Range(0, 64).Where(power => _pieces[power] > 0)
            .Select(power => (_pages[power] / _pieces[power], (double)_pieces[power] / all))]);
    }
}
