using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>
/// What a trace says about itself: the schema metadata of the Arrow file. Texts are never empty, sizes never negative; reader and writer check that.
/// </summary>
public sealed record TraceHeader
{
    /// <summary>Bytes in a page, a power of two from <see cref="TraceFormat.PageSizeMin"/> to <see cref="TraceFormat.PageSizeMax"/>.</summary>
    public int PageSize { get; init; } = 4096;

    /// <summary>When the recording began; the offset from UTC is kept.</summary>
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>Name and version of the program that recorded.</summary>
    public required string Recorder { get; init; }

    /// <summary>uname -r of the recorded node.</summary>
    public required string KernelRelease { get; init; }

    /// <summary>Opaque label of the recorded node, the sampling unit of every estimate; never a host name by default.</summary>
    public required string Node { get; init; }

    /// <summary>Memory of the recorded node in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Swap of the recorded node in bytes.</summary>
    public required long SwapBytes { get; init; }

    /// <summary>Where accesses come from: exact, idle-page, soft-dirty, damon, content-diff, page-out, …</summary>
    public required string AccessSource { get; init; }

    /// <summary>Microseconds between scans; 0 = exact.</summary>
    public long IntervalMicroseconds { get; init; }

    /// <summary>Share of pages recorded, in (0, 1]; 1 = every page.</summary>
    public double SamplingFraction { get; init; } = 1;

    /// <summary>Keyed hash behind column <c>fill</c> for content 3, or <c>none</c>.</summary>
    public string Fingerprint { get; init; } = "none";

    /// <summary>Codec behind column <c>compressed_bytes</c>, or <c>none</c>.</summary>
    public string Codec { get; init; } = "none";

    /// <summary>What the source could see, written as <c>label.capability</c>.</summary>
    public Capability Capability { get; init; } = Capability.ContentKnown;

    /// <summary>Free labels, written as <c>label.NAME</c>; none is called <see cref="Capabilities.Label"/>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>One row of a trace.</summary>
/// <param name="TimeMicroseconds">Microseconds since the start of the recording; never decreases from row to row.</param>
/// <param name="Operation">What happened, with the content of the run after it.</param>
/// <param name="Fill">Content repeated: the word. Content data: a keyed fingerprint, 0 if not recorded.</param>
public readonly record struct TraceRow(ulong TimeMicroseconds, Operation Operation, ulong Fill = 0);
