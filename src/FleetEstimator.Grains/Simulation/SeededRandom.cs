using System.Text;

namespace FleetEstimator.Grains.Simulation;

/// <summary>
/// Random numbers that depend on nothing but a study's seed and what they are for, so that any silo, in any order, draws the same for the
/// same node. SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), keyed with FNV-1a.
/// </summary>
internal struct SeededRandom
{
    private ulong _state;

    /// <summary>The stream of one node: <paramref name="className"/> rather than its index, so that adding a class leaves the others as they were.</summary>
    public SeededRandom(ulong seed, string className, long node)
    {
        var key = 0xcbf29ce484222325UL;
        foreach (var letter in Encoding.UTF8.GetBytes(className))
            key = (key ^ letter) * 0x100000001b3UL;
        _state = Mix(Mix(seed ^ key) + (ulong)node);
    }

    /// <summary>Uniform in [0, bound).</summary>
    public long Below(long bound)
    {
        // Multiply-shift: the bias is below bound / 2^64.
        _state += 0x9e3779b97f4a7c15UL;
        return (long)Math.BigMul(Mix(_state), (ulong)bound, out _);
    }

    /// <summary>The finaliser of SplitMix64: a good hash of a word.</summary>
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
        return z ^ (z >> 31);
    }
}
