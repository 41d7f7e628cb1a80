namespace FleetEstimator.Traces.Synthesis;

/// <summary>Random numbers that depend on nothing but a seed, on any machine and with any runtime: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).</summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Uniform in [0, 1).</summary>
    public double Share() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound), which is at least 1.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>A number rounded down or up so that its mean is kept.</summary>
    public long Round(double number) => (long)Math.Floor(number + Share());

    /// <summary>Puts a list into random order.</summary>
    public void Shuffle<T>(List<T> list)
    {
        for (var at = list.Count - 1; at > 0; at--)
        {
            var other = Below(at + 1);
            (list[at], list[other]) = (list[other], list[at]);
        }
    }

    private ulong Next()
    {
        var z = _state += 0x9e3779b97f4a7c15UL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
        return z ^ (z >> 31);
    }
}
