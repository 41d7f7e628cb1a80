using FleetEstimator.Paging;

namespace FleetEstimator.Recorder;

/// <summary>Pages seen by one scan, or summed over several. A page that several processes share by fork counts once for each.</summary>
public record struct PageTally
{
    /// <summary>Private anonymous pages that were mapped; the shared zero page is not among them.</summary>
    public long ResidentPages { get; set; }

    /// <summary>Of these, filled with zeros.</summary>
    public long ZeroPages { get; set; }

    /// <summary>Of these, one 64-bit word repeated, not zero.</summary>
    public long RepeatedPages { get; set; }

    /// <summary>Of these, anything else.</summary>
    public long DataPages { get; set; }

    /// <summary>Of these, in huge pages mapped as a whole.</summary>
    public long HugePages { get; set; }

    /// <summary>Pages in swap.</summary>
    public long SwappedOutPages { get; set; }

    /// <summary>Pages in swap whose content an earlier scan saw to be zeros.</summary>
    public long SwappedOutZeroPages { get; set; }

    /// <summary>Page table entries that map the shared zero page.</summary>
    public long ZeroPageMappings { get; set; }

    /// <summary>Pages that the probe paged out: whether they are accessed next is known.</summary>
    public long ProbedPages { get; set; }

    /// <summary>Pages that the kernel did not page out for the probe (shared by fork, locked, pinned, in use): whether they are accessed next is not known.</summary>
    public long UnprobedPages { get; set; }

    /// <summary>Pages whose look was discarded because the page table changed during it.</summary>
    public long UnsettledPages { get; set; }

    /// <summary>Adds what <paramref name="other"/> counted.</summary>
    public void Add(in PageTally other)
    {
        ResidentPages += other.ResidentPages;
        ZeroPages += other.ZeroPages;
        RepeatedPages += other.RepeatedPages;
        DataPages += other.DataPages;
        HugePages += other.HugePages;
        SwappedOutPages += other.SwappedOutPages;
        SwappedOutZeroPages += other.SwappedOutZeroPages;
        ZeroPageMappings += other.ZeroPageMappings;
        ProbedPages += other.ProbedPages;
        UnprobedPages += other.UnprobedPages;
        UnsettledPages += other.UnsettledPages;
    }

    internal void Count(in PageSighting seen, in PageState after)
    {
        switch (seen.Presence)
        {
            case Presence.ZeroPage:
                ZeroPageMappings++;
                break;
            case Presence.SwappedOut:
                SwappedOutPages++;
                SwappedOutZeroPages += after.Holding == Holding.Zeros ? 1 : 0;
                break;
            case Presence.Mapped:
                ResidentPages++;
                HugePages += seen.IsHuge ? 1 : 0;
                ZeroPages += seen.Content == PageContent.Zero ? 1 : 0;
                RepeatedPages += seen.Content == PageContent.Repeated ? 1 : 0;
                DataPages += seen.Content == PageContent.Data ? 1 : 0;
                break;
        }
    }
}
