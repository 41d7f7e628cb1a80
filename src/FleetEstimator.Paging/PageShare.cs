namespace FleetEstimator.Paging;

/// <summary>
/// The share of a node's pages that is replayed, in (0, 1]. A node of which a random share of pages is replayed behaves as the whole one if everything that is
/// measured in pages is scaled by that share, and what it comes to is scaled back (Waldspurger et al., Efficient MRC Construction with SHARDS, FAST 2015).
/// </summary>
public readonly record struct PageShare
{
    /// <summary>All pages.</summary>
    public static readonly PageShare Whole = new(1);

    /// <summary>That share.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not above 0 and up to 1.</exception>
    public PageShare(double value)
    {
        if (value is not (> 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(value), value, "A share is above 0 and up to 1.");
        Value = value;
    }

    /// <summary>The share.</summary>
    public double Value { get; }

    /// <summary>Whether it is all pages.</summary>
    public bool IsWhole => Value == 1;

    /// <summary>The part of an amount of the whole node that falls to the share, rounded.</summary>
    public long PartOf(long whole) => IsWhole ? whole : (long)Math.Round(whole * Value);

    /// <summary>The amount of the whole node, where <paramref name="part"/> is that of the share; rounded.</summary>
    public long WholeOf(long part) => IsWhole ? part : (long)Math.Round(part / Value);
}
