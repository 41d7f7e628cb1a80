using System.Text.Json.Serialization;

namespace FleetEstimator.Traces;

/// <summary>
/// What a trace shows beyond its counts. Numbers of pages are of pages recorded: with a sampling fraction f below 1 a node has about 1/f times as many.
/// Shares, and how often pages are accessed, need no scaling.
/// </summary>
public sealed record TraceDetails
{
    /// <summary>Bytes in a page.</summary>
    [JsonPropertyName("page_bytes")]
    public required int PageBytes { get; init; }

    /// <summary>Share of the node's pages that were recorded, in (0, 1].</summary>
    [JsonPropertyName("sampling_fraction")]
    public required double SamplingFraction { get; init; }

    /// <summary>What the trace knows: <c>content-known</c>, <c>mapping-only</c>, <c>access-only</c> or <c>counter-only</c>.</summary>
    [JsonPropertyName("capability")]
    public required string Capability { get; init; }

    /// <summary>Memory limit of the replay in pages, beside what the trace itself limits; 0 = none.</summary>
    [JsonPropertyName("limit_pages")]
    public required long LimitPages { get; init; }

    /// <summary>Most pages resident at one time that lasts.</summary>
    [JsonPropertyName("resident_peak_pages")]
    public required long ResidentPeakPages { get; init; }

    /// <summary>Pages resident on average over time; of a snapshot, those in it.</summary>
    [JsonPropertyName("resident_mean_pages")]
    public required long ResidentMeanPages { get; init; }

    /// <summary>Pages swapped out in the replay; a page counts each time.</summary>
    [JsonPropertyName("swapped_out_pages")]
    public required long SwappedOutPages { get; init; }

    /// <summary>Pages swapped in in the replay; a page counts each time.</summary>
    [JsonPropertyName("swapped_in_pages")]
    public required long SwappedInPages { get; init; }

    /// <summary>Distinct pages, by process and number, that were accessed at all.</summary>
    [JsonPropertyName("accessed_pages")]
    public required long AccessedPages { get; init; }

    /// <summary>Resident and accessed pages over time; one moment for a snapshot, none without rows.</summary>
    [JsonPropertyName("timeline")]
    public required IReadOnlyList<TimelinePoint> Timeline { get; init; }

    /// <summary>Distinct pages accessed within a window, by length of the window, ascending; empty without duration.</summary>
    [JsonPropertyName("working_set")]
    public required IReadOnlyList<WorkingSetPoint> WorkingSet { get; init; }

    /// <summary>How pages that came back from swap were accessed first.</summary>
    [JsonPropertyName("after_swap_in")]
    public required SwapInMix AfterSwapIn { get; init; }

    /// <summary>Where and when pages were accessed.</summary>
    [JsonPropertyName("heatmap")]
    public required AccessHeatmap Heatmap { get; init; }
}

/// <summary>A moment of a recording.</summary>
/// <param name="TimeMicroseconds">When, since the start of the recording.</param>
/// <param name="Resident">Distinct pages resident then; pages that fork shares count once.</param>
/// <param name="Zero">Those filled with zeros.</param>
/// <param name="Repeated">Those of one repeated word that is not zero.</param>
/// <param name="Data">Those with other data.</param>
/// <param name="Unknown">Those whose content the trace does not know.</param>
/// <param name="Accessed">Distinct pages, by process and number, accessed since the moment before.</param>
public readonly record struct TimelinePoint(
    [property: JsonPropertyName("time_us")] ulong TimeMicroseconds,
    [property: JsonPropertyName("resident_pages")] long Resident,
    [property: JsonPropertyName("zero_pages")] long Zero,
    [property: JsonPropertyName("repeated_pages")] long Repeated,
    [property: JsonPropertyName("data_pages")] long Data,
    [property: JsonPropertyName("unknown_pages")] long Unknown,
    [property: JsonPropertyName("accessed_pages")] long Accessed);

/// <summary>Distinct pages, by process and number, accessed within a window of one length.</summary>
/// <param name="WindowMicroseconds">Mean length of the windows.</param>
/// <param name="Windows">Whole windows of about this length, one after another, at least 1.</param>
/// <param name="MeanPages">Mean over them.</param>
/// <param name="LeastPages">The fewest.</param>
/// <param name="MostPages">The most.</param>
public readonly record struct WorkingSetPoint(
    [property: JsonPropertyName("window_us")] ulong WindowMicroseconds,
    [property: JsonPropertyName("windows")] int Windows,
    [property: JsonPropertyName("mean_pages")] double MeanPages,
    [property: JsonPropertyName("least_pages")] long LeastPages,
    [property: JsonPropertyName("most_pages")] long MostPages);

/// <summary>Pages that came back from swap, by the access that brought them back. A page counts each time it comes back.</summary>
/// <param name="Loads">A load.</param>
/// <param name="Stores">A store.</param>
/// <param name="NotKnown">An access of which the trace does not know whether it was a load or a store.</param>
public readonly record struct FirstAccesses(
    [property: JsonPropertyName("loads")] long Loads,
    [property: JsonPropertyName("stores")] long Stores,
    [property: JsonPropertyName("not_known")] long NotKnown)
{
    /// <summary>All of them.</summary>
    [JsonPropertyName("pages")]
    public long Pages => Loads + Stores + NotKnown;
}

/// <summary>
/// The mix of loads and stores that decides what mapping the zero page at swap-in is worth: a zero-filled page that comes back by a load saves a frame until
/// it is stored to, which then costs one fault more; one that comes back by a store saves nothing.
/// </summary>
public sealed record SwapInMix
{
    /// <summary>Pages filled with zeros.</summary>
    [JsonPropertyName("zero_filled")]
    public required FirstAccesses ZeroFilled { get; init; }

    /// <summary>All other pages.</summary>
    [JsonPropertyName("other")]
    public required FirstAccesses Other { get; init; }

    /// <summary>
    /// Of the zero-filled pages that did not come back by a store: how many were stored to later, before they were swapped out again, unmapped or
    /// discarded, or the trace ended.
    /// </summary>
    [JsonPropertyName("zero_filled_stored_later")]
    public required long ZeroFilledStoredLater { get; init; }

    /// <summary>Every page that came back.</summary>
    [JsonIgnore]
    public long Pages => ZeroFilled.Pages + Other.Pages;
}
