using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>The names and numbers of the page-content trace, version 1, that reader and writer share.</summary>
public static class TraceFormat
{
    /// <summary>Value of the metadata key <c>fleet-estimator.format</c>.</summary>
    public const string Name = "page-content-trace";

    /// <summary>Value of the metadata key <c>fleet-estimator.version</c>.</summary>
    public const string Version = "1";

    /// <summary>Page sizes a trace can have, in bytes: the powers of two from here …</summary>
    public const int PageSizeMin = 4096;

    /// <summary>… to here.</summary>
    public const int PageSizeMax = 1 << 20;

    private static readonly string?[] OperationNames =
    [
        null, "map", "unmap", "read", "write", "observe", "discard", "lazy_free", "cold", "pageout", "reclaim", "fork", "exit", "lock", "unlock",
        "huge", "nohuge", "pin", "unpin", "limit", "access", "observed_swapout", "settle",
    ];

    /// <summary>The name of an operation in the format's table of codes, such as <c>lazy_free</c>.</summary>
    public static string NameOf(OperationKind kind) =>
        IsKnown(kind) ? OperationNames[(int)kind]! : throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not an operation code of version 1.");

    /// <summary>Whether <paramref name="kind"/> is an operation code of version 1.</summary>
    public static bool IsKnown(OperationKind kind) => kind is >= OperationKind.Map and <= OperationKind.Settle;

    /// <summary>Virtual pages a 64-bit address space has: 2^52 at 4 KiB. No run ends beyond it.</summary>
    public static ulong AddressSpacePages(int pageSize) => (ulong.MaxValue / (ulong)pageSize) + 1;
}
