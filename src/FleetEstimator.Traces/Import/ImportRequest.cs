namespace FleetEstimator.Traces.Import;

/// <summary>What to import, and what the user knows that the files do not say.</summary>
public sealed record ImportRequest
{
    /// <summary>The format.</summary>
    public required Importer Importer { get; init; }

    /// <summary>Values of the format's own options.</summary>
    public ImportOptions Options { get; init; } = new();

    /// <summary>Opaque label of the node; null: derived from the files, the same for the same files.</summary>
    public string? Node { get; init; }

    /// <summary>When the recording began; null: as the file says, or when it was last written.</summary>
    public DateTimeOffset? RecordedAt { get; init; }

    /// <summary>uname -r of the node; null: as the file says, or <c>unknown</c>.</summary>
    public string? KernelRelease { get; init; }

    /// <summary>Memory of the node in bytes; null: as the file says, or 0 for not known.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Swap of the node in bytes; null: as the file says, or 0.</summary>
    public long? SwapBytes { get; init; }

    /// <summary>Bytes in a page; null: as the file says, or 4096.</summary>
    public int? PageSize { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}
