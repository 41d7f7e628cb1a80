using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Synthesis;

/// <summary>
/// A workload in numbers, from which traces are generated: how much memory appears and goes in each phase, in what pieces, with what content, and how pages are
/// accessed again. Time goes in steps, as a recorder's scans do. <see cref="ModelFit"/> takes it from a trace; README.md tells what it leaves out.
/// </summary>
public sealed record WorkloadModel
{
    /// <summary>What it is a model of: a name for labels.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes in a page.</summary>
    public required int PageSize { get; init; }

    /// <summary>Length of a step in microseconds, at least 1: the interval between scans of the generated trace.</summary>
    public required long StepMicroseconds { get; init; }

    /// <summary>Memory and swap of the node in bytes.</summary>
    public required (long Memory, long Swap) NodeBytes { get; init; }

    /// <summary>Pages that are there before the first step, seen but not accessed: parts of memory, in the order of processes and addresses. May be empty.</summary>
    public required IReadOnlyList<WorkloadPart> First { get; init; }

    /// <summary>Probability that an extent of those has the content of its neighbour, rather than one drawn anew.</summary>
    public required double FirstPersistence { get; init; }

    /// <summary>What happens over time.</summary>
    public required IReadOnlyList<WorkloadPhase> Phases { get; init; }

    /// <summary>Processes that are there until the end: share of new pages each gets, 1 in all; at least one.</summary>
    public required IReadOnlyList<double> LastingProcesses { get; init; }

    /// <summary>Pages of a process that exits before the end.</summary>
    public required PageSizes TransientProcesses { get; init; }

    /// <summary>Pages of a mapping.</summary>
    public required PageSizes Mappings { get; init; }

    /// <summary>Pages that appear side by side in one step.</summary>
    public required PageSizes Regions { get; init; }

    /// <summary>Pages side by side that have the same content and are accessed together all their life.</summary>
    public required PageSizes Extents { get; init; }

    /// <summary>Share of new pages that appear where pages have been discarded or unmapped, as long as there is such room.</summary>
    public required double Reuse { get; init; }

    /// <summary>Share of new pages that are seen without having been accessed.</summary>
    public required double Unaccessed { get; init; }

    /// <summary>Contents of pages that appear later.</summary>
    public required ContentShares NewContents { get; init; }

    /// <summary>Probability that an extent of those has the content of its neighbour, rather than one drawn anew.</summary>
    public required double NewPersistence { get; init; }

    /// <summary>What a store leaves, by what was there before: zero, repeated, data, not known.</summary>
    public required IReadOnlyList<ContentShares> Stored { get; init; }

    /// <summary>
    /// Share of accesses to zero-filled pages that are stores, by what the accesses before were (<see cref="PastStores"/>) and by steps since the last
    /// (<see cref="IdleSteps"/>). Long absences are those after which pages come back from swap.
    /// </summary>
    public required IReadOnlyList<IReadOnlyList<double>> ZeroStores { get; init; }

    /// <summary>The same of accesses to all other pages.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> OtherStores { get; init; }

    /// <summary>Share of accesses that are known to be loads, of those that are not stores; the others are not known to be either.</summary>
    public required double Loads { get; init; }

    /// <summary>
    /// Probability that a zero-filled page is accessed in a step, by how much it was used so far (<see cref="PastUse"/>) and by steps since its last access
    /// (<see cref="IdleSteps"/>). How often a page was used so far is all that a page's own rate leaves behind, so that hot pages stay hot and cold ones cold.
    /// </summary>
    public required IReadOnlyList<IReadOnlyList<double>> ZeroAccessed { get; init; }

    /// <summary>The same of all other pages.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> OtherAccessed { get; init; }

    /// <summary>Correlation of accesses to neighbouring extents, 0 to 1: 0 = none, 1 = always together.</summary>
    public required double Neighbours { get; init; }

    /// <summary>Share of pages that go (other than by exit) by unmap; the others are discarded.</summary>
    public required double Unmapped { get; init; }

    /// <summary>Which zero-filled pages go, other than by exit: shares by age (<see cref="Ages"/>) and by steps since the last access (<see cref="IdleSteps"/>).</summary>
    public required IReadOnlyList<IReadOnlyList<double>> ZeroGone { get; init; }

    /// <summary>The same of all other pages; 1 in all together with <see cref="ZeroGone"/>.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> OtherGone { get; init; }

    /// <summary>
    /// How many times as often pages go than others of their content, age and idle time, by what their accesses were (<see cref="PastStores"/>): work memory is
    /// stored to and goes, what was loaded from a file once is read and stays.
    /// </summary>
    public required IReadOnlyList<double> GoneRisk { get; init; }

    /// <summary>Pages that are there before the first step.</summary>
    public long FirstPages => First.Sum(part => part.Pages);

    /// <summary>Steps in all.</summary>
    public int Steps => Phases.Sum(phase => phase.Steps);

    /// <summary>Most pages at one time.</summary>
    public long PeakPages
    {
        get
        {
            var (pages, peak) = ((double)FirstPages, (double)FirstPages);
            foreach (var phase in Phases)
            {
                pages += phase.Steps * (phase.New + phase.Transient - phase.Exited - phase.Gone);
                peak = Math.Max(peak, pages);
            }

            return (long)peak;
        }
    }
}

/// <summary>
/// A part of the memory that is there before the first step. Memory differs by address, heap from large mappings, and under a limit what is first in memory is
/// what goes to swap first.
/// </summary>
/// <param name="Pages">How many pages, at least 1.</param>
/// <param name="Contents">Their contents.</param>
/// <param name="Accessed">Factor on the odds that one is accessed which was not before: 1 = as often as others of its content and idle time.</param>
/// <param name="Stores">Factor on the odds that such a first access is a store, above 0.</param>
public sealed record WorkloadPart(long Pages, ContentShares Contents, double Accessed, double Stores);

/// <summary>Some steps in which much the same happens; all numbers are pages a step.</summary>
/// <param name="Steps">How many, at least 1.</param>
/// <param name="New">New pages of lasting processes.</param>
/// <param name="Transient">New pages of processes that exit later.</param>
/// <param name="Exited">Pages that go because their process exits.</param>
/// <param name="Gone">Pages unmapped or discarded.</param>
/// <param name="Accessed">Pages accessed that were there before.</param>
public readonly record struct WorkloadPhase(int Steps, double New, double Transient, double Exited, double Gone, double Accessed);

/// <summary>Shares of contents, 1 in all.</summary>
public readonly record struct ContentShares(double Zero, double Repeated, double Data, double Unknown)
{
    /// <summary>Draws a content from a number in [0, 1).</summary>
    public PageContent Draw(double number) =>
        number < Zero ? PageContent.Zero : number < Zero + Repeated ? PageContent.Repeated : number < Zero + Repeated + Data || Unknown <= 0 ? PageContent.Data : PageContent.Unknown;

    internal static ContentShares Of(ReadOnlySpan<long> countsByContent)
    {
        var all = 0L;
        foreach (var count in countsByContent)
            all += count;
        double Share(long count) => all == 0 ? 0 : (double)count / all;
        return all == 0 ? new(0, 0, 1, 0) : new(
            Share(countsByContent[(int)PageContent.Zero]), Share(countsByContent[(int)PageContent.Repeated]), Share(countsByContent[(int)PageContent.Data]),
            Share(countsByContent[(int)PageContent.Unknown]));
    }
}

/// <summary>A distribution of sizes in pages: sizes with the share of pieces that have it, 1 in all; at least one.</summary>
public sealed record PageSizes(IReadOnlyList<(double Pages, double Share)> Sizes)
{
    /// <summary>Draws a size, at least 1, from two numbers in [0, 1).</summary>
    public long Draw(double which, double rounding)
    {
        var at = 0;
        while (at < Sizes.Count - 1 && which >= Sizes[at].Share)
            which -= Sizes[at++].Share;
        return Math.Max(1, (long)(Sizes[at].Pages + rounding));
    }
}

/// <summary>How steps since the last access, or since a page that was never accessed was first seen, are told apart.</summary>
public static class IdleSteps
{
    /// <summary>Names of the classes, in steps.</summary>
    public static IReadOnlyList<string> Names { get; } = ["1", "2", "3", "4", "5-8", "9+"];

    internal static int ClassOf(int steps) => steps switch
    {
        <= 1 => 0,
        2 => 1,
        3 => 2,
        4 => 3,
        <= 8 => 4,
        _ => 5,
    };
}

/// <summary>How pages are told apart by the share of steps, since they appeared, in which they were accessed.</summary>
public static class PastUse
{
    /// <summary>
    /// Names of the classes: seen, but never accessed; written when it appeared, and not accessed since; accessed in less than a quarter of steps, a half, three
    /// quarters, or more.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } = ["never", "new", "below-25%", "below-50%", "below-75%", "above-75%"];

    /// <summary>The class of a page that was there for so many steps and accessed in so many of them.</summary>
    internal static int ClassOf(int steps, int accessed, bool wasWrittenWhenNew) => accessed == 0
        ? wasWrittenWhenNew ? 1 : 0
        : (accessed * 4 / Math.Max(1, steps)) switch
        {
            0 => 2,
            1 => 3,
            2 => 4,
            _ => 5,
        };
}

/// <summary>
/// How pages are told apart by what their accesses were, since they appeared: some are only ever stored to, some only loaded, and what a page's first access
/// will be is told by neither.
/// </summary>
public static class PastStores
{
    /// <summary>
    /// Names of the classes: seen, but never accessed; written when it appeared, and not accessed since; accessed, but never by a store; by nothing but stores; by
    /// both, the last a store; by both, the last none.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } = ["never", "new", "no-store", "stores-only", "store-last", "store-before"];

    /// <summary>The class of a page that was accessed in so many steps, in so many of them by a store.</summary>
    internal static int ClassOf(int accessed, int stored, bool wasStoredLast, bool wasWrittenWhenNew) => accessed == 0
        ? wasWrittenWhenNew ? 1 : 0
        : stored == 0 ? 2 : stored == accessed ? 3 : wasStoredLast ? 4 : 5;
}

/// <summary>How ages of pages are told apart.</summary>
public static class Ages
{
    /// <summary>Names of the classes, in steps.</summary>
    public static IReadOnlyList<string> Names { get; } = ["1", "2", "3-4", "5-8", "9+"];

    internal static int ClassOf(int steps) => steps switch
    {
        <= 1 => 0,
        2 => 1,
        <= 4 => 2,
        <= 8 => 3,
        _ => 4,
    };
}
