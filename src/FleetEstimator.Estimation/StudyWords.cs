using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>The words a study uses for choices, both ways: for reading it and for its canonical form.</summary>
internal static class StudyWords
{
    public static readonly IReadOnlyList<(string Word, SwapDevice Value)> Devices =
        [("zram", SwapDevice.Zram), ("ssd", SwapDevice.Ssd), ("disk", SwapDevice.Disk), ("none", SwapDevice.None)];

    public static readonly IReadOnlyList<(string Word, LruKind Value)> Lrus = [("multi-generational", LruKind.MultiGenerational), ("classic", LruKind.Classic)];

    public static readonly IReadOnlyList<(string Word, HugePages Value)> HugePages =
        [("never", Paging.HugePages.Never), ("madvise", Paging.HugePages.Madvise), ("always", Paging.HugePages.Always)];

    public static readonly IReadOnlyList<(string Word, StartOffset Value)> Starts = [("random", StartOffset.Random), ("beginning", StartOffset.Beginning)];

    public static readonly IReadOnlyList<(string Word, bool Value)> Switch = [("on", true), ("off", false)];

    public static string Of<T>(IReadOnlyList<(string Word, T Value)> choices, T value)
        where T : notnull => choices.First(choice => choice.Value.Equals(value)).Word;
}
