using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Tests.Traces;

/// <summary>Headers and rows that tests of traces share.</summary>
internal static class TraceExamples
{
    public static TraceHeader Header { get; } = new()
    {
        RecordedAt = new DateTimeOffset(2025, 3, 4, 5, 6, 7, TimeSpan.Zero),
        Recorder = "tests 1.0",
        KernelRelease = "6.12.9",
        Node = "node-1",
        MemoryBytes = 64L << 30,
        SwapBytes = 8L << 30,
        AccessSource = "exact",
        Labels = new Dictionary<string, string> { ["class"] = "web", ["zone"] = "ä" },
    };

    public static TraceRow Row(
        ulong time, OperationKind kind, uint process, ulong page, uint pages, PageContent content = PageContent.Unknown, ulong fill = 0) =>
        new(time, new Operation(kind, process, page, pages, content), fill);
}
