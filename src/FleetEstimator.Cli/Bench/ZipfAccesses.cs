using System.Numerics;

namespace FleetEstimator.Cli.Bench;

/// <summary>
/// A sequence of independent accesses to pages 0..N-1 in which the page of rank k (1..N) is drawn with probability proportional to k^-A. Ranks are
/// scattered over the pages, so that popular pages are no neighbours. The same seed gives the same sequence on every machine.
/// </summary>
internal sealed class ZipfAccesses
{
    private readonly double _exponent;
    private readonly double _integralAtFirst;
    private readonly double _integralAtEnd;
    private readonly double _acceptedDistance;
    private readonly uint _pages;
    private readonly int _scatterShift;
    private readonly uint _scatterMask;
    private readonly uint _scatterKey;
    private ulong _random;

    /// <summary>A sequence over <paramref name="pages"/> pages, at least 1. Exponent 0 is uniform.</summary>
    public ZipfAccesses(uint pages, double exponent, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pages);
        ArgumentOutOfRangeException.ThrowIfNegative(exponent);
        (_pages, _exponent, _random) = (pages, exponent, seed);
        _integralAtFirst = Integral(1.5) - 1;
        _integralAtEnd = Integral(pages + 0.5);
        _acceptedDistance = 2 - InverseIntegral(Integral(2.5) - Density(2));
        var bits = Math.Max(2, BitOperations.Log2(pages) + 1);
        _scatterMask = (uint)((1UL << bits) - 1);
        _scatterShift = (bits + 1) / 2;
        _scatterKey = (uint)NextRandom();
    }

    /// <summary>The next page.</summary>
    public uint Next() => Scatter(NextRank() - 1);

    /// <summary>The next <paramref name="count"/> pages.</summary>
    public uint[] Take(int count)
    {
        var pages = GC.AllocateUninitializedArray<uint>(count);
        foreach (ref var page in pages.AsSpan())
            page = Next();
        return pages;
    }

    /// <summary>Rejection-inversion (W. Hörmann, G. Derflinger, ACM TOMACS 6(3), 1996): exact for any N, without a table of N probabilities.</summary>
    private uint NextRank()
    {
        while (true)
        {
            var area = _integralAtEnd + NextUnit() * (_integralAtFirst - _integralAtEnd);
            var x = InverseIntegral(area);
            var rank = Math.Clamp((uint)(x + 0.5), 1, _pages);
            if (rank - x <= _acceptedDistance || area >= Integral(rank + 0.5) - Density(rank))
                return rank;
        }
    }

    private double Density(double x) => Math.Exp(-_exponent * Math.Log(x));

    /// <summary>An antiderivative of <see cref="Density"/>.</summary>
    private double Integral(double x) => _exponent == 1 ? Math.Log(x) : (Math.Exp((1 - _exponent) * Math.Log(x)) - 1) / (1 - _exponent);

    private double InverseIntegral(double area) =>
        _exponent == 1 ? Math.Exp(area) : Math.Exp(Math.Log(Math.Max(1 + area * (1 - _exponent), double.Epsilon)) / (1 - _exponent));

    /// <summary>
    /// A permutation of 0..N-1 that needs no table: each step (multiply by an odd number, shift-xor, add) is a bijection of the next power of two, applied
    /// again while the result lies outside (cycle walking).
    /// </summary>
    private uint Scatter(uint rank)
    {
        var page = rank;
        do
        {
            page = (page + _scatterKey) & _scatterMask;
            page = (page * 0x9E3779B1) & _scatterMask;
            page ^= page >> _scatterShift;
            page = (page * 0x85EBCA6B) & _scatterMask;
            page ^= page >> _scatterShift;
        }
        while (page >= _pages);
        return page;
    }

    private double NextUnit() => (NextRandom() >> 11) * (1.0 / (1UL << 53));

    /// <summary>SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).</summary>
    private ulong NextRandom()
    {
        var bits = _random += 0x9E3779B97F4A7C15;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }
}
